"""The page's client of the socket protocol, against a socket that the test plays."""

from typing import Any

import pytest

from tests.e2e.browser.conftest import Visitor
from tests.e2e.browser.modules import run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SETUP = """
const { Realtime } = await load('realtime.js');
const sockets = [];
class Socket {
  constructor() { this.readyState = 1; this.sent = []; sockets.push(this); }
  send(text) { this.sent.push(JSON.parse(text)); }
  close() { this.readyState = 3; }
  tell(...frames) { this.onmessage({ data: JSON.stringify(frames.length === 1 ? frames[0] : frames) }); }
  end(code) { this.readyState = 3; this.onclose({ code }); }
}
const until = async (holds) => {
  for (let tries = 0; !holds() && tries < 200; tries += 1) await new Promise((resolve) => setTimeout(resolve, 10));
  return holds();
};
let refreshed = 0;
let signedOut = 0;
let refresh = async () => { refreshed += 1; };
const realtime = new Realtime({ url: 'ws://nowhere', Socket, random: () => 0, refresh: () => refresh(),
                                onSignedOut: () => { signedOut += 1; } });
const heard = [];
const channel = { epoch: 'e1', offset: 4, onEvent: (event) => heard.push(event.offset ?? event.text) };
const event = (offset, epoch = 'e1') => ({ type: 'new_message', channel: 'session:1', epoch, offset });
const done = (result) => { realtime.stop(); return result; };
"""


async def tried(guest: Visitor, script: str) -> Any:
    """What the script returns on a page of the house."""
    await guest.open("/sign-in")
    return await run(guest.page, SETUP + script)


async def test_realtime_after_break_subscribes_from_last_offset(guest: Visitor) -> None:
    script = """
    realtime.subscribe('session:1', channel);
    realtime.start();
    sockets[0].tell({ type: 'welcome' });
    const place = { channel: 'session:1', epoch: 'e1', offset: 6 };
    sockets[0].tell({ type: 'subscribed', ...place, recovered: true }, event(5), event(6));
    sockets[0].end(1006);
    await until(() => sockets.length === 2);
    sockets[1].tell({ type: 'welcome' });
    return done([sockets[0].sent, sockets[1].sent, heard]);
    """

    first, second, heard = await tried(guest, script)
    assert first == [{"type": "subscribe", "channel": "session:1", "epoch": "e1", "offset": 4}]
    assert second == [{"type": "subscribe", "channel": "session:1", "epoch": "e1", "offset": 6}]
    assert heard == [5, 6]


async def test_realtime_repeated_event_told_once(guest: Visitor) -> None:
    script = """
    realtime.subscribe('session:1', channel);
    realtime.start();
    sockets[0].tell({ type: 'welcome' });
    sockets[0].tell(event(4), event(5), event(5), { type: 'message_delta', channel: 'session:1', text: 'x' }, event(6));
    return done(heard);
    """

    assert await tried(guest, script) == [5, "x", 6]


async def test_realtime_passing_frames_leave_the_place_alone(guest: Visitor) -> None:
    script = """
    realtime.subscribe('session:1', channel);
    realtime.start();
    sockets[0].tell({ type: 'welcome' });
    const passing = (type, fields) => ({ type, channel: 'session:1', session_id: '1', ...fields });
    sockets[0].tell({ type: 'subscribed', channel: 'session:1', epoch: 'e1', offset: 4, recovered: true },
                    passing('presence', { user_ids: ['me', 'you'] }), event(5),
                    passing('user_joined', { user_id: 'you' }), passing('user_left', { user_id: 'you' }));
    sockets[0].end(1006);
    await until(() => sockets.length === 2);
    sockets[1].tell({ type: 'welcome' });
    return done([sockets[1].sent, heard]);
    """

    again, heard = await tried(guest, script)
    assert again == [{"type": "subscribe", "channel": "session:1", "epoch": "e1", "offset": 5}]
    assert heard == [None, 5, None, None]


async def test_realtime_resync_holds_events_until_state_is_read(guest: Visitor) -> None:
    script = """
    let finish;
    const onResync = () => new Promise((resolve) => { finish = resolve; });
    realtime.subscribe('session:1', { ...channel, onResync });
    realtime.start();
    sockets[0].tell({ type: 'welcome' });
    const place = { channel: 'session:1', epoch: 'e2', offset: 10 };
    sockets[0].tell({ type: 'resync_required', ...place }, event(11, 'e2'), event(12, 'e2'));
    const before = [...heard];
    finish({ epoch: 'e2', offset: 11 });
    await until(() => heard.length);
    return done([before, heard]);
    """

    assert await tried(guest, script) == [[], [12]]


async def test_realtime_channel_left_while_its_state_is_read_tells_nothing_more(guest: Visitor) -> None:
    script = """
    let finish;
    const onResync = () => new Promise((resolve) => { finish = resolve; });
    const leave = (told) => { heard.push(told.offset); realtime.unsubscribe('session:2'); };
    for (const [name, onEvent] of [['session:1', channel.onEvent], ['session:2', leave]]) {
      realtime.subscribe(name, { ...channel, onEvent, onResync });
    }
    realtime.start();
    sockets[0].tell({ type: 'welcome' });
    for (const name of ['session:1', 'session:2']) {
      const on = (frame) => ({ ...frame, channel: name });
      const lost = { type: 'resync_required', epoch: 'e2', offset: 10 };
      sockets[0].tell(on(lost), on(event(11, 'e2')), on(event(12, 'e2')));
      if (name === 'session:1') realtime.unsubscribe(name);
      finish();
    }
    await until(() => heard.length);
    return done(heard);
    """

    assert await tried(guest, script) == [11]


async def test_realtime_stopped_and_started_while_refreshing_has_one_socket(guest: Visitor) -> None:
    script = """
    const finish = [];
    refresh = () => new Promise((resolve, reject) => { finish.push(resolve, reject); });
    for (const start of [1, 2]) {
      realtime.start();
      sockets.at(-1).end(4001);
      realtime.stop();
    }
    realtime.start();
    sockets[2].tell({ type: 'welcome' });
    finish[0]();
    finish[3]({ status: 401 });
    await new Promise((resolve) => setTimeout(resolve, 700));
    return done([sockets.length, realtime.socket === sockets[2], signedOut]);
    """

    assert await tried(guest, script) == [3, True, 0]


async def test_realtime_ended_token_refreshed_before_coming_back(guest: Visitor) -> None:
    script = """
    realtime.start();
    sockets[0].tell({ type: 'welcome' });
    sockets[0].end(4001);
    await until(() => sockets.length === 2);
    return done([refreshed, sockets.length, signedOut]);
    """

    assert await tried(guest, script) == [1, 2, 0]


async def test_realtime_refused_refresh_signs_out_for_good(guest: Visitor) -> None:
    script = """
    refresh = async () => { throw { status: 401 }; };
    realtime.start();
    sockets[0].end(4001);
    await until(() => signedOut);
    await new Promise((resolve) => setTimeout(resolve, 100));
    return done([sockets.length, signedOut]);
    """

    assert await tried(guest, script) == [1, 1]


async def test_realtime_server_going_away_waits_as_asked(guest: Visitor) -> None:
    script = """
    realtime.start();
    sockets[0].tell({ type: 'welcome' });
    sockets[0].tell({ type: 'system_update', change: 'going_away', retry_after_ms: 400 });
    const began = performance.now();
    sockets[0].end(1012);
    await until(() => sockets.length === 2);
    return done(performance.now() - began);
    """

    assert await tried(guest, script) >= 290


async def test_realtime_ping_answered_and_garbage_survived(guest: Visitor) -> None:
    script = """
    realtime.start();
    sockets[0].tell({ type: 'welcome' });
    sockets[0].onmessage({ data: 'no json' });
    sockets[0].tell({ type: 'ping' }, { type: 'of a later version' });
    return done(sockets[0].sent);
    """

    assert await tried(guest, script) == [{"type": "pong"}]


async def test_outbox_keeps_key_until_confirmed(guest: Visitor) -> None:
    script = """
    const { Outbox } = await load('outbox.js');
    const tried = [];
    let fails = 1;
    const post = async (item) => {
      tried.push(item.key);
      if (fails) { fails -= 1; throw { status: 0, isPassing: true, retryAfter: null }; }
      return { id: 'm' };
    };
    const quiet = () => {};
    const make = () => new Outbox({ name: 'box', post, onAttempt: quiet, onSent: quiet, onSignedOut: quiet });
    const first = make();
    first.add('s', 'Hello');
    await first.flush();
    const kept = localStorage.getItem('box') !== null;
    clearTimeout(first.timer);
    await make().flush();
    realtime.stopped = true;
    return [tried.length, new Set(tried).size, kept, localStorage.getItem('box')];
    """

    assert await tried(guest, script) == [2, 1, True, None]
