"""Telegram around real server processes: people who write, and what the database and Telegram know at the end."""

import random
import re
import socket
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from adapters.testing.telegram import FakeTelegram, User
from tests.e2e.conftest import Instance
from tests.e2e.process.server import RunningServer
from tests.support.apart import run_apart

SECRET = "a-secret-of-ours"
_NUMBER = re.compile(r"zq(\d+)")

Json = dict[str, object]
Store = Path | str
"""The SQLite file, or the URL of a PostgreSQL database."""
Answer = tuple[int, int]
"""The chat, and the number that was asked for."""


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def with_bot(instance: Instance, telegram: FakeTelegram, port: int, updates: str) -> Instance:
    """The same instance with this bot, reached on that port."""
    settings = {
        **instance.settings,
        "GUILDHALL_LOG_FORMAT": "json",
        "GUILDHALL_LOG_LEVEL": "info",
        "GUILDHALL_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "GUILDHALL_TELEGRAM_API_BASE_URL": telegram.url,
        "GUILDHALL_TELEGRAM_BOT_TOKEN": telegram.token,
        "GUILDHALL_TELEGRAM_UPDATES": updates,
        "GUILDHALL_TELEGRAM_WEBHOOK_SECRET": SECRET,
    }
    return Instance(instance.folder, settings)


@dataclass
class Crowd:
    """People who ask the bot, each in a private chat: `/search` for a word that no guide has, so that each gets an
    answer of its own. What they do is decided by the seed.
    """

    telegram: FakeTelegram
    people: list[User]
    chance: random.Random
    asked: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    repeated: int = 0
    _told: dict[int, list[Json]] = field(default_factory=lambda: defaultdict(list))

    def ask(self, number: int, *, again: bool = True) -> None:
        """Somebody asks; `again`: with 30 % chance Telegram delivers something of that chat a second time, after it."""
        user = self.chance.choice(self.people)
        text = f"/search zq{number}"
        message: Json = {
            "message_id": number + 1,
            "from": user.account.to_json(),
            "chat": user.chat.to_json(),
            "date": int(self.telegram.clock.now().timestamp()),
            "text": text,
            "entities": [{"type": "bot_command", "offset": 0, "length": 7}],
        }
        lane = f"chat:{user.id}"
        update_id = self.telegram.inject({"message": message}, lane)
        self.asked[user.id].append(number)
        told = self._told[user.id]
        told.append({"update_id": update_id, "message": message})
        del told[:-5]
        if again and self.chance.random() < 0.3:
            self.telegram.inject(self.chance.choice(told), lane)
            self.repeated += 1

    def answered(self) -> Iterator[Answer]:
        """What the bot said, as Telegram has it, repeats and all."""
        for call in self.telegram.calls("sendMessage"):
            # One that was cut off in the middle has no text.
            if call.was_applied and (found := _NUMBER.search(call["text"])) is not None:
                yield int(call["chat_id"]), int(found[1])

    def assert_answered_in_order(self, uncertain: int = 0) -> None:
        """See below."""
        assert_answered_in_order(self.asked, list(self.answered()), uncertain)


def crowd(telegram: FakeTelegram, people: int, seed: int) -> Crowd:
    """So many people, who know the bot."""
    return Crowd(telegram, [telegram.user(f"Ada {n}", started=True) for n in range(people)], random.Random(seed))


def kept_by(instance: Instance) -> Store:
    """Where the instance keeps everything."""
    return instance.settings.get("GUILDHALL_DATABASE_URL") or instance.database


def select(store: Store, statement: str) -> list[tuple[object, ...]]:
    """Rows of a living server or a dead one."""
    if isinstance(store, str):
        return run_apart(_select(store, statement))
    with closing(sqlite3.connect(store, timeout=30)) as connection:
        return connection.execute(statement).fetchall()


async def _select(url: str, statement: str) -> list[tuple[object, ...]]:
    connection = await asyncpg.connect(url, timeout=30)
    try:
        return [tuple(row) for row in await connection.fetch(statement)]
    finally:
        await connection.close()


def count(store: Store, statement: str) -> int:
    """The one number of a statement."""
    ((found,),) = select(store, statement)
    return int(str(found))


def unfinished(store: Store) -> int:
    """Updates that are not handled, and answers that are not sent."""
    updates = count(store, "SELECT count(*) FROM telegram_webhooks WHERE state < 2")
    return updates + count(store, "SELECT count(*) FROM outgoing_messages WHERE state IN ('waiting', 'sending')")


def on_their_way(store: Store) -> set[tuple[object, ...]]:
    """Answers that a worker was sending, each with that worker's claim: nobody knows of one whether it arrived."""
    return set(select(store, "SELECT id, claim FROM outgoing_messages WHERE state = 'sending'"))


def in_doubt(server: RunningServer) -> int:
    """How often the server itself did not know whether an answer had arrived."""
    return sum(line["outcome"] == "ambiguous" for line in server.logged("message_not_sent"))


def assert_answered_in_order(asked: Mapping[int, Sequence[int]], answered: Sequence[Answer], uncertain: int) -> None:
    """Each question has its answer, in its chat, in the order of the questions. There are as many repeats at most as
    answers of which nobody knew whether they had arrived; they may come later.
    """
    first: dict[int, list[int]] = defaultdict(list)
    for chat_id, number in dict.fromkeys(answered):
        first[chat_id].append(number)
    wanted = {(chat_id, number) for chat_id, numbers in asked.items() for number in numbers}
    assert wanted - set(answered) == set(), "questions without an answer"
    assert set(answered) - wanted == set(), "answers that nobody asked for there"
    assert first == asked, "answers out of order"
    assert len(answered) - len(wanted) <= uncertain, "answers that were repeated without need"


def assert_handled_once(store: Store, distinct: int) -> None:
    """Every update succeeded, its effects happened once, in the order of its lane; none is there twice or missing."""
    states = select(store, "SELECT state, count(*), count(DISTINCT update_id) FROM telegram_webhooks GROUP BY state")
    assert states == [(2, distinct, distinct)], "updates that are lost, left or there twice"
    used = count(store, "SELECT usage_count FROM telegram_commands WHERE command = 'search'")
    assert used == distinct, "updates whose effects did not happen once"
    sent = "SELECT state, count(*), count(DISTINCT caused_by) FROM outgoing_messages GROUP BY state"
    assert select(store, sent) == [("sent", distinct, distinct)], "answers that are lost, left or owed twice"
    out_of_turn = """
        SELECT count(*) FROM (
            SELECT handled_at, lag(handled_at) OVER (PARTITION BY lane ORDER BY update_id) AS before
            FROM telegram_webhooks
        ) AS turns WHERE handled_at < before
    """
    assert count(store, out_of_turn) == 0, "updates out of turn"
