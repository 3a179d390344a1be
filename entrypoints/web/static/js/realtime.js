// The client of the socket protocol: one socket, many channels, nothing lost and nothing twice.
//
// A module on its own: it imports nothing and touches no page, so it runs on any site, in a worker, and under Node. Our
// pages sign in by cookie; elsewhere give `token`. What it promises and how to use it stands in docs/library.md.
//
// Each channel keeps its place (epoch, offset). After a break the client subscribes from there and gets exactly what
// it missed. When the server cannot tell (`resync_required`), the channel's owner reads the state anew while events
// are held back, and goes on from the place that reading names.

const FIRST_DELAY = 500;
const LONGEST_DELAY = 30_000;
const WELCOME_TIME = 5_000;
const PING_TIME = 25_000;
const SILENCE = 70_000;
const AGAIN = 2_000;
const RENEWED_BEFORE = 60_000;
const RENEWED_EVERY = 15_000;
const LONGEST_TIMER = 2 ** 31 - 1;
const REFUSED_AT_MOST = 2;
// The server takes 60 frames at once and 30 a second after that.
const AT_ONCE = 40;
const EACH_SECOND = 20;
const NOT_SIGNED_IN = 4001;
const FLOOD = 4029;
const GOING_AWAY = 1012;
const PASSING = new Set(['too_many_requests', 'unavailable', 'internal']);

/** @typedef {{epoch: string, offset: number}} Place Where a reader of a channel stands. */
/** @typedef {{type: string, channel?: string, epoch?: string, offset?: number, [field: string]: unknown}} Frame */

/**
 * @typedef {object} ChannelOptions
 * @property {(frame: Frame) => void} onEvent Every event once, in order; deltas, typing and presence between them.
 * @property {string | null} [epoch] With `offset`, the place to go on from; without, from now on.
 * @property {number | null} [offset]
 * @property {(frame: Frame) => Promise<Place | null | void>} [onResync] Something was missed that cannot be told: read the
 *   state, and give back the place it was read at. Events wait until then. Rejects: it is asked for again. Without it,
 *   the frame `resync_required` goes to `onEvent`.
 * @property {(frame: Frame) => void} [onSubscribed] The channel is heard, again after each break; `frame.recovered` says
 *   whether everything since the place is told.
 * @property {(reason: string) => void} [onEnded] It is not heard any more: `not_allowed`, `session_deleted`, `not_found`…
 */

/**
 * @typedef {object} RealtimeOptions
 * @property {string} url The socket's address; see `socketUrl`.
 * @property {(renew: boolean) => Promise<string>} [token] An access token; with `renew` another one than the last. Rejects
 *   with `{status: 401}` when there will be none any more. Without it the browser's sign-in cookie counts.
 * @property {() => Promise<unknown>} [refresh] Renews the cookie; rejects like `token`.
 * @property {(status: 'connecting' | 'live' | 'reconnecting') => void} [onStatus]
 * @property {() => void} [onSignedOut] The sign-in has ended for good; the client has stopped.
 * @property {(frame: Frame) => void} [onFrame] What belongs to no channel: `message_ack`, `error`.
 * @property {typeof WebSocket} [Socket]
 * @property {() => number} [random]
 */

/**
 * The socket's address next to this page, or of the house at `base`.
 * @param {string} [base] such as `https://guild.example`
 * @returns {string}
 */
export function socketUrl(base = globalThis.location.href) {
  const { protocol, host } = new URL(base);
  return `${protocol === 'https:' ? 'wss:' : 'ws:'}//${host}/api/v1/ws`;
}

/** A member's socket. `start` it once; it comes back after every break, until `stop`. */
export class Realtime {
  /** @param {RealtimeOptions} options */
  constructor({
    url, token = null, refresh = async () => {}, onStatus = () => {}, onSignedOut = () => {}, onFrame = () => {},
    Socket = globalThis.WebSocket, random = Math.random,
  }) {
    Object.assign(this, { url, token, refresh, onStatus, onSignedOut, onFrame, Socket, random });
    this.channels = new Map();
    this.socket = null;
    this.isLive = false;
    this.attempts = 0;
    this.refused = 0;
    this.retryAfter = null;
    this.timers = {};
    this.queue = [];
    this.room = AT_ONCE;
    this.sentAt = 0;
    this.stopped = true;
    // The number of the start: what was asked for under an earlier one counts for nothing.
    this.life = 0;
    this.wake = () => this.reconnectNow();
  }

  /**
   * Hear a channel. A channel that is heard already begins anew.
   * @param {string} name
   * @param {ChannelOptions} options
   */
  subscribe(name, options) {
    const channel = new ChannelClient(this, name, options);
    this.channels.set(name, channel);
    if (this.isLive) this.send(channel.request());
  }

  /**
   * Ask again from the present place: the server answers with what is missing and with snapshots of running replies.
   * @param {string} name
   */
  resubscribe(name) {
    const channel = this.channels.get(name);
    if (channel && this.isLive) this.send(channel.request());
  }

  /**
   * The place of a channel, to go on from later; null before there is one.
   * @param {string} name
   * @returns {Place | null}
   */
  place(name) {
    const { epoch = null, offset = null } = this.channels.get(name) ?? {};
    return epoch === null ? null : { epoch, offset };
  }

  /**
   * Hear no more of a channel.
   * @param {string} name
   */
  unsubscribe(name) {
    if (this.channels.delete(name) && this.isLive) this.send({ type: 'unsubscribe', channel: name });
  }

  start() {
    this.stopped = false;
    this.life += 1;
    globalThis.addEventListener?.('online', this.wake);
    globalThis.addEventListener?.('pageshow', this.wake);
    globalThis.document?.addEventListener('visibilitychange', this.wake);
    this.connect();
  }

  stop() {
    this.stopped = true;
    globalThis.removeEventListener?.('online', this.wake);
    globalThis.removeEventListener?.('pageshow', this.wake);
    globalThis.document?.removeEventListener('visibilitychange', this.wake);
    this.clearTimers();
    this.drop();
  }

  /**
   * Say something, no faster than the server takes it. False, and nothing is said, while there is no connection.
   * @param {Frame} frame
   * @returns {boolean}
   */
  send(frame) {
    if (this.socket?.readyState !== 1) return false;
    this.queue.push(JSON.stringify(frame));
    this.flush();
    return true;
  }

  flush() {
    const now = performance.now();
    this.room = Math.min(AT_ONCE, this.room + (now - this.sentAt) * EACH_SECOND / 1_000);
    this.sentAt = now;
    for (; this.queue.length && this.room >= 1; this.room -= 1) this.socket.send(this.queue.shift());
    clearTimeout(this.timers.flush);
    if (this.queue.length) this.timers.flush = setTimeout(() => this.flush(), 1_000 / EACH_SECOND);
  }

  connect() {
    this.clearTimers();
    this.drop();
    this.onStatus(this.attempts ? 'reconnecting' : 'connecting');
    const socket = new this.Socket(this.url);
    this.socket = socket;
    socket.onopen = () => socket === this.socket && this.authenticate(this.refused > 0);
    socket.onmessage = ({ data }) => socket === this.socket && this.receive(data);
    socket.onclose = ({ code }) => socket === this.socket && this.closed(code);
    // A socket that stays silent may wait for somebody to sign in: the access cookie has ended.
    this.timers.welcome = setTimeout(() => this.closed(this.token ? 1006 : NOT_SIGNED_IN), WELCOME_TIME);
  }

  async authenticate(renew) {
    if (!this.token) return;
    const { socket, life } = this;
    let token;
    try {
      token = await this.token(renew);
    } catch (problem) {
      if (!this.goesOn(life)) return;
      if (problem?.status === 401) this.signedOut();
      else if (socket === this.socket && !this.isLive) this.closed(1006);
      return;
    }
    if (socket === this.socket) this.send({ type: 'authenticate', token });
  }

  receive(data) {
    this.heard();
    let frames;
    try {
      frames = [JSON.parse(data)].flat();
    } catch {
      return;
    }
    for (const frame of frames) this.handle(frame);
  }

  handle(frame) {
    if (frame.type === 'welcome') return this.welcomed(frame);
    if (frame.type === 'ping') return this.send({ type: 'pong' });
    if (frame.type === 'system_update' && frame.retry_after_ms !== undefined) this.retryAfter = frame.retry_after_ms;
    if (frame.type === 'resync_required' && !frame.channel) return undefined;
    const channel = this.channels.get(frame.channel);
    if (channel) return channel.handle(frame);
    return frame.type === 'message_ack' || frame.type === 'error' ? told(this.onFrame, frame) : undefined;
  }

  welcomed({ token_expires_at: endsAt }) {
    this.refused = 0;
    clearTimeout(this.timers.renew);
    if (this.token && endsAt) {
      // A clock that is fast believes every token ended: even so, it asks for few.
      const left = Date.parse(endsAt) - Date.now();
      const pause = Math.max(left - Math.min(RENEWED_BEFORE, left / 4), RENEWED_EVERY);
      this.timers.renew = setTimeout(() => this.authenticate(true), Math.min(pause, LONGEST_TIMER));
    }
    if (this.isLive) return;
    clearTimeout(this.timers.welcome);
    this.isLive = true;
    this.timers.steady = setTimeout(() => { this.attempts = 0; }, 5_000);
    this.timers.ping = setInterval(() => this.send({ type: 'ping' }), PING_TIME);
    for (const channel of this.channels.values()) this.send(channel.request());
    this.onStatus('live');
  }

  heard() {
    clearTimeout(this.timers.silence);
    this.timers.silence = setTimeout(() => this.closed(1006), SILENCE);
  }

  async closed(code) {
    this.clearTimers();
    this.drop();
    if (this.stopped) return;
    this.attempts += 1;
    this.onStatus('reconnecting');
    if (code === NOT_SIGNED_IN && !(await this.renewed())) return;
    this.timers.retry = setTimeout(() => this.connect(), this.delay(code));
  }

  async renewed() {
    const { life } = this;
    this.refused += 1;
    if (this.token) {
      if (this.refused > REFUSED_AT_MOST) this.signedOut();
      return this.goesOn(life);
    }
    try {
      await this.refresh();
    } catch (problem) {
      if (problem?.status === 401 && this.goesOn(life)) this.signedOut();
    }
    return this.goesOn(life);
  }

  goesOn(life) {
    return !this.stopped && life === this.life;
  }

  signedOut() {
    this.stop();
    this.onSignedOut();
  }

  // Everybody comes back at another moment: a random part of a bound that doubles, or of what the server asked for.
  delay(code) {
    if (code === GOING_AWAY) {
      const asked = this.retryAfter ?? 2_500;
      this.retryAfter = null;
      return asked * (0.75 + this.random() / 2);
    }
    if (code === NOT_SIGNED_IN && this.attempts === 1) return 0;
    const bound = code === FLOOD ? LONGEST_DELAY : Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** (this.attempts - 1));
    return bound * (0.5 + this.random() / 2);
  }

  reconnectNow() {
    if (this.stopped || this.socket || globalThis.document?.visibilityState === 'hidden' || !this.timers.retry) return;
    this.connect();
  }

  clearTimers() {
    for (const timer of Object.values(this.timers)) clearTimeout(timer);
    this.timers = {};
  }

  drop() {
    const { socket } = this;
    this.socket = null;
    this.isLive = false;
    this.queue = [];
    socket?.close();
  }
}

/** One channel's place in its log. */
class ChannelClient {
  constructor(
    client, name, { epoch = null, offset = null, onEvent, onResync = null, onSubscribed = null, onEnded = null },
  ) {
    Object.assign(this, { client, name, epoch, offset, onEvent, onResync, onSubscribed, onEnded });
    this.held = null;
    this.asked = null;
    this.isLost = false;
  }

  request() {
    const place = this.epoch === null ? {} : { epoch: this.epoch, offset: this.offset };
    return { type: 'subscribe', channel: this.name, ...place };
  }

  handle(frame) {
    if (frame.type === 'subscribed') return this.subscribed(frame);
    if (frame.type === 'resync_required') return this.resync(frame);
    // What was asked for is forgotten already; the channel may have been subscribed anew.
    if (frame.type === 'unsubscribed') return frame.reason === 'requested' ? undefined : this.end(frame.reason);
    if (frame.type === 'error') return PASSING.has(frame.error_code) ? this.again(frame) : this.end(frame.error_code);
    if (this.held) return this.held.push(frame);
    return this.deliver(frame);
  }

  // What was missed follows after `subscribed`: with a place of our own, only the events themselves move it.
  subscribed(frame) {
    if (this.epoch === null) this.moveTo(frame);
    this.isLost = false;
    if (this.onSubscribed) told(this.onSubscribed, frame);
  }

  // An event of another history than ours is no continuation: it counts for nothing, and we ask from our own place.
  deliver(frame) {
    if (frame.offset !== undefined) {
      if (this.isLost || (frame.epoch === this.epoch && frame.offset <= this.offset)) return;
      if (frame.epoch !== this.epoch) {
        this.isLost = true;
        this.client.resubscribe(this.name);
        return;
      }
      this.moveTo(frame);
    }
    told(this.onEvent, frame);
  }

  // The place stays the old one until the state was read: a break meanwhile, or a reading that fails, asks again.
  async resync(frame) {
    this.isLost = false;
    if (!this.onResync) {
      this.moveTo(frame);
      told(this.onEvent, frame);
      return;
    }
    this.asked = frame;
    const isReading = this.held !== null;
    this.held = [];
    if (isReading) return;
    try {
      while (this.asked) {
        const { asked } = this;
        this.asked = null;
        const place = await this.onResync(asked);
        if (!this.asked) this.moveTo(place ?? asked);
      }
    } catch {
      this.asked = this.held = null;
      this.isLost = true;
      this.again({});
      return;
    }
    const held = this.held;
    this.held = null;
    // Its owner may have turned away meanwhile.
    for (const event of held) if (this.isHeard) this.deliver(event);
  }

  again({ retry_after_ms: pause = AGAIN }) {
    setTimeout(() => this.isHeard && this.client.resubscribe(this.name), pause);
  }

  end(reason) {
    if (this.isHeard) this.client.channels.delete(this.name);
    if (this.onEnded) told(this.onEnded, reason);
  }

  get isHeard() {
    return this.client.channels.get(this.name) === this;
  }

  moveTo({ epoch, offset }) {
    this.epoch = epoch;
    this.offset = offset;
  }
}

/** Call whoever listens. What they throw is reported where errors are, and keeps nothing from the others. */
function told(listener, value) {
  try {
    listener(value);
  } catch (error) {
    setTimeout(() => { throw error; });
  }
}
