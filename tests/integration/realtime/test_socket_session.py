"""One chat session on its socket: writing, streaming, coming back, and its end."""

from application.identity.sign_in import SignedIn
from application.ports.chat import ReplyJob
from domain.chat import ChatMessage, ChatMessageId, ChatSession
from domain.identity import Actor, Role
from tests.integration.realtime.site import Client, Site
from tests.unit.realtime.world import Frame

PIECES = ["Risk ", "1 % ", "of your ", "\u20ac\U0001f600 ", "account", " per ", "trade."]


async def test_session_socket_is_subscribed_by_its_address(site: Site) -> None:
    ada, session = await _conversation(site)

    async with site.open(ada.access_token, _path(session)) as client:
        welcome, subscribed = await client.next(), await client.next()

    assert welcome["type"] == "welcome"
    assert subscribed == {
        "type": "subscribed",
        "channel": f"session:{session.id}",
        "epoch": "memory",
        "offset": 0,
        "recovered": False,
    }


async def test_session_socket_of_a_stranger_is_told_and_closed(site: Site) -> None:
    _, session = await _conversation(site)
    ben = await site.signed_in("ben")

    for path in (_path(session), "/api/v1/chat/sessions/nonsense/websocket"):
        async with site.open(ben.access_token, path) as client:
            code, frames = await client.closed()

        assert code == 4004
        assert [frame["type"] for frame in frames] == ["welcome", "error"]
        assert frames[1]["error_code"] == "not_found"


async def test_session_socket_wrong_place_is_told_and_fresh(site: Site) -> None:
    ada, session = await _conversation(site)

    async with site.open(ada.access_token, f"{_path(session)}?offset=x") as client:
        await client.hear("welcome")
        error, subscribed = await client.next(), await client.next()

    assert error["error_code"] == "invalid"
    assert subscribed["recovered"] is False


async def test_session_message_is_acknowledged_and_told(site: Site) -> None:
    ada, session = await _conversation(site)

    async with site.open(ada.access_token, _path(session)) as client:
        await client.hear("presence")
        await client.say("send_message", session_id=str(session.id), content="How much?", request_id="r-1")
        frames = [await client.next() for _ in range(3)]
    ack = next(frame for frame in frames if frame["type"] == "message_ack")
    told = [frame["message"] for frame in frames if frame["type"] == "new_message"]

    assert ack["request_id"] == "r-1"
    assert [message["id"] for message in told] == [ack["message_id"], ack["reply_id"]]
    assert told[0]["content"] == "How much?"


async def test_session_message_sent_again_is_written_once(site: Site) -> None:
    ada, session = await _conversation(site)
    acks = []

    for _ in range(2):
        async with site.open(ada.access_token) as client:
            await client.say("send_message", session_id=str(session.id), content="How much?", request_id="r-1")
            acks.append(await client.hear("message_ack"))

    assert acks[0] == acks[1]
    assert len(site.store.tables.chat_messages) == 2


async def test_session_reply_cancelled_is_acknowledged(site: Site) -> None:
    ada, session = await _conversation(site)

    async with site.open(ada.access_token, _path(session)) as client:
        await client.say("send_message", session_id=str(session.id), content="How much?", request_id="r-1")
        reply_id = (await client.hear("message_ack"))["reply_id"]
        await client.say("cancel", message_id=reply_id, request_id="r-2")
        frames = [await client.next() for _ in range(2)]

    assert {frame["type"] for frame in frames} == {"message_ack", "message_completed"}
    assert next(f for f in frames if f["type"] == "message_ack")["status"] == "cancelled"


async def test_session_message_of_a_client_that_left_is_still_written(site: Site) -> None:
    ada, session = await _conversation(site)

    async with site.open(ada.access_token, _path(session)) as client:
        await client.hear("subscribed")
        await site.store.lock.acquire()
        await client.say("send_message", session_id=str(session.id), content="How much?", request_id="r-1")
        await client.say("ping")
        site.hub.manager.broadcast_to_all("system_update", {"change": "nudge"})
        await client.hear("system_update")
        site.hub.manager.all()[0].outbox.close(4000, "for the test")
        await client.closed()
        site.store.lock.release()
    async with site.open(ada.access_token) as other:
        while site.hub.manager.stats().total_connections > 1:
            await other.say("ping")
            await other.hear("pong")

    assert len(site.store.tables.chat_messages) == 2


async def test_session_typing_reaches_the_others(site: Site) -> None:
    ada, session = await _conversation(site)

    async with site.open(ada.access_token, _path(session)) as one, site.open(ada.access_token) as other:
        await one.hear("subscribed")
        await other.say("typing_start", session_id=str(session.id))
        began = await one.hear("typing_indicator")
        await other.say("typing_stop", session_id=str(session.id))
        ended = await one.hear("typing_indicator")

    assert began["user_id"] == str(ada.member_id)
    assert (began["is_typing"], ended["is_typing"]) == (True, False)


async def test_session_reload_mid_reply_goes_on_exactly(site: Site) -> None:
    ada, session = await _conversation(site)
    reply = await _begun(site, session)
    running = site.running.start(_job(reply), site.clock.now())

    async with site.open(ada.access_token, _path(session)) as client:
        place = await client.hear("subscribed")
        first = (await client.hear("message_snapshot"))["text"]
        for piece in PIECES[:3]:
            running.append(piece, site.clock.now)
        running.tell()
        while first != "".join(PIECES[:3]):
            first += _next_part(await client.hear("message_delta"), first)
    running.append(PIECES[3], site.clock.now)
    async with site.open(
        ada.access_token, f"{_path(session)}?epoch={place['epoch']}&offset={place['offset']}"
    ) as client:
        again = await client.hear("subscribed")
        text = (await client.hear("message_snapshot"))["text"]
        resumed_with = text
        for piece in PIECES[4:]:
            running.append(piece, site.clock.now)
        running.tell()
        await _complete(site, reply, running.text)
        text, completed = await _to_the_end(client, text)

    assert again["recovered"] is True
    assert resumed_with == "".join(PIECES[:4])
    assert text == "".join(PIECES)
    assert completed["message"]["content"] == text


async def test_session_deleted_ends_both_kinds_of_sockets(site: Site) -> None:
    ada, session = await _conversation(site)

    async with site.open(ada.access_token, _path(session)) as own, site.open(ada.access_token) as many:
        await own.hear("presence")
        await many.say("subscribe", channel=f"session:{session.id}")
        await many.hear("presence")
        async with site.unit_of_work() as work:
            loaded = await work.chat_sessions.get(session.id)
            loaded.delete()
            await work.chat_sessions.delete(loaded)
            await work.commit()
        code, frames = await own.closed()
        deleted, ended = await many.hear("session_updated"), await many.hear("unsubscribed")
        await many.say("ping")
        alive = await many.next()

    assert code == 4004
    assert [frame["type"] for frame in frames] == ["session_updated", "unsubscribed"]
    assert deleted["change"] == "deleted"
    assert (ended["channel"], ended["reason"]) == (f"session:{session.id}", "session_deleted")
    assert alive == {"type": "pong"}


async def test_session_unsubscribed_socket_hears_no_more(site: Site) -> None:
    ada = await site.signed_in()

    async with site.open(ada.access_token) as client:
        await client.say("subscribe", channel="guides")
        await client.hear("subscribed")
        await client.say("unsubscribe", channel="guides")
        ended = await client.hear("unsubscribed")
        site.guide_changed()
        await client.say("ping")
        after = await client.next()

    assert (ended["channel"], ended["reason"]) == ("guides", "requested")
    assert after == {"type": "pong"}


async def test_socket_shutdown_sends_everybody_away_with_a_hint(site: Site) -> None:
    ada = await site.signed_in()

    async with site.open(ada.access_token) as one, site.open(ada.access_token) as two:
        for client in (one, two):
            await client.hear("welcome")
        await site.hub.close(deadline=2)
        codes = [await client.closed() for client in (one, two)]
        async with site.open(ada.access_token) as late:
            late_code, _ = await late.closed()

    assert [code for code, _ in codes] == [1012, 1012]
    hints = [frames[-1]["retry_after_ms"] for _, frames in codes]
    assert len(set(hints)) == 2
    assert late_code == 1012


async def _conversation(site: Site) -> tuple[SignedIn, ChatSession]:
    ada = await site.signed_in()
    return ada, await site.session(Actor(member_id=ada.member_id, role=Role.PUBLIC))


def _path(session: ChatSession) -> str:
    return f"/api/v1/chat/sessions/{session.id}/websocket"


async def _begun(site: Site, session: ChatSession) -> ChatMessage:
    async with site.unit_of_work() as work:
        seq = await work.chat_sessions.allocate_seq(session.id, 1, site.clock.now())
        reply = ChatMessage.reply(ChatMessageId(site.ids.new()), session, seq, site.clock.now())
        reply.begin(site.clock.now())
        await work.chat_messages.add(reply)
        await work.commit()
    return reply


async def _complete(site: Site, reply: ChatMessage, text: str) -> None:
    async with site.unit_of_work() as work:
        loaded = await work.chat_messages.get(reply.id)
        loaded.complete(text, site.clock.now())
        await work.chat_messages.save(loaded)
        await work.commit()


async def _to_the_end(client: Client, text: str) -> tuple[str, Frame]:
    while True:
        frame = await client.next()
        if frame["type"] == "message_completed":
            return text, frame
        if frame["type"] == "message_delta":
            text += _next_part(frame, text)


def _next_part(delta: Frame, so_far: str) -> str:
    assert delta["position"] == len(so_far)
    return str(delta["text"])


def _job(reply: ChatMessage) -> ReplyJob:
    return ReplyJob(reply.id, reply.session_id, reply.generation)
