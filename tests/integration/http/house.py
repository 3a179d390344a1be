"""The whole application with its container, and the people a test needs in it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from litestar import Litestar

from domain.identity import OPERATOR, UNKNOWN_DEVICE, MemberId, Role
from entrypoints.container import Container
from entrypoints.http.app import create_app
from entrypoints.settings import Settings

PASSWORD = "correct horse battery"
ELSEWHERE = ("203.0.113.7", 40_000)
THIS_MACHINE = ("127.0.0.1", 40_000)

Json = dict[str, Any]


@dataclass(frozen=True)
class Person:
    """A member who is signed in with a bearer token."""

    id: MemberId
    access_token: str
    refresh_token: str

    @property
    def headers(self) -> dict[str, str]:
        """What their requests carry."""
        return {"Authorization": f"Bearer {self.access_token}"}


@dataclass(frozen=True)
class House:
    """An application that is running, and a client that talks to it from elsewhere."""

    container: Container
    app: Litestar
    client: httpx.AsyncClient

    def browser(self, client: tuple[str, int] = ELSEWHERE, **headers: str) -> httpx.AsyncClient:
        """Another client, with cookies of its own."""
        return client_of(self.app, client, headers)

    async def person(self, name: str, role: Role = Role.PUBLIC) -> Person:
        """A new member of that role, signed in."""
        member = await self.container.account_service().register(f"{name}@example.org", name, PASSWORD, UNKNOWN_DEVICE)
        if role > Role.PUBLIC:
            await self.container.member_service().grant(OPERATOR, member.id, role, "for the test")
        answer = await self.client.post("/api/v1/auth/login", json={"username": name, "password": PASSWORD})
        body = answer.raise_for_status().json()
        return Person(member.id, body["access_token"], body["refresh_token"])

    async def session(self, owner: Person, **fields: object) -> Json:
        """A new chat session."""
        answer = await self.client.post("/api/v1/chat/sessions", headers=owner.headers, json=fields)
        return dict(answer.raise_for_status().json())

    async def message(self, owner: Person, session_id: str, content: str = "How much should I risk?") -> Json:
        """A posted message with the id of the reply to come."""
        answer = await self.client.post(
            f"/api/v1/chat/sessions/{session_id}/messages", headers=owner.headers, json={"content": content}
        )
        return dict(answer.raise_for_status().json())

    async def guide(self, keeper: Person, title: str = "Position sizing", **fields: object) -> Json:
        """A new guide."""
        body = {"title": title, "category": "risk", "body": "# Risk\n\nRisk one percent a trade.\n", **fields}
        answer = await self.client.post("/api/v1/guides", headers=keeper.headers, json=body)
        return dict(answer.raise_for_status().json())


def client_of(
    app: Litestar, client: tuple[str, int] = ELSEWHERE, headers: Mapping[str, str] | None = None
) -> httpx.AsyncClient:
    """A client of the application, without a network in between."""
    transport = httpx.ASGITransport(app, client=client, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000", headers=headers)


@asynccontextmanager
async def running(container: Container, *, with_lifespan: bool = False) -> AsyncIterator[House]:
    """The application of this container; `with_lifespan` also runs the hub and the reply worker."""
    app = create_app(container)
    async with client_of(app) as client:
        house = House(container, app, client)
        if with_lifespan:
            async with alive(app):
                yield house
        else:
            yield house


@asynccontextmanager
async def alive(app: Litestar) -> AsyncIterator[None]:
    """The application's life, in a task of its own: a fixture may end in another task than it began in."""
    started, ends = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        async with app.lifespan():
            started.set()
            await ends.wait()

    life = asyncio.create_task(live())
    waiting = asyncio.create_task(started.wait())
    await asyncio.wait({life, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    try:
        yield
    finally:
        ends.set()
        await life


def settings(folder: Path, **fields: Any) -> Settings:
    """Settings that keep everything in this folder."""
    return Settings(data_dir=folder, **fields)


def expect_problem(answer: httpx.Response, status: int, code: str) -> Json:
    """The problem document of a refusal, checked for what every one of them has."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    problem = answer.json()
    assert problem["status"] == status
    assert problem["code"] == code
    assert problem["type"] == f"urn:guildhall:problem:{code}"
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert problem["title"]
    assert problem["detail"]
    assert problem["instance"].startswith("/")
    return dict(problem)
