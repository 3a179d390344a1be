// Own messages on their way to the server. Each keeps its Idempotency-Key until it is confirmed, also across reloads:
// it may be sent many times and arrives once.

const FIRST_DELAY = 1_000;
const LONGEST_DELAY = 30_000;
// The server remembers keys for 24 hours; an older message is not sent again unasked.
const LIFETIME = 23 * 3_600_000;

export class Outbox {
  /**
   * `post(item)` sends one and resolves with the confirmed message. `onAttempt(item, outcome, problem)` hears of
   * 'sending', 'waiting' and 'refused', `onSent(item, message)` of success, `onSignedOut()` of an ended sign-in.
   */
  constructor({ name, post, onAttempt, onSent, onSignedOut, storage = localStorage }) {
    Object.assign(this, { name, post, onAttempt, onSent, onSignedOut, storage });
    this.isSending = false;
    this.failures = 0;
    this.timer = null;
  }

  /** What is still to be sent to a session, oldest first. */
  items(sessionId) {
    return this.read().filter((item) => item.session_id === sessionId);
  }

  /** Keep a message and send it. */
  add(sessionId, content) {
    const item = { key: crypto.randomUUID?.() ?? randomKey(), session_id: sessionId, content, at: Date.now(), state: 'waiting' };
    this.write([...this.read(), item]);
    return item;
  }

  /** Try a refused message again. */
  retry(key) {
    this.write(this.read().map((item) => (item.key === key ? { ...item, state: 'waiting', at: Date.now() } : item)));
    return this.flush();
  }

  /** Whether the server may have forgotten the key. */
  isExpired(item) {
    return Date.now() - item.at >= LIFETIME;
  }

  discard(key) {
    this.write(this.read().filter((item) => item.key !== key));
  }

  /** Send what waits, one after the other, as long as that succeeds. */
  async flush() {
    clearTimeout(this.timer);
    if (this.isSending) return;
    this.isSending = true;
    try {
      for (let item = this.next(); item && (await this.attempt(item)); item = this.next());
    } finally {
      this.isSending = false;
    }
  }

  async attempt(item) {
    this.onAttempt(item, 'sending', null);
    try {
      const message = await this.post(item);
      this.failures = 0;
      this.discard(item.key);
      this.onSent(item, message);
      return true;
    } catch (problem) {
      return this.failed(item, problem);
    }
  }

  failed(item, problem) {
    if (problem.status === 401) {
      this.onAttempt(item, 'waiting', problem);
      this.onSignedOut();
      return false;
    }
    if (problem.isPassing) {
      this.failures += 1;
      const delay = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** (this.failures - 1)) * (0.5 + Math.random() / 2);
      this.timer = setTimeout(() => this.flush(), Math.max(delay, (problem.retryAfter ?? 0) * 1_000));
      this.onAttempt(item, 'waiting', problem);
      return false;
    }
    this.write(this.read().map((known) => (known.key === item.key ? { ...known, state: 'refused' } : known)));
    this.onAttempt(item, 'refused', problem);
    return true;
  }

  next() {
    return this.read().find((item) => item.state === 'waiting' && !this.isExpired(item));
  }

  read() {
    try {
      return JSON.parse(this.storage.getItem(this.name)) ?? [];
    } catch {
      return [];
    }
  }

  write(items) {
    if (items.length) this.storage.setItem(this.name, JSON.stringify(items));
    else this.storage.removeItem(this.name);
  }
}

// crypto.randomUUID exists on https and localhost only.
function randomKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
