"""Questions in other words than the guides', through the real server with the real encoder."""

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.e2e.conftest import Instance
from tests.e2e.process.server import PATIENCE, Member, member_of, serving

GUIDE = """---
title: Feeding the sourdough
category: platform
---

## Between two bakes

Keep the culture in the fridge and give it equal parts of flour and water once a week. It survives a month of neglect.

## Reviving it

Leave it on the worktop for two days and refresh it every twelve hours until it doubles.
"""
# Only its smallest words stand in the guide.
QUESTION = "My starter looks dead after the holidays, how can I bring yeast back to life?"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one guide."""
    (tmp_path / "kitchen").mkdir()
    (tmp_path / "kitchen" / "sourdough.md").write_text(GUIDE)
    return tmp_path / "kitchen"


@contextmanager
def database(instance: Instance) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(instance.database)) as connection:
        yield connection


def counts(instance: Instance) -> tuple[int, int]:
    """How many passages there are, and how many vectors."""
    with database(instance) as connection:
        (passages,) = connection.execute("SELECT count(*) FROM guide_passages").fetchone()
        (vectors,) = connection.execute("SELECT count(*) FROM guide_passage_vectors").fetchone()
    return passages, vectors


async def answer(member: Member) -> dict[str, object]:
    """The reply to the question."""
    session = await member.begin_session()
    await member.post(session, QUESTION)
    return (await member.settled(session))[-1]


def cited(reply: dict[str, object]) -> set[str]:
    return {citation["guide_title"] for citation in reply["citations"]}  # type: ignore[union-attr,attr-defined]


def test_init_gives_every_passage_its_vector(instance: Instance) -> None:
    passages, vectors = counts(instance)
    assert passages == vectors > 100


async def test_question_in_other_words_is_answered_from_an_imported_guide(instance: Instance, folder: Path) -> None:
    outcome = instance.run("guides", "import", folder)
    assert (outcome.code, outcome.err) == (0, "")
    passages, vectors = counts(instance)
    assert passages == vectors
    by_words = Instance(instance.folder, {"GUILDHALL_GUIDES_SEMANTIC": "off"}).run("chat", "ask", QUESTION)
    assert "Feeding the sourdough" not in by_words.out
    async with serving(instance) as server, member_of(server) as member:
        assert cited(await answer(member)) == {"Feeding the sourdough"}


async def test_server_embeds_what_came_without_vectors_while_it_serves(instance: Instance, folder: Path) -> None:
    by_words = Instance(instance.folder, {**instance.settings, "GUILDHALL_GUIDES_SEMANTIC": "off"})
    async with serving(instance) as server, member_of(server) as member:
        outcome = await asyncio.to_thread(by_words.run, "guides", "import", folder)
        assert (outcome.code, outcome.err) == (0, "")
        ends = time.monotonic() + PATIENCE
        while len(set(counts(instance))) > 1:
            assert time.monotonic() < ends, server.log.read_text()
            await asyncio.sleep(0.1)
        assert cited(await answer(member)) == {"Feeding the sourdough"}
    assert len(server.logged("passages_embedded")) == 1


async def test_server_without_meaning_answers_by_words_and_says_so_once(instance: Instance) -> None:
    by_words = Instance(instance.folder, {**instance.settings, "GUILDHALL_GUIDES_SEMANTIC": "off"})
    async with serving(by_words) as server, member_of(server) as member:
        session = await member.begin_session()
        await member.post(session, "How much should I risk on one trade?")
        assert cited((await member.settled(session))[-1])
    assert len(server.logged("questions_answered_by_words_only")) == 1


def test_guides_index_completes_what_is_missing(instance: Instance) -> None:
    with database(instance) as connection:
        connection.execute("DELETE FROM guide_passage_vectors WHERE id % 20 = 0")
        connection.commit()
    lacking = counts(instance)[0] - counts(instance)[1]
    doctor = instance.run("doctor")
    assert f"{lacking} passages have no vector yet; run `guildhall guides index`" in doctor.out
    outcome = instance.run("guides", "index")
    assert (outcome.code, outcome.out, outcome.err) == (0, f"{lacking} passages embedded.\n", "")
    assert len(set(counts(instance))) == 1
    assert "every passage has its vector of all-MiniLM-L6-v2/1" in instance.run("doctor").out


def test_guides_index_where_meaning_is_off_says_so(instance: Instance) -> None:
    with database(instance) as connection:
        connection.execute("DELETE FROM guide_passage_vectors WHERE id = 1")
        connection.commit()
    outcome = Instance(instance.folder, {"GUILDHALL_GUIDES_SEMANTIC": "off"}).run("guides", "index")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == "guildhall: questions are answered by words only: guides.semantic is off\n"


def test_guides_index_all_makes_the_index_anew(empty_instance: Instance, folder: Path) -> None:
    assert empty_instance.run("init", "--no-samples").code == 0
    assert empty_instance.run("guides", "import", folder).code == 0
    with database(empty_instance) as connection:
        connection.execute("UPDATE guide_passages SET text = 'spoilt', terms = 'spoilt'")
        connection.commit()
    outcome = Instance(empty_instance.folder).run("guides", "index", "--all")
    assert (outcome.code, outcome.out, outcome.err) == (0, "1 guides indexed anew.\n2 passages embedded.\n", "")
    with database(empty_instance) as connection:
        assert "spoilt" not in {text for (text,) in connection.execute("SELECT text FROM guide_passages")}
    assert counts(empty_instance) == (2, 2)
