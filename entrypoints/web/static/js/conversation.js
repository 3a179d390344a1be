// One open conversation: its state, its place in the log, what is sent to it and what is drawn of it.

import { call, goToSignIn } from './api.js';
import { ChatView } from './chat-view.js';
import { entries, initialState, reduce, runningReply } from './chat-state.js';
import { announce, toast } from './dom.js';
import { Bodies, fetchBody, fetchTranscript, readTranscript } from './transcript.js';
import { takeCodePoints } from './text.js';

const SPOKEN = 1_500;
const RETRY = 2_000;
const PAGES_TO_SEARCH = 40;

export class Conversation {
  constructor({ sessionId, memberId, root, list, older, scrolling, realtime, outbox, onRunning }) {
    Object.assign(this, { sessionId, older, scrolling, realtime, outbox, onRunning });
    this.bodies = new Bodies();
    this.rendering = new Set();
    this.state = initialState(memberId);
    this.view = new ChatView(list, { memberId, bodies: this.bodies, actions: this.actions() });
    this.page = readTranscript(root, this.bodies);
    this.apply({ type: 'loaded', ...this.page });
    for (const pending of outbox.items(sessionId)) this.apply({ type: 'queued', pending: this.aged(pending) });
    older.addEventListener('click', () => this.loadOlder());
    new IntersectionObserver(([entry]) => entry.isIntersecting && this.loadOlder()).observe(older);
  }

  get channel() {
    return `session:${this.sessionId}`;
  }

  /** Follow what happens from the place at which the page was read. */
  follow({ onEnded }) {
    const { epoch, offset } = this.page;
    this.realtime.subscribe(this.channel, {
      epoch,
      offset,
      onEvent: (event) => this.hear(event),
      onResync: () => this.reload(),
      onEnded,
    });
  }

  /** Send a message; it is shown at once and kept until it is confirmed. */
  send(content) {
    this.apply({ type: 'queued', pending: this.outbox.add(this.sessionId, content) });
    this.scrolling.toEnd();
    this.outbox.flush();
  }

  /** Stop the reply that is under way. */
  async stop() {
    const reply = runningReply(this.state);
    if (reply) await this.change(`/chat/messages/${reply.id}/cancel`);
  }

  attempted(item, outcome, problem) {
    if (item.session_id === this.sessionId) this.apply({ type: 'attempted', key: item.key, outcome, problem });
  }

  sent(item, message) {
    if (item.session_id === this.sessionId) this.apply({ type: 'acknowledged', key: item.key, message });
  }

  /** Show the message with this seq, reading older pages until it is there. */
  async show(seq) {
    this.draw();
    for (let page = 0; !this.view.find(seq) && this.state.hasMore && page < PAGES_TO_SEARCH; page += 1) {
      await this.loadOlder();
    }
    const found = this.view.find(seq);
    if (!found) return;
    this.scrolling.isAtEnd = false;
    found.scrollIntoView({ block: 'center' });
    found.classList.add('is-found');
  }

  hear(event) {
    const hadGap = this.state.gap;
    this.apply({ type: 'event', event });
    if (event.type === 'message_completed') this.tell(event.message);
    if (this.state.gap && this.state.gap !== hadGap) this.realtime.resubscribe(this.channel);
  }

  apply(action) {
    this.state = reduce(this.state, action);
    this.drawSoon();
  }

  drawSoon() {
    if (this.isDue) return;
    this.isDue = true;
    // Frames stop in hidden tabs; what is not seen need not be drawn.
    requestAnimationFrame(() => this.draw());
  }

  draw() {
    this.isDue = false;
    this.scrolling.keeping(() => this.view.render(entries(this.state)));
    this.older.hidden = !this.state.hasMore;
    this.onRunning(runningReply(this.state) !== null);
    for (const message of this.state.messages) this.renderBody(message);
  }

  // The server renders what has ended; until that arrives, the text is shown as while it grew.
  async renderBody(message) {
    if (message.role !== 'assistant' || message.status === 'streaming' || !message.content) return;
    const wanted = `${message.id} ${message.version}`;
    if (this.bodies.of(message) || this.rendering.has(wanted)) return;
    this.rendering.add(wanted);
    try {
      await fetchBody(message.id, this.bodies);
      this.scrolling.keeping(() => this.view.refresh(message.id));
    } catch (problem) {
      if (problem.isPassing) setTimeout(() => this.rendering.delete(wanted), RETRY);
    }
  }

  async loadOlder() {
    const first = this.state.messages[0];
    if (!first || !this.state.hasMore || this.isLoading) return;
    this.isLoading = true;
    try {
      const page = await fetchTranscript(this.sessionId, this.bodies, { before: first.seq });
      this.apply({ type: 'older', messages: page.messages, has_more: page.has_more });
      this.draw();
    } catch (problem) {
      toast(`Earlier messages could not be read. ${problem.message}`);
    } finally {
      this.isLoading = false;
    }
  }

  // The log cannot say what was missed: read the conversation again, however long that takes.
  async reload() {
    for (;;) {
      try {
        const page = await fetchTranscript(this.sessionId, this.bodies);
        this.apply({ type: 'loaded', ...page });
        return { epoch: page.epoch, offset: page.offset };
      } catch (problem) {
        if (problem.status === 401) goToSignIn();
        if (!problem.isPassing) return null;
        await new Promise((resolve) => { setTimeout(resolve, RETRY); });
      }
    }
  }

  actions() {
    return {
      regenerate: (message) => this.change(`/chat/messages/${message.id}/regenerate`),
      copy: (message) => this.copy(message),
      retry: (key) => this.outbox.retry(key),
      discard: (key) => {
        this.outbox.discard(key);
        this.apply({ type: 'discarded', key });
      },
    };
  }

  async change(path) {
    try {
      const message = await call('POST', path);
      if (message?.id) this.apply({ type: 'event', event: { type: 'message_updated', message } });
    } catch (problem) {
      if (problem.status === 401) goToSignIn();
      // Another tab may have been faster: what it did arrives by the socket.
      else if (problem.status !== 409) toast(problem.message);
    }
  }

  async copy(message) {
    try {
      await navigator.clipboard.writeText(message.content);
      toast('Copied.');
    } catch {
      toast('The browser does not allow copying here.');
    }
  }

  tell(message) {
    const text = takeCodePoints(message.content, SPOKEN);
    announce(message.status === 'complete' ? `The assistant answered: ${text}` : `The answer ended early. ${text}`);
  }

  aged(pending) {
    return this.outbox.isExpired(pending) ? { ...pending, state: 'refused' } : pending;
  }
}
