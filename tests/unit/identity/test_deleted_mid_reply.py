"""A member is deleted while a reply of theirs streams and their socket listens: the whole application in memory."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from dependency_injector import providers

from adapters.memory.language_model import Script, ScriptedLanguageModel
from adapters.memory.system import ManualClock
from domain.chat import LLMProvider
from domain.errors import NotFound
from domain.events import session_channel
from domain.identity import OPERATOR, UNKNOWN_DEVICE, Actor, Device
from entrypoints.container import Container, memory_container
from entrypoints.settings import Settings
from tests.unit.realtime.world import Peer

PASSWORD = "correct horse battery"


def heard(peer: Peer) -> str:
    """All that arrived of the reply."""
    return "".join(frame["text"] for frame in peer.of_type("message_delta"))


def told(container: Container, peer: Peer) -> str:
    """All that has arrived of the reply a moment later."""
    container.clock().advance(timedelta(milliseconds=10))
    return heard(peer)


@asynccontextmanager
async def working(container: Container) -> AsyncIterator[None]:
    """The hub and the reply worker run."""
    await container.hub().start()
    task = asyncio.create_task(container.reply_worker().run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})
        await container.hub().close(0.1)


async def until(holds: Callable[[], bool], rounds: int = 2_000) -> None:
    for _ in range(rounds):
        if holds():
            return
        await asyncio.sleep(0)
    raise AssertionError("the condition never held")


async def joined(container: Container, name: str) -> Actor:
    """A new member, signed in."""
    view = await container.account_service().register(None, name, PASSWORD, UNKNOWN_DEVICE)
    async with container.unit_of_work() as work:
        member = await work.members.get(view.id)
        signed_in = await container.sign_in_opener().open(work, member, Device("192.0.2.7"), "password")
        await work.commit()
    actor, _ = await container.auth_service().actor(signed_in.access_token)
    return actor


@pytest.mark.parametrize("by_themselves", [True, False], ids=["own", "by-the-operator"])
async def test_deletion_in_mid_reply_stops_the_model_and_closes_the_socket(
    tmp_path: Path, *, by_themselves: bool
) -> None:
    container = memory_container(Settings(data_dir=tmp_path))
    container.clock.override(providers.Singleton(ManualClock))
    gate = asyncio.Event()
    model = ScriptedLanguageModel(Script(("The ", "answer ", "goes ", "on."), gate=gate, open_deltas=2))
    container.language_models.override(providers.Object({LLMProvider.LOCAL: model}))
    async with working(container):
        ann, ben = await joined(container, "ann"), await joined(container, "ben")
        anns, bens = (Peer(SimpleNamespace(hub=container.hub()), each) for each in (ann, ben))
        session = await container.chat_session_service().create(ann, title="Mine")
        await anns.subscribe(session_channel(session.id))
        await container.message_service().post(ann, session.id, "What now?")
        await until(lambda: [reply.text for reply in container.running_replies().all()] == ["The answer "])
        await until(lambda: told(container, anns) == "The answer ")

        if by_themselves:
            await container.data_rights().delete_own(ann, PASSWORD)
        else:
            await container.data_rights().delete(OPERATOR, ann.require_member())
        await until(lambda: anns.socket.closed is not None and model.running == 0)
        gate.set()
        await until(lambda: not container.running_replies().all())

        assert (anns.socket.closed, bens.socket.closed) == ((4001, "not signed in"), None)
        assert (heard(anns), model.closed_early) == ("The answer ", 1)
        with pytest.raises(NotFound):
            await container.chat_session_service().get(ann, session.id)
        await anns.cut()
        await bens.cut()
