// An answer's Markdown while it is still being written. Elements are built one by one and text goes in as text: nothing
// here parses HTML. What the server renders once the answer has ended takes the place of this.

import { inlineNodes } from './inline-markdown.js';
import { element } from './dom.js';

const DEEPEST = 6;
const FENCE = /^ {0,3}(`{3,}|~{3,})([^`]*)$/;
const HEADING = /^ {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$/;
const RULE = /^ {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^( {0,3}(?:[-*+]|(\d{1,9})[.)]))(?:( {1,4})(.*))?$/;
const DELIMITERS = /^ {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/;
// The beginning of something of which only the marker has arrived.
const LOOSE_END = /(?:^|\n)[ \t]*(?:#{1,6}|[-*+_]{1,3}|\d{1,9}[.)]|>[> ]*|`{1,3}|~{1,3}|\|)[ \t]*$/;

/** Shows a growing text in `root`; blocks that are as they were keep their elements. */
export class GrowingMarkdown {
  constructor(root) {
    this.root = root;
    this.forget();
  }

  /** Somebody else has put something into the root. */
  forget() {
    this.shown = null;
  }

  show(text) {
    if (!this.shown) this.root.replaceChildren();
    const blocks = blocksOf(text.replace(LOOSE_END, '').split('\n'));
    // What is half open at the end of the text is closed elsewhere: the last block is drawn anew when it is not the last.
    const keys = blocks.map(({ lines }, index) => `${index === blocks.length - 1}\n${lines.join('\n')}`);
    const known = this.shown ?? [];
    const changed = keys.findIndex((key, index) => key !== known[index]);
    const kept = changed < 0 ? keys.length : changed;
    while (this.root.childNodes.length > kept) this.root.lastChild.remove();
    this.root.append(...blocks.slice(kept).map((block, index) => drawn(block, kept + index === blocks.length - 1, 0)));
    this.shown = keys;
  }
}

/** The blocks of some lines: `{kind, lines}`. */
function blocksOf(lines) {
  const blocks = [];
  for (let at = 0; at < lines.length;) {
    const kind = kindOf(lines, at);
    const end = kind === 'blank' ? at + 1 : ENDS[kind](lines, at);
    if (kind !== 'blank') blocks.push({ kind, lines: lines.slice(at, end) });
    at = end;
  }
  return blocks;
}

function kindOf(lines, at) {
  const line = lines[at];
  if (!line.trim()) return 'blank';
  if (FENCE.test(line)) return 'fence';
  if (HEADING.test(line)) return 'heading';
  if (RULE.test(line)) return 'rule';
  if (QUOTE.test(line)) return 'quote';
  if (ITEM.test(line)) return 'list';
  if (line.includes('|') && DELIMITERS.test(lines[at + 1] ?? '')) return 'table';
  return 'paragraph';
}

/** The first line from `at` on for which `isOver` holds. */
function until(lines, at, isOver) {
  let end = at;
  while (end < lines.length && !isOver(lines[end], end)) end += 1;
  return end;
}

const isParagraph = (lines, at) => kindOf(lines, at) === 'paragraph';

const ENDS = {
  fence: (lines, at) => {
    const [, mark] = FENCE.exec(lines[at]);
    const isClosing = (line) => line.trim().length >= mark.length && !line.trim().replaceAll(mark[0], '');
    return Math.min(until(lines, at + 1, isClosing) + 1, lines.length);
  },
  heading: (_lines, at) => at + 1,
  rule: (_lines, at) => at + 1,
  quote: (lines, at) => until(lines, at + 1, (line, index) => !QUOTE.test(line) && !isParagraph(lines, index)),
  list: (lines, at) => until(lines, at + 1, (line, index) => {
    const isNested = /^ {2,}\S/.test(line);
    if (isNested || (ITEM.test(line) && !RULE.test(line))) return !isNested && markOf(line) !== markOf(lines[at]);
    if (line.trim()) return !isParagraph(lines, index) || !lines[index - 1].trim();
    const next = lines.slice(index).find((each) => each.trim());
    return next === undefined || !(/^ {2,}\S/.test(next) || ITEM.test(next));
  }),
  table: (lines, at) => until(lines, at + 2, (line) => !line.includes('|')),
  paragraph: (lines, at) => until(lines, at + 1, (_line, index) => !isParagraph(lines, index) && !isNumbered(lines[index])),
};

/** A list that does not begin at 1 cannot interrupt a paragraph: "in\n2024. That year". */
function isNumbered(line) {
  const number = ITEM.exec(line)?.[2];
  return number !== undefined && number !== '1';
}

/** Another mark begins another list. */
function markOf(line) {
  return ITEM.exec(line)?.[1].at(-1);
}

function drawn({ kind, lines }, isLast, depth) {
  return DRAWN[depth < DEEPEST ? kind : 'paragraph'](lines, isLast, depth);
}

function children(lines, isLast, depth) {
  const blocks = blocksOf(lines);
  return blocks.map((block, index) => drawn(block, isLast && index === blocks.length - 1, depth + 1));
}

const DRAWN = {
  fence: ([first, ...rest]) => {
    const [, mark] = FENCE.exec(first);
    const isClosed = rest.length && rest.at(-1).trim().startsWith(mark) && !rest.at(-1).trim().replaceAll(mark[0], '');
    return element('pre', {}, element('code', {}, (isClosed ? rest.slice(0, -1) : rest).join('\n')));
  },
  heading: ([line], isLast) => {
    const [, marks, text = ''] = HEADING.exec(line);
    return element(`h${marks.length}`, {}, ...inlineNodes(text, isLast));
  },
  rule: () => element('hr'),
  quote: (lines, isLast, depth) => {
    const inner = lines.map((line) => line.replace(QUOTE, ''));
    return element('blockquote', {}, ...children(inner, isLast, depth));
  },
  list: (lines, isLast, depth) => {
    const items = itemsOf(lines.slice(0, lines.findLastIndex((line) => line.trim()) + 1));
    const isTight = !items.some((item) => item.lines.includes(''));
    const [, , number] = ITEM.exec(lines[0]);
    const start = number && number !== '1' ? String(Number(number)) : null;
    const inner = items.map((item, index) => children(item.lines, isLast && index === items.length - 1, depth));
    return element(number === undefined ? 'ul' : 'ol', { start }, ...inner.map((nodes) => listItem(nodes, isTight)));
  },
  table: ([head, , ...rows], isLast) => element(
    'table',
    {},
    element('thead', {}, tableRow('th', head, false)),
    element('tbody', {}, ...rows.map((row, index) => tableRow('td', row, isLast && index === rows.length - 1))),
  ),
  paragraph: (lines, isLast) => element('p', {}, ...inlineNodes(lines.join('\n').trim(), isLast)),
};

function itemsOf(lines) {
  const items = [];
  for (const line of lines) {
    const found = ITEM.exec(line);
    const isNested = items.length > 0 && line.search(/\S|$/) >= items.at(-1).width;
    if (found && !isNested) items.push({ width: found[1].length + (found[3]?.length ?? 1), lines: found[4] ? [found[4]] : [] });
    else items.at(-1).lines.push(line.replace(new RegExp(`^ {0,${items.at(-1).width}}`), ''));
  }
  return items;
}

/** The items of a list without empty lines hold their text without paragraphs. */
function listItem(nodes, isTight) {
  return element('li', {}, ...nodes.flatMap((node) => (isTight && node.tagName === 'P' ? [...node.childNodes] : [node])));
}

function tableRow(tag, line, isLast) {
  const cells = line.trim().replace(/^\||\|$/g, '').split(/(?<!\\)\|/);
  const drawnCells = cells.map((cell, index) => element(tag, {}, ...inlineNodes(cell.trim(), isLast && index === cells.length - 1)));
  return element('tr', {}, ...drawnCells);
}
