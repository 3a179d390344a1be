"""After `kill -9` at any moment: what was acknowledged is there, and every reply comes to an end."""

import asyncio
import random
from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import Instance
from tests.e2e.process.server import Member, member_of, serving, stored_replies

QUESTIONS = (
    "What is a stop order, and when do I use one?",
    "How large should a position be?",
    "How do I get back from a drawdown?",
    "What does the relative strength index tell me?",
)
ROUNDS = 10
SOAK_ROUNDS = 200

Posted = dict[str, Any]


async def _write_until_cut_off(
    member: Member, session_id: str, seed: int, kept: list[Posted], tried: list[str]
) -> None:
    """Post one message after another; what was acknowledged goes to `kept`, every content to `tried`."""
    chance = random.Random(seed)
    number = 0
    try:
        while True:
            number += 1
            # It is the key as well, and a member's keys are theirs in all rounds.
            content = f"{chance.choice(QUESTIONS)} ({session_id[-12:]}-{number})"
            tried.append(content)
            kept.append(await member.post(session_id, content, key=content))
            await asyncio.sleep(chance.uniform(0.05, 0.5))
    except httpx.TransportError:
        return


def assert_conversation_is_whole(messages: Sequence[Posted], kept: Sequence[Posted], tried: Sequence[str]) -> None:
    """No gap, no repeat, nothing acknowledged lost, nothing made up, and every reply at its end."""
    assert [message["seq"] for message in messages] == list(range(1, len(messages) + 1))
    by_id = {message["id"]: message for message in messages}
    for posted in kept:
        assert by_id[posted["message"]["id"]] == posted["message"]
        assert by_id[posted["reply_id"]]["role"] == "assistant"
    contents = [message["content"] for message in messages if message["role"] == "user"]
    assert len(contents) == len(set(contents))
    assert set(contents) <= set(tried)
    for message in messages:
        assert message["status"] in {"complete", "interrupted"}, message
        assert (message["status"] == "interrupted") == (message["error_message"] is not None)


async def _killed_in_the_middle(instance: Instance, seed: int) -> None:
    chance = random.Random(seed)
    kept: list[Posted] = []
    tried: list[str] = []
    async with serving(instance) as server, member_of(server) as member:
        sessions = [await member.begin_session() for _ in range(3)]
        writers = [
            asyncio.create_task(_write_until_cut_off(member, session, chance.randrange(2**32), kept, tried))
            for session in sessions
        ]
        await asyncio.sleep(chance.uniform(0.2, 1.5))
        server.kill()
        await asyncio.gather(*writers)
    at_death = stored_replies(instance)
    streaming = {key: text for key, (status, text) in at_death.items() if status == "streaming"}
    async with serving(instance) as server, member_of(server) as member:
        for session in sessions:
            messages = await member.settled(session)
            mine = [posted for posted in kept if posted["message"]["session_id"] == session]
            assert_conversation_is_whole(messages, mine, tried)
            for message in messages:
                if message["status"] == "interrupted":
                    assert message["content"] == streaming[message["id"]]
        assert await server.terminate() == 0


@pytest.mark.parametrize("seed", range(ROUNDS))
async def test_kill_while_writing_and_answering_loses_nothing(instance: Instance, seed: int) -> None:
    await _killed_in_the_middle(instance, seed)
    assert all(status != "streaming" for status, _ in stored_replies(instance).values())


@pytest.mark.soak
@pytest.mark.timeout(7200)
async def test_kill_again_and_again_loses_nothing(instance: Instance) -> None:
    for seed in range(1000, 1000 + SOAK_ROUNDS):
        await _killed_in_the_middle(instance, seed)
    assert all(status != "streaming" for status, _ in stored_replies(instance).values())


async def test_kill_in_mid_reply_keeps_text_and_answers_what_waited(instance: Instance) -> None:
    async with serving(instance) as server, member_of(server) as member:
        session = await member.begin_session()
        async with member.socket() as socket:
            await socket.subscribe(session)
            first = await member.post(session, QUESTIONS[0])
            second = await member.post(session, QUESTIONS[1])
            await socket.hear("message_delta")
            await asyncio.sleep(0.3)
            server.kill()
    (status, text) = stored_replies(instance)[first["reply_id"]]
    assert (status, bool(text)) == ("streaming", True)
    async with serving(instance) as server, member_of(server) as member:
        replies = {message["id"]: message for message in await member.settled(session)}
        assert (replies[first["reply_id"]]["status"], replies[first["reply_id"]]["content"]) == ("interrupted", text)
        assert replies[second["reply_id"]]["status"] == "complete"
        assert replies[second["reply_id"]]["citations"]


async def test_kill_before_the_answer_lets_the_same_key_be_sent_again(instance: Instance) -> None:
    async with serving(instance) as server, member_of(server) as member:
        session = await member.begin_session()
        posted = await member.post(session, QUESTIONS[0], key="the-same")
        server.kill()
    async with serving(instance) as server, member_of(server) as member:
        assert await member.post(session, QUESTIONS[0], key="the-same") == posted
        messages = await member.settled(session)
        assert [message["role"] for message in messages] == ["user", "assistant"]


async def test_kill_and_start_show_the_same_conversation(instance: Instance) -> None:
    async with serving(instance) as server, member_of(server) as member:
        session = await member.begin_session()
        await member.post(session, QUESTIONS[0])
        before = await member.settled(session)
        server.kill()
    async with serving(instance) as server, member_of(server) as member:
        assert await member.messages(session) == before
        assert before[1]["status"] == "complete"
