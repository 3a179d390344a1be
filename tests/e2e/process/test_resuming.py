"""A client that comes back after the server was killed gets exactly what it missed."""

import asyncio

from tests.e2e.conftest import Instance
from tests.e2e.process.server import member_of, serving

QUESTION = "What is a stop order, and when do I use one?"
DURABLE = {"new_message", "message_updated", "message_completed"}


async def test_resuming_after_kill_tells_exactly_what_was_missed(instance: Instance) -> None:
    async with serving(instance) as server, member_of(server) as member:
        session = await member.begin_session()
        async with member.socket() as socket:
            start = await socket.subscribe(session)
            await member.post(session, QUESTION)
            seen = [await socket.hear("new_message")]
        await member.settled(session)
        await member.post(session, "How large should a position be?")
        await asyncio.sleep(0.3)
        server.kill()
    position = seen[-1]["offset"]
    async with serving(instance) as server, member_of(server) as member:
        await member.settled(session)
        async with member.socket() as socket:
            answer = await socket.subscribe(session, start["epoch"], position)
            end = answer["offset"]
            missed = []
            while not missed or missed[-1]["offset"] < end:
                frame = await socket.next()
                if frame["type"] in DURABLE:
                    missed.append(frame)
        async with member.socket() as socket:
            await socket.subscribe(session, start["epoch"], start["offset"])
            whole = []
            while not whole or whole[-1]["offset"] < end:
                frame = await socket.next()
                if frame["type"] in DURABLE:
                    whole.append(frame)
        messages = {message["id"]: message for message in await member.messages(session)}
    assert answer["recovered"] is True
    assert answer["epoch"] == start["epoch"]
    assert [frame["offset"] for frame in missed] == list(range(position + 1, end + 1))
    assert [frame for frame in whole if frame["offset"] <= position] == seen
    assert [frame for frame in whole if frame["offset"] > position] == missed
    last = {frame["message"]["id"]: frame["message"] for frame in whole if "message" in frame}
    assert {key: message["version"] for key, message in last.items()} == {
        key: message["version"] for key, message in messages.items()
    }
    assert {key: message["content"] for key, message in last.items()} == {
        key: message["content"] for key, message in messages.items()
    }


async def test_resuming_on_a_restored_backup_asks_to_resynchronise(instance: Instance) -> None:
    async with serving(instance) as server, member_of(server) as member:
        session = await member.begin_session()
        await member.post(session, QUESTION)
        await member.settled(session)
        async with member.socket() as socket:
            before = await socket.subscribe(session)
        copy = instance.folder / "copy.db"
        assert instance.run("db", "backup", copy).code == 0
        assert await server.terminate() == 0
    restored = Instance(instance.folder, {**instance.settings, "GUILDHALL_DATABASE_URL": f"sqlite:///{copy}"})
    async with serving(restored) as server, member_of(server) as member, member.socket() as socket:
        answer = await socket.subscribe(session, before["epoch"], before["offset"])
        assert answer["epoch"] != before["epoch"]
        assert answer["recovered"] is False
        assert (await socket.hear("resync_required"))["channel"] == f"session:{session}"
