"""Sockets cut at random while many replies stream, and a restart: every client's text is the stored text."""

import asyncio
import random
import sys
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field

import pytest

from adapters.client import Backoff, Place, RealtimeClient, Subscription, Transcript
from adapters.client.errors import Disconnected
from adapters.client.sockets import Socket, open_socket
from tests.e2e.conftest import Instance
from tests.e2e.process.server import PATIENCE, SETTINGS, Member, member_of, serving

TALKING = (sys.executable, "-m", "tests.e2e.process.talking_server")
CUT_EVERY_SECONDS = 0.005
UNLIMITED = {"GUILDHALL_LIMITS_MESSAGES_PER_MINUTE": "0", "GUILDHALL_LIMITS_SESSIONS_PER_HOUR": "0"}

Stored = dict[str, list[tuple[int, str]]]


class CutSocket(Socket):
    """A socket that ends without a word when it is cut."""

    def __init__(self, socket: Socket) -> None:
        self._socket = socket
        self._cut: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def cut(self) -> None:
        if not self._cut.done():
            self._cut.set_result(None)

    async def send(self, text: str) -> None:
        if self._cut.done():
            raise Disconnected(1006, "cut")
        await self._socket.send(text)

    async def receive(self) -> str:
        receiving = asyncio.ensure_future(self._socket.receive())
        try:
            await asyncio.wait({receiving, self._cut}, return_when=asyncio.FIRST_COMPLETED)
            if self._cut.done():
                raise Disconnected(1006, "cut")
            return receiving.result()
        finally:
            receiving.cancel()

    async def close(self) -> None:
        await self._socket.close()


@dataclass
class Followers:
    """Clients that share the sessions among them, and the house they look for."""

    url: str = ""
    token: str = ""
    cuts: int = 0
    sockets: dict[int, CutSocket] = field(default_factory=dict)
    transcripts: dict[str, Transcript] = field(default_factory=dict)
    grown: dict[str, tuple[str, str]] = field(default_factory=dict)
    following: list[asyncio.Task[None]] = field(default_factory=list)
    told: asyncio.Condition = field(default_factory=asyncio.Condition)

    def client(self, number: int) -> RealtimeClient:
        async def connect(_url: str, token: str) -> Socket:
            if not self.url:
                raise Disconnected(1006, "nobody there")
            socket = await open_socket(f"{self.url.replace('http', 'ws', 1)}/api/v1/ws", token)
            self.sockets[number] = CutSocket(socket)
            return self.sockets[number]

        return RealtimeClient("", self._tokens, connect=connect, backoff=Backoff(first=0.01, longest=0.1))

    def follow(self, client: RealtimeClient, session: str, place: Place) -> None:
        self.transcripts[session] = Transcript()
        self.following.append(asyncio.create_task(self._follow(client.subscribe(f"session:{session}", place), session)))

    async def cut_at_random(self, chance: random.Random) -> None:
        while True:
            await asyncio.sleep(chance.expovariate(1 / CUT_EVERY_SECONDS))
            self.sockets[chance.choice(list(self.sockets))].cut()
            self.cuts += 1

    async def have(self, stored: Stored) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE), self.told:
                await self.told.wait_for(lambda: self.held() == stored)

    def held(self) -> Stored:
        return {
            session: [(message["version"], transcript.text(message["id"])) for message in transcript.messages]
            for session, transcript in self.transcripts.items()
        }

    def misheard(self) -> list[tuple[str, str]]:
        """What a running reply had grown to from its pieces, where the stored text does not begin with it.

        A killed house has stored less than it said: that much has to be what it said.
        """
        pairs = [(grown, self.transcripts[session].text(reply)) for reply, (session, grown) in self.grown.items()]
        return [
            (grown, stored) for grown, stored in pairs if not (stored.startswith(grown) or grown.startswith(stored))
        ]

    async def _tokens(self, renew: bool) -> str:
        return self.token

    async def _follow(self, subscription: Subscription, session: str) -> None:
        async for event in subscription:
            if not self.transcripts[session].apply(event):
                subscription.resubscribe()
            elif event.type == "message_delta":
                reply = event.body["message_id"]
                self.grown[reply] = session, self.transcripts[session].text(reply)
            async with self.told:
                self.told.notify_all()


async def test_cut_sockets_over_a_restart_end_with_the_stored_texts(instance: Instance) -> None:
    followers, stored = await _cut_and_restarted(instance, sessions=24, clients=6)

    assert followers.cuts > 50
    assert followers.held() == stored
    assert len(followers.grown) > 24
    assert followers.misheard() == []


@pytest.mark.soak
@pytest.mark.timeout(600)
async def test_cut_sockets_of_a_hundred_replies_end_with_the_stored_texts(instance: Instance) -> None:
    followers, stored = await _cut_and_restarted(instance, sessions=100, clients=20)

    assert followers.cuts > 100
    assert followers.held() == stored
    assert len(followers.grown) > 100
    assert followers.misheard() == []


async def _cut_and_restarted(instance: Instance, sessions: int, clients: int) -> tuple[Followers, Stored]:
    """What the clients hold and what is stored in the end: two messages a session, and the replies to them."""
    talking = Instance(instance.folder, {**SETTINGS, **UNLIMITED})
    followers, chance = Followers(), random.Random(20_261_121)
    async with AsyncExitStack() as stack:
        connected = [await stack.enter_async_context(followers.client(number)) for number in range(clients)]
        async with serving(talking, TALKING) as server, member_of(server) as member:
            ids = [await member.begin_session() for _ in range(sessions)]
            async with member.socket() as socket:
                epoch = (await socket.subscribe(ids[0]))["epoch"]
            followers.url, followers.token = server.url, member.token
            for number, session in enumerate(ids):
                followers.follow(connected[number % clients], session, Place(epoch, 0))
            await asyncio.gather(*(member.post(session, f"Talk to me ({session}).") for session in ids))
            cutting = asyncio.create_task(followers.cut_at_random(chance))
            await asyncio.sleep(1.5)
            followers.url = ""
            server.kill()
        async with serving(talking, TALKING) as server, member_of(server) as member:
            followers.url = server.url
            await asyncio.gather(*(member.post(session, f"And again ({session}).") for session in ids))
            await asyncio.sleep(1.5)
            cutting.cancel()
            stored = {session: await _settled(member, session) for session in ids}
            await followers.have(stored)
    for task in followers.following:
        task.cancel()
    assert all(len(messages) == 4 for messages in stored.values())
    assert all(messages[-1][1] for messages in stored.values())
    return followers, stored


async def _settled(member: Member, session: str) -> list[tuple[int, str]]:
    return [(message["version"], message["content"]) for message in await member.settled(session)]
