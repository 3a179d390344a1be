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

/** The first line, cut at a word to at most `count` code points; "…" stands for what was cut off. */
export function titleFrom(text, count) {
  const line = text.trim().split('\n', 1)[0].trim();
  if (codePointLength(line) <= count) return line;
  const room = takeCodePoints(line, count - 1);
  // A space right after what fits means that its last word is whole. A word longer than the room is cut.
  const isWhole = /^\s/.test(line.slice(room.length));
  return `${(isWhole ? room : room.replace(/\s+\S*$/, '')).trimEnd()}…`;
}

function isPairAt(text, index) {
  const first = text.charCodeAt(index);
  const second = text.charCodeAt(index + 1);
  return first >= 0xd800 && first <= 0xdbff && second >= 0xdc00 && second <= 0xdfff;
}
