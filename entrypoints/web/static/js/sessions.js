// The list of one's conversations, and the search in them.

import { call } from './api.js';
import { announce, element, highlighted } from './dom.js';

const PAUSE = 250;
const AGE = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto', style: 'narrow' });
const UNITS = [['minute', 60], ['hour', 3_600], ['day', 86_400], ['week', 604_800], ['month', 2_629_800], ['year', 31_557_600]];

export class SessionList {
  /** `root` holds the search form and the list; `page` is `{sessions, next_cursor}` as the server read it. */
  constructor(root, { page, currentId }) {
    this.list = root.querySelector('[data-sessions]');
    this.more = root.querySelector('[data-sessions-more]');
    this.found = root.querySelector('[data-found]');
    this.input = root.querySelector('[data-search]');
    this.currentId = currentId;
    this.known = new Map();
    this.take(page);
    this.more.addEventListener('click', () => this.loadMore());
    this.input.form.addEventListener('submit', (event) => event.preventDefault());
    this.input.addEventListener('input', () => this.searchSoon());
    this.input.addEventListener('keydown', (event) => event.key === 'Escape' && this.clearSearch());
  }

  /** A `session_updated` event. */
  changed({ change, session }) {
    const known = this.known.get(session.id);
    if (known && known.version > session.version) return;
    if (change === 'deleted') this.known.delete(session.id);
    else this.known.set(session.id, session);
    this.draw();
  }

  /** Read the first page again, after a time in which changes may have been missed. */
  async reload() {
    const page = await call('GET', '/chat/sessions?page_size=50');
    this.known.clear();
    this.take(page);
  }

  async loadMore() {
    this.more.disabled = true;
    try {
      const page = await call('GET', `/chat/sessions?page_size=50&cursor=${encodeURIComponent(this.cursor)}`);
      this.take(page);
      announce(`${page.sessions.length} more conversations.`);
    } catch (problem) {
      announce(problem.message);
    } finally {
      this.more.disabled = false;
    }
  }

  take(page) {
    for (const session of page.sessions) this.known.set(session.id, session);
    this.cursor = page.next_cursor;
    this.more.hidden = !this.cursor;
    this.draw();
  }

  draw() {
    const sorted = [...this.known.values()].sort((a, b) => (a.created_at < b.created_at ? 1 : -1));
    this.list.replaceChildren(...sorted.map((session) => this.row(session)));
    if (!sorted.length) this.list.append(element('li', { class: 'empty' }, 'No conversations yet.'));
  }

  row(session) {
    const current = session.id === this.currentId ? 'page' : null;
    return element(
      'li',
      {},
      element(
        'a',
        { class: 'session', href: `/chat/${session.id}`, 'aria-current': current },
        element('span', { class: 'session__title' }, session.title),
        element('time', { class: 'session__age', datetime: session.created_at }, age(session.created_at)),
      ),
    );
  }

  searchSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.search(), PAUSE);
  }

  clearSearch() {
    this.input.value = '';
    this.search();
  }

  async search() {
    const words = this.input.value.trim();
    this.aborting?.abort();
    this.showFound(Boolean(words));
    if (!words) return;
    this.aborting = new AbortController();
    try {
      const answer = await call('GET', `/chat/search?q=${encodeURIComponent(words)}`, undefined, { signal: this.aborting.signal });
      this.drawFound(answer.items);
    } catch (problem) {
      if (problem.name !== 'AbortError') this.found.replaceChildren(element('li', { class: 'empty' }, problem.message));
    }
  }

  showFound(isSearching) {
    this.found.hidden = !isSearching;
    this.list.hidden = isSearching;
    this.more.classList.toggle('is-covered', isSearching);
  }

  drawFound(hits) {
    const rows = hits.map(({ message, session_title: title, snippet }) =>
      element(
        'li',
        {},
        element(
          'a',
          { class: 'session', href: `/chat/${message.session_id}#m${message.seq}` },
          element('span', { class: 'session__title' }, title),
          element('span', { class: 'session__snippet' }, highlighted(snippet)),
        ),
      ),
    );
    this.found.replaceChildren(...(rows.length ? rows : [element('li', { class: 'empty' }, 'Nothing found.')]));
    announce(rows.length === 1 ? '1 message found.' : `${rows.length} messages found.`);
  }
}

function age(moment) {
  const seconds = Math.max(0, (Date.now() - new Date(moment)) / 1_000);
  if (seconds < 60) return 'now';
  const [unit, size] = UNITS.findLast(([, length]) => seconds >= length);
  return AGE.format(-Math.floor(seconds / size), unit);
}
