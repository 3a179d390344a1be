"""What the operator does at the terminal while the server runs: members and sockets see it."""

import asyncio
import json
import re
import signal
from pathlib import Path

import httpx

from tests.e2e.conftest import Instance, Outcome
from tests.e2e.process.server import PASSWORD, USERNAME, member_of, serving


async def _run(instance: Instance, *arguments: object) -> Outcome:
    return await asyncio.to_thread(instance.run, *arguments)


async def test_init_beside_a_server_prints_a_link_that_signs_in(instance: Instance) -> None:
    async with serving(instance) as server, httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
        outcome = await _run(instance, "init")
        assert outcome.code == 0, outcome.err
        found = re.search(r"#token=(\S+)", outcome.out)
        assert found is not None
        answers = [
            await client.post("/api/v1/auth/login-link", json={"token": found[1], "mode": "bearer"}) for _ in range(2)
        ]
    assert [answer.status_code for answer in answers] == [200, 401]


async def test_guides_import_beside_a_server_is_heard_on_sockets(instance: Instance, tmp_path: Path) -> None:
    (tmp_path / "news").mkdir()
    (tmp_path / "news" / "fees.md").write_text("# Fees this year\n\nFees fall in May.\n")
    async with serving(instance) as server, member_of(server) as member, member.socket() as socket:
        await socket.connection.send(json.dumps({"type": "subscribe", "channel": "guides"}))
        await socket.hear("subscribed")
        assert (await _run(instance, "guides", "import", tmp_path / "news")).code == 0
        event = await socket.hear("guide_updated")
        guide = await member.client.get(f"/guides/{event['guide_id']}")
    assert event["change"] == "created"
    assert (guide.status_code, "Fees fall in May." in guide.text) == (200, True)


async def test_members_grant_beside_a_server_acts_at_once(instance: Instance) -> None:
    async with serving(instance) as server, member_of(server) as member:
        assert (await member.client.get("/members")).status_code == 403
        assert (await _run(instance, "members", "grant", USERNAME, "ADMIN")).code == 0
        assert (await member.client.get("/members")).status_code == 200
        assert (await _run(instance, "members", "revoke", USERNAME, "ADMIN")).code == 0
        assert (await member.client.get("/members")).status_code == 403


async def test_serve_stopped_by_ctrl_c_ends_cleanly(instance: Instance) -> None:
    async with serving(instance) as server:
        server.process.send_signal(signal.SIGINT)
        code = await asyncio.to_thread(server.process.wait, 20)
        lines = server.log.read_text().splitlines()
    assert code == 130
    assert lines[-1] == "guildhall: stopped."
    assert not [line for line in lines if "Traceback" in line or '"level": "error"' in line]


async def test_members_ban_beside_a_server_ends_requests_and_sockets(instance: Instance) -> None:
    async with serving(instance) as server, member_of(server) as member, member.socket() as socket:
        assert (await _run(instance, "members", "ban", USERNAME)).code == 0
        assert (await member.client.get("/auth/me")).status_code == 401
        async with asyncio.timeout(8):
            await socket.connection.wait_closed()
    assert socket.connection.close_code == 4001


async def test_members_delete_beside_a_server_leaves_no_way_in(instance: Instance) -> None:
    async with serving(instance) as server, member_of(server) as member:
        session_id = await member.begin_session()
        assert (await _run(instance, "members", "delete", USERNAME, "--yes")).code == 0
        for path in ("/auth/me", f"/chat/sessions/{session_id}"):
            assert (await member.client.get(path)).status_code == 401
        login = await member.client.post("/auth/login", json={"username": USERNAME, "password": PASSWORD})
    assert login.status_code == 401
