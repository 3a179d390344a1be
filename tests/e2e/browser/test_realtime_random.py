"""The page's client against a house that the test plays: cuts, repetitions, pruned logs and restored backups at random.

Whatever happens, the reader ends with what the log says, and was told every event once and in order, or to read anew.
"""

from typing import Any

import pytest

from tests.e2e.browser.conftest import Visitor
from tests.e2e.browser.modules import run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PLAY = """
const { Realtime } = await load('realtime.js');
let state = SEED;
const random = () => {  // mulberry32
  state = (state + 0x6D2B79F5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
};
const chance = (share) => random() < share;
const some = (most) => Math.floor(random() * most);
const pause = (most) => new Promise((resolve) => setTimeout(resolve, some(most)));

// The house: one log, and what each socket has still to be told.
const house = { epoch: 1, last: 0, pruned: 0, names: [] };
const sockets = new Set();
const counts = { cuts: 0, resyncs: 0, recovered: 0, repeated: 0, failedReadings: 0 };
const event = (offset) => (
  { type: 'new_message', channel: 'c', epoch: `e${house.epoch}`, offset, name: house.names[offset] });
class Socket {
  constructor() {
    Object.assign(this, { readyState: 0, waiting: [], isHearing: false });
    setTimeout(() => { this.readyState = 1; sockets.add(this); this.waiting.push({ type: 'welcome' }); }, some(3));
  }
  send(text) {
    const { type, epoch, offset } = JSON.parse(text);
    if (type !== 'subscribe') return;
    const at = { channel: 'c', epoch: `e${house.epoch}`, offset: house.last };
    Object.assign(this, { isHearing: true, epoch: house.epoch });
    if (epoch === at.epoch && offset >= house.pruned) {
      counts.recovered += 1;
      this.waiting.push({ ...at, type: 'subscribed', recovered: true });
      for (let each = offset + 1; each <= house.last; each += 1) this.waiting.push(event(each));
    } else {
      this.waiting.push({ ...at, type: 'subscribed', recovered: false });
      if (epoch !== undefined) this.waiting.push({ ...at, type: 'resync_required', reason: 'not_recoverable' });
    }
  }
  close() { this.readyState = 3; sockets.delete(this); }
  flush() {
    while (this.waiting.length && this.readyState === 1) {
      const frames = this.waiting.splice(0, 1 + some(5));
      if (chance(0.1)) { frames.push(...frames.filter((frame) => frame.name)); counts.repeated += 1; }
      this.onmessage({ data: JSON.stringify(frames.length === 1 ? frames[0] : frames) });
      if (chance(0.1)) return;
    }
  }
  cut() { this.close(); counts.cuts += 1; this.onclose({ code: 1006 }); }
}
const happen = () => {
  if (chance(0.02)) Object.assign(house, { epoch: house.epoch + 1, last: 0, pruned: 0, names: [] });
  house.last += 1;
  house.names[house.last] = `${house.epoch}.${house.last}.${some(1000)}`;
  if (chance(0.05)) house.pruned = house.last - some(house.last);
  for (const socket of sockets) {
    if (!socket.isHearing) continue;
    if (socket.epoch !== house.epoch) {
      const at = { channel: 'c', epoch: `e${house.epoch}`, offset: 0 };
      socket.waiting.push({ ...at, type: 'resync_required', reason: 'epoch_changed' });
    }
    socket.epoch = house.epoch;
    socket.waiting.push(event(house.last));
  }
};

// The reader: `have` is what it holds of which history.
const faults = [];
let have = { epoch: null, names: [] };
const onEvent = ({ epoch, offset, name }) => {
  if (epoch !== have.epoch || offset !== have.names.length) faults.push([epoch, offset, have.epoch, have.names.length]);
  have.names[offset] = name;
};
const read = async () => {
  counts.resyncs += 1;
  await pause(10);
  if (chance(0.3)) { counts.failedReadings += 1; throw new Error('not now'); }
  const place = { epoch: `e${house.epoch}`, offset: house.last };
  const names = house.names.slice(0, house.last + 1);
  await pause(10);
  // Applied with the place that it was read at, as the client goes on from there.
  have = { epoch: place.epoch, names: names.length ? names : [undefined] };
  return place;
};
const realtime = new Realtime({ url: 'ws://nowhere', Socket, random });
realtime.delay = () => some(5);
realtime.send = (frame) => { realtime.socket?.send(JSON.stringify(frame)); return true; };
have = { epoch: 'e1', names: [undefined] };
realtime.subscribe('c', { epoch: 'e1', offset: 0, onEvent, onResync: read });
const channel = realtime.channels.get('c');
channel.again = function again() { setTimeout(() => realtime.resubscribe('c'), some(10)); };
realtime.start();
for (let step = 0; step < 400; step += 1) {
  if (chance(0.7)) happen();
  for (const socket of [...sockets]) {
    socket.flush();
    if (chance(0.05)) socket.cut();
  }
  if (chance(0.3)) await pause(5);
}
const isDone = () => have.epoch === `e${house.epoch}` && have.names.length === house.last + 1;
for (let tries = 0; !isDone() && tries < 300; tries += 1) {
  for (const socket of sockets) socket.flush();
  await new Promise((resolve) => setTimeout(resolve, 10));
}
const place = realtime.place('c');
realtime.stop();
return { counts, faults, place, have: have.names.slice(1), log: house.names.slice(1), epoch: `e${house.epoch}` };
"""


@pytest.mark.parametrize("seed", range(6))
async def test_realtime_at_random_tells_every_event_once_and_in_order(guest: Visitor, seed: int) -> None:
    await guest.open("/sign-in")
    played: dict[str, Any] = await run(guest.page, PLAY.replace("SEED", str(seed)))

    assert played["faults"] == []
    assert played["have"] == played["log"]
    assert played["place"] == {"epoch": played["epoch"], "offset": len(played["log"])}
    assert all(played["counts"][what] for what in ("cuts", "resyncs", "recovered", "repeated"))
