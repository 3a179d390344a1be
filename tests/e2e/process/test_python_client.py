"""The Python client against a house that really dies, and the example of the documentation as it stands there."""

import asyncio
import re
from typing import Any

from adapters.client import Backoff, Event, Place, RealtimeClient, Transcript
from adapters.client.errors import Disconnected
from adapters.client.sockets import Socket, open_socket
from tests.e2e.conftest import REPOSITORY, Instance
from tests.e2e.process.server import PASSWORD, PATIENCE, USERNAME, member_of, serving

QUESTION = "What is a stop order, and when do I use one?"
PAGE = (REPOSITORY / "docs/library.md").read_text(encoding="utf-8")


class Whereabouts:
    """Where the house stands now: another port after each start."""

    def __init__(self) -> None:
        self.url = ""
        self.token = ""

    async def connect(self, _url: str, token: str) -> Socket:
        if not self.url:
            raise Disconnected(1006, "nobody there")
        return await open_socket(f"{self.url.replace('http', 'ws', 1)}/api/v1/ws", token)

    async def tokens(self, renew: bool) -> str:
        return self.token


def versions(messages: list[Any]) -> list[int]:
    return [message["version"] for message in messages]


async def test_python_client_example_of_the_documentation_follows_an_answer(instance: Instance) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    (example,) = (block for block in blocks if "async def follow" in block)
    names: dict[str, Any] = {}
    exec(compile(example, "docs/library.md", "exec"), names)
    async with serving(instance) as server, member_of(server) as member:
        session = await member.begin_session()
        async with asyncio.timeout(PATIENCE):
            answer = await names["follow"](server.url, USERNAME, PASSWORD, session, QUESTION)
        _, reply = await member.messages(session)

    assert "stop" in answer.lower()
    assert answer == reply["content"]


async def test_python_client_over_a_killed_house_ends_with_what_is_stored(instance: Instance) -> None:
    where = Whereabouts()
    client = RealtimeClient("", where.tokens, connect=where.connect, backoff=Backoff(first=0.05, longest=0.2))
    transcript, heard, told = Transcript(), list[Event](), asyncio.Condition()

    async def listen(channel: str, epoch: str) -> None:
        subscription = client.subscribe(channel, Place(epoch, 0))
        async for event in subscription:
            heard.append(event)
            if not transcript.apply(event):
                subscription.resubscribe()
            async with told:
                told.notify_all()

    async with client:
        async with serving(instance) as server, member_of(server) as member:
            session = await member.begin_session()
            async with member.socket() as socket:
                epoch = (await socket.subscribe(session))["epoch"]
            where.url, where.token = server.url, member.token
            listening = asyncio.create_task(listen(f"session:{session}", epoch))
            await client.send_message(session, QUESTION)
            await client.send_message(session, "How large should a position be?")
            server.kill()
        where.url = ""
        async with serving(instance) as server, member_of(server) as member:
            where.url = server.url
            stored = await member.settled(session)
            async with asyncio.timeout(PATIENCE), told:
                await told.wait_for(lambda: versions(transcript.messages) == versions(stored))
        listening.cancel()
    offsets = [event.place.offset for event in heard if event.place is not None]

    assert len(stored) == 4
    assert [transcript.text(each["id"]) for each in stored] == [each["content"] for each in stored]
    assert offsets == list(range(1, len(offsets) + 1))
