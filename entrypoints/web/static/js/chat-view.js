// Draws a conversation. Each row keeps its elements and changes only what changed.

import { button, element } from './dom.js';
import { linkCitations, sourceList } from './citations.js';
import { GrowingMarkdown } from './markdown.js';

const NOTES = {
  cancelled: 'Stopped.',
  interrupted: 'The answer broke off here.',
  failed: 'No answer could be made.',
};
const TIME = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const DATE = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

export class ChatView {
  /** `actions`: `regenerate(message)`, `copy(message)`, `retry(key)`, `discard(key)`; `bodies` has the rendered text. */
  constructor(list, { memberId, bodies, actions }) {
    Object.assign(this, { list, memberId, bodies, actions });
    this.rows = new Map();
  }

  render(shown) {
    const keys = new Set(shown.map((entry) => entry.key));
    for (const [key, row] of this.rows) {
      if (keys.has(key)) continue;
      row.root.remove();
      this.rows.delete(key);
    }
    let before = null;
    for (const entry of shown) {
      const row = this.rows.get(entry.key) ?? this.add(entry);
      row.update(entry);
      const place = before ? before.nextSibling : this.list.firstChild;
      if (place !== row.root) this.list.insertBefore(row.root, place);
      before = row.root;
    }
  }

  /** Draw a message again: its rendered body has arrived. */
  refresh(messageId) {
    this.rows.get(messageId)?.refresh?.();
  }

  find(seq) {
    return this.list.querySelector(`#m${seq}`);
  }

  add(entry) {
    const row = entry.pending ? new PendingRow(this) : this.messageRow(entry.message);
    this.rows.set(entry.key, row);
    return row;
  }

  messageRow(message) {
    return message.role === 'assistant' ? new ReplyRow(this, message) : new MemberRow(this, message);
  }
}

class Row {
  constructor(kind, author, createdAt = null) {
    this.body = element('div', { class: 'message__body plain' });
    this.note = element('p', { class: 'message__note', hidden: true });
    this.actions = element('div', { class: 'message__actions' });
    this.root = element(
      'article',
      { class: `message message--${kind}` },
      element('header', { class: 'message__meta' }, element('span', { class: 'message__author' }, author), moment(createdAt)),
      this.body,
      this.note,
      this.actions,
    );
    this.root.setAttribute('aria-label', createdAt ? `${author}, ${DATE.format(new Date(createdAt))}` : author);
    this.shown = '';
  }

  showText(text) {
    this.body.textContent = text;
    this.shown = text;
  }

  showNote(text) {
    this.note.textContent = text;
    this.note.hidden = !text;
  }
}

class MemberRow extends Row {
  constructor(view, message) {
    super('own', message.author_id === view.memberId ? 'You' : 'Member', message.created_at);
    this.root.id = `m${message.seq}`;
  }

  update({ text }) {
    if (text !== this.shown) this.showText(text);
  }
}

class PendingRow extends Row {
  constructor(view) {
    super('own', 'You');
    this.view = view;
  }

  update({ key, pending, text }) {
    if (text !== this.shown) this.showText(text);
    if (pending.state === this.state && pending.problem === this.problem) return;
    this.state = pending.state;
    this.problem = pending.problem;
    this.root.dataset.state = pending.state;
    this.showNote(pendingNote(pending));
    const { retry, discard } = this.view.actions;
    const choices = [
      button('again', 'Send again', () => retry(key), { labelled: true }),
      button('trash', 'Discard', () => discard(key), { labelled: true }),
    ];
    this.actions.replaceChildren(...(pending.state === 'refused' ? choices : []));
  }
}

class ReplyRow extends Row {
  constructor(view, message) {
    super('reply', 'Assistant', message.created_at);
    this.view = view;
    this.root.id = `m${message.seq}`;
    this.body.className = 'message__body prose';
    this.growing = new GrowingMarkdown(this.body);
    this.sources = element('div', { class: 'message__sources' });
    this.note.after(this.sources);
  }

  update(entry) {
    const { message, text } = entry;
    const isSame = this.message === message && (!entry.isRunning || text === this.shown);
    this.entry = entry;
    if (isSame && this.isWaiting === entry.isWaiting) return;
    const isAnother = this.message !== message;
    this.message = message;
    this.isWaiting = entry.isWaiting;
    this.root.dataset.state = entry.isWaiting ? 'waiting' : message.status;
    this.root.setAttribute('aria-busy', String(entry.isRunning));
    if (isAnother) this.showAll();
    else this.showText(text);
  }

  showAll() {
    const { entry, message } = this;
    this.refresh();
    this.showNote(NOTES[message.status] ?? '');
    this.sources.replaceChildren(...(message.citations.length ? [sourceList(message)] : []));
    this.actions.replaceChildren(...(entry.isRunning ? [] : this.choices(message)));
  }

  // The text alone: what is around it stays, and with it the focus.
  refresh() {
    const { entry, message } = this;
    const rendered = entry.isRunning ? null : this.view.bodies.of(message);
    if (rendered) {
      linkCitations(rendered, message);
      this.body.replaceChildren(rendered);
      this.growing.forget();
      this.shown = '';
    } else {
      this.showText(entry.text);
    }
  }

  showText(text) {
    this.growing.show(text);
    this.shown = text;
  }

  choices(message) {
    const { copy, regenerate } = this.view.actions;
    const again = message.status === 'complete' ? 'Answer again' : 'Try again';
    const isLabelled = message.status !== 'complete';
    const copies = message.content ? [button('copy', 'Copy the answer', () => copy(message))] : [];
    return [...copies, button('again', again, () => regenerate(message), { labelled: isLabelled })];
  }
}

function moment(createdAt) {
  if (!createdAt) return null;
  const when = new Date(createdAt);
  const isToday = when.toDateString() === new Date().toDateString();
  const text = isToday ? TIME.format(when) : DATE.format(when);
  return element('time', { datetime: createdAt, title: DATE.format(when) }, text);
}

function pendingNote({ state, problem }) {
  if (state === 'refused') return `Not sent: ${problem?.message ?? 'it waited for more than a day.'}`;
  return state === 'waiting' ? 'Not sent yet. It is kept here and goes out when the server can be reached.' : '';
}
