// Text measured in code points. Positions on the wire count code points; JavaScript strings count UTF-16 units.

/** How many code points a string has. */
export function codePointLength(text) {
  let length = 0;
  for (let index = 0; index < text.length; index += 1) {
    if (isPairAt(text, index)) index += 1;
    length += 1;
  }
  return length;
}

/** The string without its first `count` code points. */
export function dropCodePoints(text, count) {
  let index = 0;
  for (let dropped = 0; dropped < count && index < text.length; dropped += 1) {
    index += isPairAt(text, index) ? 2 : 1;
  }
  return text.slice(index);
}

/** The first `count` code points; a pair is never cut in half. */
export function takeCodePoints(text, count) {
  return text.slice(0, text.length - dropCodePoints(text, count).length);
}

function isPairAt(text, index) {
  const first = text.charCodeAt(index);
  const second = text.charCodeAt(index + 1);
  return first >= 0xd800 && first <= 0xdbff && second >= 0xdc00 && second <= 0xdfff;
}
