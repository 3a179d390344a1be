"""Pages of messages and of sessions cost the same however many rows there are."""

import sqlite3
import statistics
import tempfile
import time
from pathlib import Path

import httpx

from tests.benchmarks.result import Result
from tests.benchmarks.server import free_port, prepare, signed_in, started

SMALL, LARGE = 1_000, 1_000_000
OWN_SESSIONS = 50
ROUNDS = 400


def run() -> list[Result]:
    """One database: pages are asked for before and after a million rows are added, over HTTP."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        token = prepare(folder)
        database = folder / "guildhall.db"
        with (
            started(folder, port := free_port(), GUILDHALL_LIMITS_SESSIONS_PER_HOUR="0") as (_, _took),
            _client(port, token) as client,
        ):
            small, large = _session(client), _session(client)
            for _ in range(OWN_SESSIONS - 2):
                client.post("/api/v1/chat/sessions", json={}).raise_for_status()
            _fill_messages(database, small, SMALL)
            _fill_messages(database, large, LARGE)
            messages = _compare(
                client, f"/api/v1/chat/sessions/{small}/messages", f"/api/v1/chat/sessions/{large}/messages"
            )
            before = _median(client, "/api/v1/chat/sessions")
            _fill_sessions(database, LARGE)
            after = _median(client, "/api/v1/chat/sessions")
            again = _compare(client, "/api/v1/chat/sessions", "/api/v1/chat/sessions")
        plans = _plans(database, large)
    return [
        Result(
            "chat scale",
            "GET messages of 1,000,000 against 1,000",
            messages,
            "ratio",
            at_most=1.2,
            note=f"medians of {ROUNDS} interleaved requests over HTTP; {plans['messages']}",
        ),
        Result(
            "chat scale",
            "GET sessions of 50 with 1,000,000 in the table against 50",
            after / before,
            "ratio",
            at_most=1.2,
            note=f"medians of {ROUNDS} requests before and after; {plans['sessions']}",
        ),
        Result("chat scale", "GET sessions against itself (the noise)", again, "ratio"),
        Result("chat scale", "GET sessions of 50", after * 1000, "ms"),
    ]


def _client(port: int, token: str) -> httpx.Client:
    return httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, headers=signed_in(port, token))


def _session(client: httpx.Client) -> str:
    session = client.post("/api/v1/chat/sessions", json={})
    session.raise_for_status()
    posted = client.post(
        f"/api/v1/chat/sessions/{session.json()['id']}/messages", json={"content": "x" * 200, "assistant": False}
    )
    posted.raise_for_status()
    return str(session.json()["id"])


def _get(client: httpx.Client, path: str) -> float:
    begun = time.perf_counter()
    client.get(path).raise_for_status()
    return time.perf_counter() - begun


def _median(client: httpx.Client, path: str) -> float:
    return statistics.median(_get(client, path) for _ in range(ROUNDS))


def _compare(client: httpx.Client, one: str, other: str) -> float:
    pairs = [(_get(client, one), _get(client, other)) for _ in range(ROUNDS)]
    return statistics.median(b for _, b in pairs) / statistics.median(a for a, _ in pairs)


def _copies(database: Path, table: str, changed: dict[str, str], where: str, count: int) -> None:
    """Copy one row `count` times; `changed` are SQL expressions over `n.i`, from 2 on."""
    with sqlite3.connect(database, timeout=60) as connection:
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        values = ", ".join(changed.get(column, f"t.{column}") for column in columns)
        connection.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) "
            f"WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) "
            f"SELECT {values} FROM n, {table} t WHERE {where}"
        )


def _fill_messages(database: Path, session: str, count: int) -> None:
    key = session.replace("-", "")
    changed = {"id": "lower(hex(randomblob(16)))", "seq": "n.i"}
    _copies(database, "chat_messages", changed, f"t.session_id = '{key}' AND t.seq = 1", count)
    with sqlite3.connect(database, timeout=60) as connection:
        connection.execute("UPDATE chat_sessions SET last_seq = ? WHERE id = ?", (count, key))


def _fill_sessions(database: Path, count: int) -> None:
    with sqlite3.connect(database, timeout=60) as connection:
        member = "f" * 32
        columns = [row[1] for row in connection.execute("PRAGMA table_info(members)")]
        values = ", ".join(f"'{member}'" if column == "id" else column for column in columns)
        connection.execute(f"INSERT INTO members ({', '.join(columns)}) SELECT {values} FROM members LIMIT 1")
        (one,) = connection.execute("SELECT id FROM chat_sessions LIMIT 1").fetchone()
    other = {"id": "printf('%032x', n.i)", "user_id": f"'{member}'"}
    _copies(database, "chat_sessions", other, f"t.id = '{one}'", count)
    other = {"session_id": "printf('%032x', n.i)", "member_id": f"'{member}'"}
    _copies(database, "chat_participants", other, f"t.session_id = '{one}'", count)


def _plans(database: Path, session: str) -> dict[str, str]:
    statements = {
        "messages": "SELECT * FROM chat_messages WHERE session_id = ? ORDER BY seq DESC LIMIT 51",
        "sessions": "SELECT s.* FROM chat_participants p JOIN chat_sessions s ON s.id = p.session_id "
        "WHERE p.member_id = ? ORDER BY p.session_created_at DESC, p.session_id DESC LIMIT 51",
    }
    with sqlite3.connect(database) as connection:
        return {
            name: "; ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", (session,)))
            for name, statement in statements.items()
        }
