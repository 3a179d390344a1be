"""The whole API on real databases: what they keep, and what they must never choke on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from dependency_injector import providers

from adapters.memory import PlainPasswordHasher
from domain.identity import Role
from entrypoints.container import sql_container
from entrypoints.settings import DatabaseSettings
from tests.integration.http.house import House, expect_problem, running, settings
from tests.integration.http.test_bad_input import TEXTS, send
from tests.integration.http.test_chat_api import ended


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def sql_house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    """A living application on a migrated, empty database."""
    fields = {}
    if request.param == "postgres":
        fields["database"] = DatabaseSettings(url=request.getfixturevalue("postgres_database"))
    container = sql_container(settings(tmp_path, **fields))
    # The slow hash has tests of its own.
    container.hasher.override(providers.Singleton(PlainPasswordHasher))
    await container.migrator().upgrade()
    async with running(container, with_lifespan=True) as house:
        yield house


async def test_question_asked_on_a_database_is_answered_and_kept(sql_house: House) -> None:
    house = sql_house
    admin, ada, eve = await house.person("root", Role.ADMIN), await house.person("ada"), await house.person("eve")
    await house.guide(admin, body="# Risk\n\nRisk one percent of the account on a single trade.\n")
    session = await house.session(ada)
    posted = await house.message(ada, session["id"], "How much should I risk on a single trade?")
    reply = await ended(house, ada, posted["reply_id"])
    assert reply["status"] == "complete"
    assert "one percent" in reply["content"]
    url = f"/api/v1/chat/sessions/{session['id']}"
    page = (await house.client.get(f"{url}/messages", headers=ada.headers)).json()
    assert [message["seq"] for message in page["messages"]] == [1, 2]
    found = await house.client.get("/api/v1/chat/search", headers=ada.headers, params={"q": "single trade"})
    assert len(found.json()["items"]) == 2
    expect_problem(await house.client.get(url, headers=eve.headers), 404, "not_found")
    assert (await house.client.get("/api/v1/ready")).json()["status"] == "ready"


async def test_odd_text_on_a_database_never_fails(sql_house: House) -> None:
    house = sql_house
    admin = await house.person("root", Role.ADMIN)
    session = await house.session(admin)
    failed = []
    for text in TEXTS:
        sent = [
            await send(house.client, admin.headers, "/api/v1/chat/sessions", {"title": text, "llm_model": text}),
            await send(
                house.client, admin.headers, f"/api/v1/chat/sessions/{session['id']}/messages", {"content": text}
            ),
            await send(
                house.client,
                admin.headers,
                "/api/v1/guides",
                {"title": "x", "category": "risk", "tags": [text], "body": text, "description": text},
            ),
            await send(
                house.client,
                admin.headers,
                f"/api/v1/members/{admin.id}/grants",
                {"role": "SUBSCRIBER", "reason": text},
            ),
            await send(house.client, {}, "/api/v1/auth/register", {"username": text, "password": text}),
            await send(house.client, {}, "/api/v1/auth/login", {"username": text, "password": text}),
        ]
        if text.isprintable():
            for path, name in (
                ("guides/search", "q"),
                ("chat/search", "q"),
                ("guides", "tag"),
                ("guides", "category"),
                ("members", "search"),
            ):
                params = {name: text[:300]}
                sent.append(await house.client.get(f"/api/v1/{path}", headers=admin.headers, params=params))
        failed += [(text[:20], str(answer.url)) for answer in sent if answer.status_code >= 500]
    assert failed == []


async def test_numbers_at_their_bounds_on_a_database_never_fail(sql_house: House) -> None:
    house = sql_house
    ada = await house.person("ada")
    session = await house.session(ada)
    answers = [
        await house.client.get(f"/api/v1/chat/{path}", headers=ada.headers, params=params)
        for path, params in (
            (f"sessions/{session['id']}/messages", {"before": 2**31 - 1}),
            (f"sessions/{session['id']}/messages", {"after": 2**31 - 1}),
            ("sessions", {"page": 1_000_000, "page_size": 200}),
        )
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
