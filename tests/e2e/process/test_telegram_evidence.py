"""What the tests with killed bots look at would tell them of each fault: evidence that is right, and falsified."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.process.telegram import Answer, assert_answered_in_order, assert_handled_once

ASKED = {7: [0, 2, 4], 8: [1, 3]}
ANSWERED: list[Answer] = [(7, 0), (8, 1), (7, 2), (8, 3), (7, 4)]
RIGHT = """
CREATE TABLE telegram_webhooks (id, update_id, lane, state, handled_at);
INSERT INTO telegram_webhooks VALUES
    ('a', 1, 'chat:7', 2, '10:00'), ('b', 2, 'chat:8', 2, '09:00'), ('c', 3, 'chat:7', 2, '10:01'),
    ('d', 4, 'chat:8', 2, '09:01'), ('e', 5, 'chat:7', 2, '10:02');
CREATE TABLE outgoing_messages (caused_by, state);
INSERT INTO outgoing_messages SELECT id, 'sent' FROM telegram_webhooks;
CREATE TABLE telegram_commands (command, usage_count);
INSERT INTO telegram_commands VALUES ('search', 5), ('help', 9);
"""
FALSE_ROWS = {
    "an update was told to have arrived and is not kept": (
        "DELETE FROM telegram_webhooks WHERE id = 'c'",
        "lost, left or there twice",
    ),
    "an update was kept twice": (
        "INSERT INTO telegram_webhooks VALUES ('f', 5, 'chat:7', 2, '10:03')",
        "lost, left or there twice",
    ),
    "an update was not handled": (
        "UPDATE telegram_webhooks SET state = 0 WHERE id = 'e'",
        "lost, left or there twice",
    ),
    "an update was given up": ("UPDATE telegram_webhooks SET state = 3 WHERE id = 'e'", "lost, left or there twice"),
    "an update was handled twice": (
        "UPDATE telegram_commands SET usage_count = 6 WHERE command = 'search'",
        "effects did not happen once",
    ),
    "an update succeeded without its effects": (
        "UPDATE telegram_commands SET usage_count = 4 WHERE command = 'search'",
        "effects did not happen once",
    ),
    "an answer was not committed with its update": (
        "DELETE FROM outgoing_messages WHERE caused_by = 'b'",
        "lost, left or owed twice",
    ),
    "an answer was committed twice": (
        "INSERT INTO outgoing_messages VALUES ('b', 'sent')",
        "lost, left or owed twice",
    ),
    "an answer is still to be sent": (
        "UPDATE outgoing_messages SET state = 'waiting' WHERE caused_by = 'b'",
        "lost, left or owed twice",
    ),
    "a lane was handled out of turn": (
        "UPDATE telegram_webhooks SET handled_at = '09:59' WHERE id = 'e'",
        "out of turn",
    ),
}
FALSE_ANSWERS: dict[str, tuple[Callable[[list[Answer]], list[Answer]], str]] = {
    "an answer is missing": (lambda told: told[:-1], "without an answer"),
    "an answer went to another chat": (lambda told: [*told[:-1], (8, 4)], "without an answer"),
    "an answer went to another chat as well": (lambda told: [*told, (8, 4)], "nobody asked for"),
    "two answers of a chat changed places": (lambda told: [*told[:2], told[4], told[3], told[2]], "out of order"),
    "an answer was sent twice and no process had died with it": (lambda told: [*told, told[0]], "repeated"),
}


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """What is right, in a file."""
    with closing(sqlite3.connect(tmp_path / "evidence.db")) as connection:
        connection.executescript(RIGHT)
    return tmp_path / "evidence.db"


def test_telegram_evidence_of_a_bot_that_did_well_is_accepted(database: Path) -> None:
    assert_handled_once(database, 5)
    assert_answered_in_order(ASKED, ANSWERED, 0)
    assert_answered_in_order(ASKED, [*ANSWERED, (7, 0), (7, 0)], 2)


@pytest.mark.parametrize("fault", FALSE_ROWS)
def test_telegram_evidence_of_false_rows_is_refused(database: Path, fault: str) -> None:
    falsify, said = FALSE_ROWS[fault]
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(falsify)
    with pytest.raises(AssertionError, match=said):
        assert_handled_once(database, 5)


@pytest.mark.parametrize("fault", FALSE_ANSWERS)
def test_telegram_evidence_of_false_answers_is_refused(fault: str) -> None:
    falsified, said = FALSE_ANSWERS[fault]
    with pytest.raises(AssertionError, match=said):
        assert_answered_in_order(ASKED, falsified(list(ANSWERED)), 0)
