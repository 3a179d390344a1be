"""The protocol page shows what really goes over the wire."""

import asyncio
import json
import re
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.memory.rate_limiter import InMemoryRateLimiter
from adapters.system.clock import SystemClock
from adapters.websocket import HubSettings
from adapters.websocket.outbox import OutboxLimits
from adapters.websocket.passing import PassingTimes
from adapters.websocket.presence import PresenceTimes
from application.allowances import Allowance
from application.ports.limits import Limit
from domain.chat import ChatMessageId
from domain.events import GUIDES
from domain.identity import Actor, Role
from entrypoints.http import frames
from entrypoints.http.frames import decode_frame
from tests.integration.realtime.site import Client, Site
from tests.unit.realtime.world import Frame

PAGE = Path(__file__).parents[3] / "docs/realtime.md"
MOST_SOCKETS = 3
EXAMPLE = re.compile(r"^```json (client|server)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def examples(side: str) -> list[str]:
    return [text for whose, text in EXAMPLE.findall(PAGE.read_text(encoding="utf-8")) if whose == side]


def shape(value: Any) -> Any:
    """Fields and kinds of values, without the values; what may be absent or null counts as one kind."""
    if isinstance(value, dict):
        return {name: shape(item) for name, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value[:1]]
    return "scalar" if value is None or isinstance(value, bool | int | float | str) else type(value)


def kind(frame: Frame) -> str:
    """One of its kind: type, fields, and the words that say which case it is."""
    words = {name: frame[name] for name in ("reason", "recovered", "change") if name in frame}
    return json.dumps([frame["type"], words, shape(frame)], sort_keys=True)


@pytest.mark.parametrize("text", examples("client"))
def test_protocol_page_client_example_is_understood(text: str) -> None:
    assert decode_frame(text, 10_000).__struct_config__.tag == json.loads(text)["type"]


def test_protocol_page_every_client_frame_is_shown() -> None:
    shown = {json.loads(text)["type"] for text in examples("client")}

    assert shown == {one.__struct_config__.tag for one in frames.ClientFrame.__args__}


async def test_protocol_page_server_examples_really_come() -> None:
    once = Allowance(InMemoryRateLimiter(SystemClock()), "messages", Limit(1, timedelta(minutes=1)))
    settings = HubSettings(
        heartbeat_seconds=0.2,
        max_sockets_per_member=MOST_SOCKETS,
        passing=PassingTimes(
            presence=PresenceTimes(grace=timedelta(seconds=0.1), look_seconds=0.05), figures_seconds=0.1
        ),
        outbox=OutboxLimits(frames=40),
    )
    async with Site(settings, allowance=once) as site:
        heard = await _everything(site)

    seen = {kind(frame) for frame in heard}
    shown = {kind(json.loads(text)) for text in examples("server")}
    assert shown - seen == set()
    assert {frame["type"] for frame in heard} == {json.loads(text)["type"] for text in examples("server")}


async def _everything(site: Site) -> list[Frame]:
    """A conversation, a resync, a lagging socket and a shutdown: every kind of frame there is."""
    ada, ben = await site.signed_in(), await site.signed_in("ben")
    session = await site.session(*(Actor(member_id=each.member_id, role=Role.PUBLIC) for each in (ada, ben)))
    heard: list[Frame] = await _figures(site)
    async with site.open() as client:
        await client.say("authenticate", token=ada.access_token)
        for channel in (f"user:{ada.member_id}", f"session:{session.id}", "guides", "session:" + str(site.ids.new())):
            await client.say("subscribe", channel=channel)
        await client.say("subscribe", channel="guides", epoch="another", offset=1)
        await client.say("typing_start", session_id=str(session.id))
        await _visit(site, ben.access_token, f"session:{session.id}", client, heard)
        site.guide_changed()
        await client.say("ping")
        await _reply(site, client, str(session.id), heard)
        async with site.unit_of_work() as work:
            loaded = await work.chat_sessions.get(session.id)
            loaded.revise(site.clock.now(), title="Sizing")
            await work.chat_sessions.save(loaded)
            await work.commit()
        await _until(client, "session_updated", heard)
        await client.say("unsubscribe", channel="guides")
        await _until(client, "unsubscribed", heard)
        await client.say("subscribe", channel="guides", epoch=site.store.epoch, offset=0)
        await _until(client, "guide_updated", heard)
        await _until(client, "ping", heard)
        await client.say("subscribe", channel=GUIDES)
        await _until(client, "subscribed", heard)
        for _ in range(50):
            site.guide_changed()
        heard += (await client.closed())[1]
    async with site.open(ada.access_token) as client:
        await client.hear("welcome")
        async with AsyncExitStack() as stack:
            sockets = [await stack.enter_async_context(site.open(ada.access_token)) for _ in range(MOST_SOCKETS)]
            heard += (await sockets[-1].closed())[1]
        await client.say("send_message", session_id=str(session.id), content="Once more", request_id="r-3")
        await _until(client, "error", heard)
        await site.hub.close(deadline=1)
        heard += (await client.closed())[1]
    return heard


async def _figures(site: Site) -> list[Frame]:
    admin = await site.signed_in("cleo", Role.ADMIN)
    async with site.open(admin.access_token) as client:
        await client.say("subscribe", channel="system_metrics")
        return [await client.hear("system_metrics")]


async def _visit(site: Site, token: str, channel: str, client: Client, heard: list[Frame]) -> None:
    await _until(client, "presence", heard)
    async with site.open(token) as visitor:
        await visitor.say("subscribe", channel=channel)
        assert len((await visitor.hear("presence"))["user_ids"]) == 2
        await _until(client, "user_joined", heard)
    await _until(client, "user_left", heard)


async def _reply(site: Site, client: Client, session_id: str, heard: list[Frame]) -> None:
    await client.say("send_message", session_id=session_id, content="How much should I risk?", request_id="r-1")
    reply_id = ChatMessageId((await _until(client, "message_ack", heard))["reply_id"])
    async with site.unit_of_work() as work:
        job = await work.reply_queue.claim(site.ids.new(), site.clock.now(), site.clock.now())
        assert job is not None
        reply = await work.chat_messages.get(job.message_id)
        reply.begin(site.clock.now())
        await work.chat_messages.save(reply)
        await work.commit()
    running = site.running.start(job, site.clock.now())
    running.append("At most ", site.clock.now)
    await client.say("subscribe", channel=f"session:{session_id}")
    await _until(client, "message_snapshot", heard)
    running.append("1 % of the account.", site.clock.now)
    running.tell()
    await _until(client, "message_delta", heard)
    await client.say("cancel", message_id=str(reply_id), request_id="r-2")
    await _until(client, "message_completed", heard)
    await asyncio.sleep(0)


async def _until(client: Client, wanted: str, heard: list[Frame]) -> Frame:
    while True:
        heard.append(await client.next())
        if heard[-1]["type"] == wanted:
            return heard[-1]
