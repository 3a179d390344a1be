"""Calls that the protocol takes itself: whatever pieces they come in, each is answered once and in its turn."""

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
import uvicorn
from hypothesis import given
from hypothesis import strategies as st
from uvicorn.server import ServerState

from entrypoints.http.direct_calls import DirectCall, DirectCalls, DirectCallsProtocol, Reply

DIRECT, APPLICATION = b"direct", b"application"
HOST = b"host: x\r\n"


class Wire(asyncio.Transport):
    """A connection that keeps what was written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.ended = False
        self.reads = asyncio.Event()
        self.reads.set()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"peername": ("203.0.113.7", 40_000), "sockname": ("127.0.0.1", 80)}.get(name, default)

    def write(self, data: Any) -> None:
        assert not self.ended
        self.written += data

    def is_closing(self) -> bool:
        return self.ended

    def close(self) -> None:
        self.ended = True

    abort = close

    def write_eof(self) -> None:
        """As if it had one."""

    def pause_reading(self) -> None:
        self.reads.clear()

    def resume_reading(self) -> None:
        self.reads.set()


class Call(DirectCall):
    """One of `/direct`, answered a turn later; what is refused says so in its body or its header."""

    def __init__(self, calls: "Calls", is_admitted: bool) -> None:
        self._calls = calls
        self._is_admitted = is_admitted

    def is_admitted(self) -> bool:
        return self._is_admitted

    def take(self, body: bytes, reply: Reply) -> bool:
        if not self._is_admitted or body.startswith(b"refuse"):
            return False
        self._calls.taken.append(body)
        reply.run(self._answer(body, reply))
        return True

    async def _answer(self, body: bytes, reply: Reply) -> None:
        await self._calls.may_answer.wait()
        if body.startswith(b"fail"):
            reply.leave()
        else:
            reply.done(b"content-length: 0\r\nx-by: direct\r\nx-size: %d\r\n" % len(body))


class Calls(DirectCalls):
    """Those of `/direct`."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    def opened(self, scope: Any) -> Call | None:
        headers = dict(scope["headers"])
        if scope["raw_path"] != b"/direct" or b"upgrade" in headers:
            return None
        return Call(self, b"x-no" not in headers)


class Line:
    """A connection of the protocol, with an application behind it that says how much it got."""

    def __init__(self, **patience: float) -> None:
        self.calls, self.wire = Calls(), Wire()
        self.seen: list[str] = []
        config = uvicorn.Config(self._application, log_config=None, interface="asgi3", proxy_headers=False)
        protocol = type("Tested", (DirectCallsProtocol,), {"direct": self.calls, **patience})
        self.state = ServerState()
        self.protocol: DirectCallsProtocol = protocol(config, self.state, {})
        self.protocol.connection_made(self.wire)

    async def _application(self, scope: Any, receive: Any, send: Any) -> None:
        body, message = b"", dict[str, Any](type="http.request", more_body=True)
        while message["type"] == "http.request" and message["more_body"]:
            message = await receive()
            body += message.get("body", b"")
        self.seen.append(message["type"])
        headers = [(b"content-length", b"0"), (b"x-by", APPLICATION), (b"x-size", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def feed(self, *pieces: bytes) -> None:
        """Bring these pieces one after the other, each when the last one was seen."""
        for piece in pieces:
            await turns()
            async with asyncio.timeout(5):
                await self.wire.reads.wait()
            self.protocol.data_received(piece)
        await turns()

    async def end(self) -> None:
        """The client leaves."""
        self.wire.ended = True
        self.protocol.connection_lost(None)
        await turns()

    def answers(self) -> list[tuple[bytes, int]]:
        """Who answered, and the size of the body it got, in their order."""
        found = []
        for answer in self.wire.written.split(b"\r\n\r\n")[:-1]:
            status, *lines = answer.split(b"\r\n")
            if status != b"HTTP/1.1 100 Continue":
                assert status == b"HTTP/1.1 200 OK"
                headers = dict(line.split(b": ", 1) for line in lines)
                found.append((headers[b"x-by"], int(headers[b"x-size"])))
        return found


async def turns() -> None:
    """Let everything happen that may."""
    for _ in range(12):
        await asyncio.sleep(0)


def post(body: bytes = b"", path: bytes = b"/direct", headers: bytes = b"", version: bytes = b"1.1") -> bytes:
    """A call that names its length."""
    head = b"POST %s HTTP/%s\r\n%scontent-length: %d\r\n%s\r\n" % (path, version, HOST, len(body), headers)
    return head + body


def chunked(*chunks: bytes, headers: bytes = b"") -> bytes:
    """A call that comes in chunks."""
    body = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in (*chunks, b""))
    return b"POST /direct HTTP/1.1\r\n%stransfer-encoding: chunked\r\n%s\r\n%s" % (HOST, headers, body)


BODY = b'{"update_id": 7}'
LARGE = b"x" * 70_000
REQUESTS = {
    "plain": (post(BODY), {DIRECT}, len(BODY)),
    "empty": (post(), {DIRECT}, 0),
    "chunked": (chunked(BODY, BODY), {DIRECT}, 2 * len(BODY)),
    "refused by its body": (post(b"refuse me"), {APPLICATION}, 9),
    "refused by its head": (post(BODY, headers=b"x-no: 1\r\n"), {APPLICATION}, len(BODY)),
    "failed": (post(b"fail"), {APPLICATION}, 4),
    "asks before": (post(BODY, headers=b"expect: 100-continue\r\n"), {APPLICATION}, len(BODY)),
    "large": (post(LARGE), {DIRECT, APPLICATION}, len(LARGE)),
    "of the application": (b"GET / HTTP/1.1\r\n%s\r\n" % HOST, {APPLICATION}, 0),
    "with a body for the application": (post(BODY, path=b"/"), {APPLICATION}, len(BODY)),
}


@pytest.mark.parametrize("request_", [post(BODY), chunked(BODY, BODY)], ids=["length", "chunks"])
async def test_direct_call_cut_at_any_place_is_taken_whole_and_answered_once(request_: bytes) -> None:
    size = len(BODY) * (2 if b"chunked" in request_ else 1)
    for at in range(1, len(request_)):
        line = Line()
        await line.feed(request_[:at], request_[at:])
        assert line.answers() == [(DIRECT, size)], at
        await line.end()
    assert line.seen == []


async def test_direct_call_a_byte_at_a_time_is_taken_whole() -> None:
    line = Line()
    await line.feed(*(bytes([each]) for each in post(BODY)))
    assert (line.answers(), line.seen) == ([(DIRECT, len(BODY))], [])


@given(
    names=st.lists(st.sampled_from(sorted(REQUESTS)), min_size=1, max_size=6),
    cuts=st.lists(st.floats(0, 1, exclude_min=True), max_size=8),
)
async def test_direct_calls_among_others_in_any_pieces_are_answered_in_turn(
    names: Sequence[str], cuts: Sequence[float]
) -> None:
    stream = b"".join(REQUESTS[name][0] for name in names)
    places = sorted({0, len(stream), *(round(cut * len(stream)) for cut in cuts)})
    line = Line()

    await line.feed(*(stream[a:b] for a, b in pairwise(places)))
    for _ in names:
        await turns()

    answers = line.answers()
    assert [size for _, size in answers] == [REQUESTS[name][2] for name in names]
    assert all(by in REQUESTS[name][1] for (by, _), name in zip(answers, names, strict=True))
    # What the application sees was not taken before, but for what failed.
    assert len(line.seen) + len(line.calls.taken) == len(names) + names.count("failed")
    assert line.seen == ["http.request"] * len(line.seen)
    await line.end()
    assert line.state.tasks == set()


@pytest.mark.parametrize(
    ("request_", "closes"),
    [
        (post(BODY), False),
        (post(BODY, headers=b"connection: close\r\n"), True),
        (post(BODY, version=b"1.0"), True),
    ],
    ids=["kept", "closed", "HTTP/1.0"],
)
async def test_direct_call_keeps_its_connection_as_it_asks(request_: bytes, closes: bool) -> None:
    line = Line()
    await line.feed(request_)
    assert line.answers() == [(DIRECT, len(BODY))]
    assert line.wire.ended is closes
    assert (b"\r\nconnection: close\r\n" in line.wire.written) is closes


async def test_direct_call_says_what_the_server_says_in_every_answer() -> None:
    line = Line()
    line.state.default_headers = [(b"date", b"today")]
    await line.feed(post(BODY))
    line.state.default_headers = [(b"date", b"tomorrow")]
    await line.feed(post(BODY))
    days = [part.split(b"\r\n")[0] for part in line.wire.written.split(b"date: ")[1:]]
    assert days == [b"today", b"tomorrow"]


async def test_direct_call_whose_client_leaves_before_the_answer_is_taken_and_nothing_is_written() -> None:
    line = Line()
    line.calls.may_answer.clear()
    await line.feed(post(BODY))
    await line.end()
    line.calls.may_answer.set()
    await turns()
    assert (line.calls.taken, line.wire.written, line.seen) == ([BODY], b"", [])
    assert line.state.tasks == set()


@pytest.mark.parametrize("kept", [0, 5])
async def test_direct_call_whose_client_leaves_in_its_body_is_told_to_the_application(kept: int) -> None:
    line = Line()
    await line.feed(post(BODY)[: len(post(BODY)) - len(BODY) + kept])
    assert line.seen == []
    await line.end()
    assert (line.calls.taken, line.seen) == ([], ["http.disconnect"])


async def test_direct_call_whose_body_breaks_off_is_refused_once() -> None:
    line = Line()
    await line.feed(chunked(BODY)[:-7] + b"ZZ\r\n")
    assert line.wire.written.startswith(b"HTTP/1.1 400 ")
    assert line.wire.written.count(b"HTTP/1.1 ") == 1
    assert (line.calls.taken, line.seen) == ([], ["http.disconnect"])
    await line.end()


async def test_direct_call_with_a_late_body_is_left_to_the_application() -> None:
    line = Line(holding_seconds=0.0)
    request = post(BODY)
    await line.feed(request[:-3])
    await asyncio.sleep(0.02)
    await line.feed(request[-3:])
    assert (line.answers(), line.calls.taken) == ([(APPLICATION, len(BODY))], [])
    await line.end()


async def test_direct_call_refused_by_its_head_is_not_waited_for() -> None:
    line = Line()
    begun = post(BODY, headers=b"x-no: 1\r\n")[:-3]
    await line.feed(begun)
    assert len(line.state.tasks) == 1
    await line.end()
    assert line.seen == ["http.disconnect"]


async def test_direct_call_that_asks_for_another_protocol_is_the_applications() -> None:
    line = Line()
    await line.feed(post(headers=b"connection: upgrade\r\nupgrade: h2c\r\n"))
    assert line.calls.taken == []
    assert len(line.state.tasks) + len(line.seen) == 1
    await line.end()


async def test_direct_call_whose_client_does_not_read_waits_in_the_application() -> None:
    line = Line()
    line.protocol.pause_writing()
    await line.feed(post(BODY))
    assert (line.answers(), line.calls.taken) == ([], [])
    line.protocol.resume_writing()
    await turns()
    assert line.answers() == [(APPLICATION, len(BODY))]
    await line.end()


async def test_direct_call_under_way_at_the_end_of_the_server_is_answered_as_the_last() -> None:
    line = Line()
    line.calls.may_answer.clear()
    await line.feed(post(BODY))
    line.protocol.shutdown()
    assert (line.wire.ended, len(line.state.tasks)) == (False, 1)
    line.calls.may_answer.set()
    await turns()
    assert line.answers() == [(DIRECT, len(BODY))]
    assert line.wire.ended
    assert b"\r\nconnection: close\r\n" in line.wire.written


async def test_direct_call_answers_before_what_breaks_off_behind_it() -> None:
    line = Line()
    line.calls.may_answer.clear()
    await line.feed(post(BODY) + b"garbage\r\n\r\n")
    assert line.wire.written == b""
    line.calls.may_answer.set()
    await turns()
    first, second = line.wire.written.split(b"HTTP/1.1 ")[1:]
    assert (first[:3], second[:3]) == (b"200", b"400")
    await line.end()


async def test_connection_without_direct_calls_leaves_all_to_the_application() -> None:
    line = Line(direct=None)  # type: ignore[arg-type]
    await line.feed(post(BODY))
    assert line.answers() == [(APPLICATION, len(BODY))]
    await line.end()
