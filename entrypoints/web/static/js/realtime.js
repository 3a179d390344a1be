// The client of the socket protocol: one socket, many channels, nothing lost and nothing twice.
//
// Each channel keeps its place (epoch, offset). After a break the client subscribes from there and gets exactly what
// it missed. When the server cannot tell (`resync_required`), the channel's owner reads the state anew while events
// are held back, and goes on from the place that reading names.

const FIRST_DELAY = 500;
const LONGEST_DELAY = 30_000;
const WELCOME_TIME = 5_000;
const PING_TIME = 25_000;
const SILENCE = 70_000;
const NOT_SIGNED_IN = 4001;
const FLOOD = 4029;
const GOING_AWAY = 1012;

/** The socket's address next to this page. */
export function socketUrl() {
  return `${location.protocol === 'https:' ? 'wss:' : 'ws:'}//${location.host}/api/v1/ws`;
}

export class Realtime {
  /**
   * `refresh` renews the sign-in and rejects with a problem; `onSignedOut` is called when that is final.
   * `onStatus` hears 'connecting', 'live' and 'reconnecting'.
   */
  constructor({ url, refresh, onStatus = () => {}, onSignedOut = () => {}, Socket = WebSocket, random = Math.random }) {
    Object.assign(this, { url, refresh, onStatus, onSignedOut, Socket, random });
    this.channels = new Map();
    this.socket = null;
    this.isLive = false;
    this.attempts = 0;
    this.retryAfter = null;
    this.timers = {};
    this.stopped = true;
  }

  /** Hear a channel from a place: `{epoch, offset, onEvent, onResync, onSubscribed, onEnded}`; all but onEvent optional. */
  subscribe(name, options) {
    const channel = new ChannelClient(name, options);
    this.channels.set(name, channel);
    if (this.isLive) this.send(channel.request());
  }

  /** Ask again from the present place: the server answers with what is missing and with snapshots of running replies. */
  resubscribe(name) {
    const channel = this.channels.get(name);
    if (channel && this.isLive) this.send(channel.request());
  }

  /** Hear no more of a channel. */
  unsubscribe(name) {
    if (this.channels.delete(name) && this.isLive) this.send({ type: 'unsubscribe', channel: name });
  }

  start() {
    this.stopped = false;
    this.wake = () => this.reconnectNow();
    addEventListener('online', this.wake);
    addEventListener('pageshow', this.wake);
    document.addEventListener('visibilitychange', this.wake);
    this.connect();
  }

  stop() {
    this.stopped = true;
    removeEventListener('online', this.wake);
    removeEventListener('pageshow', this.wake);
    document.removeEventListener('visibilitychange', this.wake);
    this.clearTimers();
    this.drop();
  }

  send(frame) {
    if (this.socket?.readyState === 1) this.socket.send(JSON.stringify(frame));
  }

  connect() {
    this.clearTimers();
    this.drop();
    this.onStatus(this.attempts ? 'reconnecting' : 'connecting');
    const socket = new this.Socket(this.url);
    this.socket = socket;
    socket.onmessage = ({ data }) => socket === this.socket && this.receive(data);
    socket.onclose = ({ code }) => socket === this.socket && this.closed(code);
    // A socket that stays silent may wait for somebody to sign in: the access cookie has ended.
    this.timers.welcome = setTimeout(() => this.closed(NOT_SIGNED_IN), WELCOME_TIME);
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
    if (frame.type === 'welcome') return this.welcomed();
    if (frame.type === 'ping') return this.send({ type: 'pong' });
    if (frame.type === 'system_update' && frame.retry_after_ms !== undefined) this.retryAfter = frame.retry_after_ms;
    if (frame.type === 'resync_required' && !frame.channel) return undefined;
    return this.channels.get(frame.channel)?.handle(frame);
  }

  welcomed() {
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
    if (!this.stopped) this.timers.retry = setTimeout(() => this.connect(), this.delay(code));
  }

  async renewed() {
    try {
      await this.refresh();
    } catch (problem) {
      if (problem.status === 401) {
        this.onSignedOut();
        return false;
      }
    }
    return true;
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
    if (this.stopped || this.socket || document.visibilityState === 'hidden' || !this.timers.retry) return;
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
    socket?.close();
  }
}

/** One channel's place in its log. */
class ChannelClient {
  constructor(name, { epoch = null, offset = null, onEvent, onResync = null, onSubscribed = null, onEnded = null }) {
    Object.assign(this, { name, epoch, offset, onEvent, onResync, onSubscribed, onEnded });
    this.held = null;
  }

  request() {
    const place = this.epoch === null ? {} : { epoch: this.epoch, offset: this.offset };
    return { type: 'subscribe', channel: this.name, ...place };
  }

  handle(frame) {
    if (frame.type === 'subscribed') return this.subscribed(frame);
    if (frame.type === 'resync_required') return this.resync(frame);
    if (frame.type === 'unsubscribed') return this.onEnded?.(frame.reason);
    if (frame.type === 'error') return this.onEnded?.(frame.error_code);
    if (this.held) return this.held.push(frame);
    return this.deliver(frame);
  }

  // What was missed follows after `subscribed`: with a place of our own, only the events themselves move it.
  subscribed(frame) {
    if (this.epoch === null) this.moveTo(frame);
    this.onSubscribed?.(frame);
  }

  deliver(frame) {
    if (frame.offset !== undefined) {
      if (frame.epoch === this.epoch && frame.offset <= this.offset) return;
      this.moveTo(frame);
    }
    this.onEvent(frame);
  }

  async resync(frame) {
    this.moveTo(frame);
    if (!this.onResync || this.held) return;
    this.held = [];
    try {
      const place = await this.onResync();
      if (place) this.moveTo(place);
    } finally {
      const held = this.held;
      this.held = null;
      for (const event of held) this.deliver(event);
    }
  }

  moveTo({ epoch, offset }) {
    this.epoch = epoch;
    this.offset = offset;
  }
}
