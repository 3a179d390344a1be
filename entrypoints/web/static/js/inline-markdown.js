// The Markdown within a line, as nodes: emphasis, code and links, and text as text. What is still open where the text so
// far ends is taken as if it were closed there.

import { element } from './dom.js';

const DEEPEST = 8;
const LONGEST_OPEN = 200;
const SPECIAL = /\\[!-/:-@[-`{-~]|`+|\*{3}|\*\*|__|~~|[*_]|!?\[| {2,}\n|\\\n|\n/;
const LINK = /!?\[((?:\\.|[^[\]\\])*)\]\(\s*<?([^()\s<>]*)>?(?:\s+["'(][^"')]*["')])?\s*\)/y;
const OPEN_LINK = /!?\[((?:\\.|[^[\]\\])*)\]\([^()]*$/y;
const TAGS = { '***': ['em', 'strong'], '**': ['strong'], __: ['strong'], '~~': ['s'], '*': ['em'], _: ['em'] };
const SCHEMES = new Set(['http:', 'https:', 'mailto:']);

/** The nodes of a text; `isOpen` says that more of it may follow. */
export function inlineNodes(text, isOpen, depth = 0) {
  const nodes = [];
  let at = 0;
  const put = (end, node, next) => {
    if (end > at) nodes.push(text.slice(at, end));
    if (node !== null) nodes.push(node);
    at = next;
  };
  const special = new RegExp(SPECIAL, 'g');
  for (let found = special.exec(text); found && depth <= DEEPEST; found = special.exec(text)) {
    const made = taken(text, found[0], found.index, isOpen, depth);
    if (!made) continue;
    put(found.index, made.node, made.next);
    special.lastIndex = made.next;
  }
  put(text.length, null, text.length);
  return nodes;
}

/** What begins here: `{node, next}`, null for plain text. */
function taken(text, mark, start, isOpen, depth) {
  const after = start + mark.length;
  if (mark.endsWith('\n')) return { node: mark === '\n' ? ' ' : element('br'), next: after };
  if (mark.startsWith('\\')) return { node: mark[1], next: after };
  if (mark.startsWith('`')) return code(text, mark, after, isOpen);
  if (mark.endsWith('[')) return link(text, start, isOpen, depth);
  return emphasis(text, mark, start, isOpen, depth);
}

function code(text, mark, after, isOpen) {
  let end = text.indexOf(mark, after);
  while (end >= 0 && (text[end + mark.length] === '`' || text[end - 1] === '`')) end = text.indexOf(mark, end + mark.length + 1);
  if (end < 0 && !isOpen) return null;
  const inner = (end < 0 ? text.slice(after) : text.slice(after, end)).replaceAll('\n', ' ');
  const isPadded = inner.startsWith(' ') && inner.endsWith(' ') && inner.trim();
  const node = inner ? element('code', {}, isPadded ? inner.slice(1, -1) : inner) : null;
  return { node, next: end < 0 ? text.length : end + mark.length };
}

function link(text, start, isOpen, depth) {
  LINK.lastIndex = OPEN_LINK.lastIndex = start;
  const whole = LINK.exec(text);
  const found = whole ?? (isOpen ? OPEN_LINK.exec(text) : null);
  if (!found) return null;
  const isImage = found[0].startsWith('!');
  const label = element('span', {}, ...(isImage ? [found[1]] : inlineNodes(found[1], false, depth + 1)));
  const href = whole && !isImage ? safe(found[2]) : null;
  const node = href ? element('a', { href, rel: 'noopener noreferrer nofollow' }, ...label.childNodes) : label;
  return { node, next: start + found[0].length };
}

function safe(address) {
  try {
    return SCHEMES.has(new URL(address).protocol) ? address : null;
  } catch {
    return null;
  }
}

function emphasis(text, mark, start, isOpen, depth) {
  const after = start + mark.length;
  if (after === text.length) return isOpen && !/\S/.test(text[start - 1] ?? ' ') ? { node: null, next: after } : null;
  if (/\s/.test(text[after]) || (mark[0] === '_' && /\w/.test(text[start - 1] ?? ''))) return null;
  const end = closing(text, mark, after);
  const isStillOpen = end < 0 && isOpen && (mark.length > 1 || text.length - after <= LONGEST_OPEN);
  if (end < 0 && !isStillOpen) return null;
  // Half of the closing mark may have arrived.
  const inner = end < 0 ? text.slice(after).replace(/(?<=\S)[*_~]$/, '') : text.slice(after, end);
  const [node] = TAGS[mark].reduceRight((nodes, tag) => [element(tag, {}, ...nodes)], inlineNodes(inner, end < 0, depth + 1));
  return { node, next: end < 0 ? text.length : end + mark.length };
}

/** Where the mark closes: right behind a letter, and not as part of a longer mark. */
function closing(text, mark, from) {
  for (let end = text.indexOf(mark, from + 1); end >= 0; end = text.indexOf(mark, end + 1)) {
    const next = text[end + mark.length] ?? '';
    const isLonger = mark.length === 1 && (next === mark || text[end - 1] === mark);
    if (/\S/.test(text[end - 1]) && text[end - 1] !== '\\' && !isLonger && !(mark[0] === '_' && /\w/.test(next))) return end;
  }
  return -1;
}
