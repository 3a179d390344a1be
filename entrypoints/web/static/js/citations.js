// Citations: `[1]` in an answer and the list of sources below it, both leading to the passage in its guide.

import { element } from './dom.js';

/** Where a citation opens. */
export function passageUrl(citation) {
  return `/guides/${encodeURIComponent(citation.guide_id)}#l${citation.line}`;
}

/** Turn the marks `[n]` of an answer into links; code stays as it is. */
export function linkCitations(root, message) {
  const cited = new Map(message.citations.map((citation) => [citation.number, citation]));
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) {
    if (!walker.currentNode.parentElement?.closest('a, code, pre')) texts.push(walker.currentNode);
  }
  for (const text of texts) {
    const parts = text.data.split(/\[(\d{1,3})\]/);
    if (parts.length === 1) continue;
    text.replaceWith(...parts.map((part, index) => (index % 2 ? mark(cited.get(Number(part)), part, message) : part)));
  }
}

/** The sources of an answer. Each shows its quote while it is hovered or focused, until Escape. */
export function sourceList(message) {
  const items = message.citations.map((citation) => {
    const id = quoteId(message, citation.number);
    const where = citation.heading || 'Beginning';
    return element(
      'li',
      { class: 'source' },
      element(
        'a',
        { class: 'source__link', href: passageUrl(citation), 'aria-describedby': id },
        element('span', { class: 'source__number' }, String(citation.number)),
        element(
          'span',
          { class: 'source__text' },
          element('span', { class: 'source__title' }, citation.guide_title),
          element('span', { class: 'source__heading' }, where),
        ),
      ),
      element('blockquote', { class: 'source__quote', id, role: 'tooltip' }, citation.quote),
    );
  });
  return element(
    'section',
    { class: 'sources', 'aria-label': 'Sources', onkeydown: dismiss, onpointerover: restore, onfocusin: restore },
    element('ol', { class: 'sources__list' }, ...items),
  );
}

function mark(citation, number, message) {
  if (!citation) return `[${number}]`;
  return element(
    'a',
    {
      class: 'cite',
      href: passageUrl(citation),
      title: `${citation.guide_title}: ${citation.quote}`,
      'aria-label': `Source ${number}: ${citation.guide_title}, ${citation.heading || 'beginning'}`,
      'aria-describedby': quoteId(message, citation.number),
    },
    number,
  );
}

function quoteId(message, number) {
  return `quote-${message.id}-${number}`;
}

function dismiss(event) {
  if (event.key === 'Escape') event.currentTarget.dataset.dismissed = 'true';
}

function restore(event) {
  delete event.currentTarget.dataset.dismissed;
}
