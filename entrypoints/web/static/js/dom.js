// Building elements. Text goes in as text: nothing here parses HTML.

const SVG = 'http://www.w3.org/2000/svg';
const ICONS = new URL('../icons/icons.svg', import.meta.url);

/** An element with attributes (`null` and `false` are left out), listeners (`onclick`) and children (nodes or text). */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) made.setAttribute(name, value === true ? '' : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** One of the drawings in icons.svg; decoration, so it has no name of its own. */
export function icon(name) {
  const drawing = document.createElementNS(SVG, 'svg');
  drawing.setAttribute('class', 'icon');
  drawing.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS(SVG, 'use');
  use.setAttribute('href', `${ICONS}#${name}`);
  drawing.append(use);
  return drawing;
}

/** A button with an icon and a visible or hidden label. */
export function button(name, label, onclick, { quiet = true, labelled = false } = {}) {
  const text = element('span', { class: labelled ? null : 'visually-hidden' }, label);
  const classes = quiet ? 'button button--quiet' : 'button';
  return element('button', { type: 'button', class: classes, title: labelled ? null : label, onclick }, icon(name), text);
}

/** Snippets mark words with U+E000 and U+E001: the same text with these words in `mark` elements. */
export function highlighted(snippet) {
  const nodes = snippet.split('\ue000').flatMap((part, index) => {
    if (index === 0) return [part];
    const [marked, ...rest] = part.split('\ue001');
    return [element('mark', {}, marked), rest.join('')];
  });
  const fragment = document.createDocumentFragment();
  fragment.append(...nodes);
  return fragment;
}

/** The JSON in one of the page's data blocks. */
export function pageData(id) {
  return JSON.parse(document.getElementById(id).textContent);
}

/** Tell users of screen readers what changed; `assertive` only for what they must know at once. */
export function announce(text) {
  const region = document.getElementById('announcer');
  if (region) region.textContent = text;
}

/** Show a short message at the edge of the page for a few seconds. */
export function toast(text) {
  const shelf = document.getElementById('toasts');
  const note = element('p', { class: 'toast' }, text);
  shelf.append(note);
  setTimeout(() => note.remove(), 6_000);
}
