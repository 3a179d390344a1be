"""How much one member may take, over HTTP: 429 with `Retry-After`, for that member and for nobody else."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from dependency_injector import providers

from application.ports.audit import AuditFilter
from application.ports.identity import MemberExport
from domain.identity import AuditAction, MemberId, Role
from entrypoints.container import memory_container
from entrypoints.settings import LimitSettings
from tests.integration.http.house import House, Person, expect_problem, running, settings

CHAT, GUIDES, EXPORT = "/api/v1/chat", "/api/v1/guides", "/api/v1/auth/me/export"
LIMITED = {
    ("get", "/api/v1/auth/me/export"),
    ("get", "/api/v1/members/{member_id}/export"),
    ("get", "/api/v1/chat/sessions/{session_id}/export"),
    ("get", "/api/v1/chat/search"),
    ("get", "/api/v1/guides/search"),
    ("post", "/api/v1/chat/sessions"),
    ("post", "/api/v1/chat/sessions/{session_id}/messages"),
    ("post", "/api/v1/chat/messages/{message_id}/regenerate"),
    ("post", "/api/v1/auth/register"),
    ("post", "/api/v1/auth/password-reset"),
    ("post", "/api/v1/auth/verify-email"),
}


class Held(MemberExport):
    """An export that waits half way until it is let go."""

    def __init__(self) -> None:
        self.is_begun, self.may_end = asyncio.Event(), asyncio.Event()

    async def records(self, member_id: MemberId) -> AsyncIterator[tuple[str, Mapping[str, object]]]:
        yield "account", {"member_id": str(member_id)}
        self.is_begun.set()
        await self.may_end.wait()


@pytest.fixture
async def strict(tmp_path: Path) -> AsyncIterator[House]:
    """An application in which a member may do everything twice."""
    limits = LimitSettings(messages_per_minute=2, searches_per_minute=2, sessions_per_hour=2, exports_per_hour=2)
    async with running(memory_container(settings(tmp_path, limits=limits))) as made:
        yield made


def refused(answer: httpx.Response, within: int = 60) -> str:
    """The message of a refusal that says when to come back."""
    problem = expect_problem(answer, 429, "too_many_requests")
    assert 0 < int(answer.headers["retry-after"]) <= within
    return str(problem["detail"])


async def test_limit_of_messages_is_the_members_in_all_sessions(strict: House) -> None:
    ada, ben = await strict.person("ada"), await strict.person("ben")
    sessions = [(await strict.session(ada))["id"] for _ in range(2)]
    for session in sessions:
        await strict.message(ada, session)

    path = f"{CHAT}/sessions/{sessions[0]}/messages"
    answer = await strict.client.post(path, headers=ada.headers, json={"content": "Once more"})

    assert "at most 2 a minute" in refused(answer)
    assert (await strict.message(ben, (await strict.session(ben))["id"]))["message"]["seq"] == 1


async def test_limit_of_sessions_begun(strict: House) -> None:
    ada = await strict.person("ada")
    for _ in range(2):
        await strict.session(ada)
    assert "sessions" in refused(await strict.client.post(f"{CHAT}/sessions", headers=ada.headers, json={}), 3600)


async def test_limit_of_searches_counts_guides_and_messages_together(strict: House) -> None:
    ada, ben = await strict.person("ada"), await strict.person("ben")

    async def search(path: str, person: Person) -> httpx.Response:
        return await strict.client.get(f"{path}/search", headers=person.headers, params={"q": "risk"})

    assert [(await search(path, ada)).status_code for path in (GUIDES, CHAT)] == [200, 200]
    for path in (GUIDES, CHAT):
        assert "searches" in refused(await search(path, ada))
    assert (await search(GUIDES, ben)).status_code == 200


async def test_limit_of_exports_counts_data_and_conversations_together(strict: House) -> None:
    ada = await strict.person("ada")
    session = (await strict.session(ada))["id"]
    paths = [EXPORT, f"{CHAT}/sessions/{session}/export"]
    assert [(await strict.client.get(path, headers=ada.headers)).status_code for path in paths] == [200, 200]
    for path in paths:
        assert "exports" in refused(await strict.client.get(path, headers=ada.headers), 3600)


async def test_export_beside_an_open_one_of_the_same_member_is_refused(house: House) -> None:
    ada, ben = await house.person("ada"), await house.person("ben", Role.OWNER)
    held = Held()
    house.container.member_export.override(providers.Object(held))
    house.container.data_rights.reset()
    first = asyncio.create_task(house.client.get(EXPORT, headers=ada.headers))
    await held.is_begun.wait()

    answers = await asyncio.gather(*(house.client.get(EXPORT, headers=ada.headers) for _ in range(15)))
    others = asyncio.create_task(house.client.get(f"/api/v1/members/{ada.id}/export", headers=ben.headers))
    held.may_end.set()

    for answer in answers:
        assert "of yours" in refused(answer)
    assert [(await each).status_code for each in (first, others)] == [200, 200]
    assert (await house.client.get(EXPORT, headers=ada.headers)).status_code == 200
    lines = await house.container.audit_queries().page(AuditFilter(action=AuditAction.EXPORTED), None, 50)
    assert len(lines.items) == 3


async def test_export_whose_client_goes_away_is_over(house: House) -> None:
    ada = await house.person("ada")
    held = Held()
    house.container.member_export.override(providers.Object(held))
    house.container.data_rights.reset()
    first = asyncio.create_task(house.client.get(EXPORT, headers=ada.headers))
    await held.is_begun.wait()
    refused(await house.client.get(EXPORT, headers=ada.headers))

    first.cancel()
    await asyncio.wait({first})
    held.may_end.set()

    assert (await house.client.get(EXPORT, headers=ada.headers)).status_code == 200


async def test_limits_are_documented_where_they_hold(house: House) -> None:
    document: dict[str, Any] = (await house.client.get("/openapi.json")).json()
    told = {
        (method, path)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if "429" in operation["responses"]
    }
    assert LIMITED - told == set()
