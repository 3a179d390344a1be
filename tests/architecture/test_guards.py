"""Every route and socket, taken from the application itself: each says who may use it, and holds to it."""

import asyncio
import base64
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import cast
from uuid import uuid4

import jwt
import msgspec
import pytest
from litestar import Litestar
from litestar.types import Message, Scope
from uvicorn._types import HTTPScope

from domain.identity import Role
from entrypoints.container import Container, memory_container
from entrypoints.http.access import admin
from entrypoints.http.app import DIRECT_CALLS
from entrypoints.http.direct_calls import DirectCall, DirectCalls
from entrypoints.runtime import create_application
from entrypoints.settings import Secret, Settings, TelegramSettings
from tests.integration.http.house import ELSEWHERE, House, Person, client_of, settings
from tests.support.routes import bare, calls, sockets

IN_PROTOCOL = {"authentication": "in_protocol"}


@pytest.fixture
def container(tmp_path: Path) -> Container:
    return memory_container(settings(tmp_path))


@pytest.fixture
def app(container: Container) -> Litestar:
    return create_application(container)


@pytest.fixture
async def house(app: Litestar, container: Container) -> AsyncIterator[House]:
    async with client_of(app) as client:
        yield House(container, app, client)


def forged_tokens(container: Container, person: Person) -> dict[str, str]:
    """Tokens that look right and are not."""
    claims = jwt.decode(person.access_token, options={"verify_signature": False})
    head = jwt.get_unverified_header(person.access_token)

    def part(value: object) -> str:
        return base64.urlsafe_b64encode(msgspec.json.encode(value)).rstrip(b"=").decode()

    unsigned = f"{part({**head, 'alg': 'none'})}.{part(claims)}"
    long_ago = container.clock().now() - timedelta(days=1)
    expired, _ = container.tokens().access_token(person.id, claims["sid"], long_ago)
    head_, payload, signature = person.access_token.split(".")
    return {
        "garbage": "garbage",
        "empty": "",
        "alg none": f"{unsigned}.",
        "alg none, signature kept": f"{unsigned}.{signature}",
        "expired": expired,
        "signed with another key": jwt.encode(claims, "k" * 64, algorithm="HS256", headers={"kid": head["kid"]}),
        "other claims": f"{head_}.{part({**claims, 'sub': str(uuid4())})}.{signature}",
        "payload cut": f"{head_}.{payload[:-4]}.{signature}",
        "refresh token": person.refresh_token,
        "not ASCII": "ÿ" * 20,
    }


def test_routes_of_the_application_are_all_seen(app: Litestar) -> None:
    found = {(call.method, call.path) for call in calls(app)}
    assert len(found) >= 45
    assert ("GET", "/api/v1/auth/me") in found
    assert ("GET", "/docs") in found
    assert {path for path, _ in sockets(app)} >= {"/api/v1/ws"}


def test_handlers_without_guard_or_public_mark_do_not_exist(app: Litestar) -> None:
    unguarded = [
        f"{call.method} {call.path}"
        for call in calls(app)
        if not call.handler.guards and call.handler.opt.get("public") is not True
    ]
    assert unguarded == []
    assert [path for path, handler in sockets(app) if handler.opt != IN_PROTOCOL and not handler.guards] == []


def test_handlers_of_the_bare_protocol_are_the_webhook_alone_whose_door_checks_its_caller(tmp_path: Path) -> None:
    bot = TelegramSettings(bot_token=Secret("99:made-up"), webhook_secret=Secret("a-secret-of-ours"))
    called = Settings(data_dir=tmp_path, public_url="https://guild.example.org", telegram=bot)

    found = dict(bare(create_application(memory_container(called))))

    assert list(found) == ["/api/v1/telegram/webhook"]
    assert found["/api/v1/telegram/webhook"].opt["authentication"] == "telegram_secret"
    assert list(bare(create_application(memory_container(settings(tmp_path))))) == []


def test_calls_that_go_past_the_application_are_the_webhooks_alone_by_its_own_door(tmp_path: Path) -> None:
    bot = TelegramSettings(bot_token=Secret("99:made-up"), webhook_secret=Secret("a-secret-of-ours"))
    called = Settings(data_dir=tmp_path, public_url="https://guild.example.org", telegram=bot)
    app = create_application(memory_container(called))
    past: DirectCalls = app.state[DIRECT_CALLS]

    def opened(method: str, path: str, *headers: tuple[bytes, bytes]) -> DirectCall | None:
        scope = {"method": method, "raw_path": path.encode(), "query_string": b"", "client": ELSEWHERE}
        return past.opened(cast("HTTPScope", {**scope, "headers": list(headers)}))

    found = {(method, call.path) for call in calls(app) for method in ("GET", "POST", call.method)}
    ((door, _),) = bare(app)
    assert [where for where in found if opened(*where) is not None] == []
    assert [method for method in ("GET", "PUT", "POST") if opened(method, door) is not None] == ["POST"]
    for secret in (b"", b"wrong", b"a-secret-of-ours "):
        call = opened("POST", door, (b"x-telegram-bot-api-secret-token", secret))
        assert call is not None
        assert not call.is_admitted()
    assert DIRECT_CALLS not in create_application(memory_container(settings(tmp_path))).state


def test_public_routes_of_the_api_are_the_known_ones(app: Litestar) -> None:
    assert {call.path for call in calls(app) if call.is_public and call.path.startswith("/api/")} == {
        "/api/v1/auth/register",
        "/api/v1/auth/login",
        "/api/v1/auth/login-link",
        "/api/v1/auth/refresh",
        "/api/v1/auth/password-reset",
        "/api/v1/auth/password-reset/confirm",
        "/api/v1/auth/verify-email/confirm",
        "/api/v1/auth/telegram",
        "/api/v1/auth/telegram/mini-app",
        "/api/v1/health",
        "/api/v1/ready",
    }


async def test_guarded_routes_without_identity_refuse_everybody(house: House) -> None:
    wrong = []
    for call in calls(house.app):
        if not call.is_public:
            answer = await call.send(house.client, {})
            if not call.refused(answer, {401, 403, 404}):
                wrong.append((call.method, call.path, answer.status_code))
    assert wrong == []


async def test_guarded_routes_with_forged_tokens_refuse_each(house: House) -> None:
    person = await house.person("ada", Role.ADMIN)
    wrong = []
    for kind, token in forged_tokens(house.container, person).items():
        headers = {b"authorization": f"Bearer {token}".encode("latin-1")}
        for call in calls(house.app):
            if not call.is_public:
                request = house.client.build_request(call.method, call.url(), headers=headers)
                answer = await house.client.send(request)
                if not call.refused(answer, {401}):
                    wrong.append((kind, call.method, call.path, answer.status_code))
    assert wrong == []


async def test_guarded_routes_with_forged_cookies_refuse_each(house: House) -> None:
    person = await house.person("ada", Role.ADMIN)
    wrong = []
    for kind, token in forged_tokens(house.container, person).items():
        if token.isascii():
            for call in calls(house.app):
                if not call.is_public and call.name != "logout":
                    answer = await call.send(house.client, {"Cookie": f"guildhall_access={token}"})
                    if not call.refused(answer, {401}):
                        wrong.append((kind, call.method, call.path, answer.status_code))
    assert wrong == []


async def test_admin_routes_for_public_member_refuse_with_403_or_404(house: House) -> None:
    member = await house.person("ada")
    guarded = [call for call in calls(house.app) if admin in (call.handler.guards or ())]
    answers = {f"{c.method} {c.path}": (await c.send(house.client, member.headers)).status_code for c in guarded}
    assert len(answers) >= 9
    assert set(answers.values()) <= {403, 404}


async def test_routes_with_ids_never_show_one_member_another_ones_things(house: House) -> None:
    keeper, ada, eve = await house.person("root", Role.ADMIN), await house.person("ada"), await house.person("eve")
    guide = await house.guide(keeper, "Only for subscribers", minimum_role="SUBSCRIBER")
    session = await house.session(ada, title="A secret plan")
    posted = await house.message(ada, session["id"], "A secret question")
    code = await house.client.post("/api/v1/auth/link-code", headers=ada.headers)
    sign_ins = await house.client.get("/api/v1/auth/sessions", headers=ada.headers)
    ids = {
        "session_id": session["id"],
        "request_id": code.json()["request_id"],
        "sign_in_id": sign_ins.json()["items"][0]["id"],
        "message_id": posted["reply_id"],
        "guide_id": guide["summary"]["id"],
        "member_id": str(ada.id),
        "role_name": "SUBSCRIBER",
    }
    wrong = []
    with_ids = [call for call in calls(house.app) if re.search(r"\{\w*_(id|name):", call.path)]
    for call in with_ids:
        answer = await call.send(house.client, eve.headers, **ids)
        # Taking out of one's own collection what is not in it changes nothing, whether the guide exists or not.
        allowed = {204} if call.name == "unsave_guide" else {403, 404}
        if answer.status_code not in allowed or "secret" in answer.text:
            wrong.append((call.method, call.path, answer.status_code))
    assert wrong == []
    assert len(with_ids) >= 30
    assert {name for call in with_ids for name in re.findall(r"\{(\w+):", call.path)} <= {*ids, "version", "file_path"}
    mine = await house.client.get(f"/api/v1/chat/sessions/{session['id']}", headers=ada.headers)
    assert mine.json() == session | {"message_count": 2, "updated_at": mine.json()["updated_at"]}


async def test_lists_and_searches_show_only_ones_own_things(house: House) -> None:
    keeper, ada, eve = await house.person("root", Role.ADMIN), await house.person("ada"), await house.person("eve")
    await house.guide(keeper, "A secret plan", minimum_role="SUBSCRIBER", body="A secret plan")
    session = await house.session(ada, title="A secret plan")
    await house.message(ada, session["id"], "My secret plan")
    without_ids = [call for call in calls(house.app) if call.method == "GET" and "{" not in call.path]
    shown = []
    for call in without_ids:
        answer = await house.client.get(call.path, headers=eve.headers, params={"q": "plan", "search": "ada"})
        if "secret" in answer.text or str(ada.id) in answer.text:
            shown.append(call.path)
    assert shown == []
    found = await house.client.get("/api/v1/chat/search", headers=ada.headers, params={"q": "plan"})
    assert "secret" in found.text


@pytest.mark.parametrize("first", ["frame", "header", "cookie"])
async def test_sockets_without_identity_close_with_4001_and_tell_nothing(house: House, first: str) -> None:
    ada = await house.person("ada")
    session = await house.session(ada)
    for path, _ in sockets(house.app):
        url = re.sub(r"\{\w+:\w+\}", session["id"], path)
        frames, code = await refused(house.app, url, first)
        assert code == 4001
        assert [frame["type"] for frame in frames] == ["error"] * len(frames)
        assert frames


async def refused(app: Litestar, path: str, proof: str) -> tuple[list[dict[str, object]], int]:
    """What a socket with a bad proof of identity gets: its frames, and the code it is closed with."""
    headers = [(b"host", b"127.0.0.1:8000")]
    if proof == "header":
        headers.append((b"authorization", b"Bearer garbage"))
    if proof == "cookie":
        headers += [(b"cookie", b"guildhall_access=garbage"), (b"origin", b"http://127.0.0.1:8000")]
    said: list[Message] = [{"type": "websocket.connect"}]
    subscribe = {"type": "subscribe", "channel": "guides"}
    tries = [{"type": "authenticate", "token": "garbage"}] if proof == "frame" else [subscribe]
    said += [{"type": "websocket.receive", "text": msgspec.json.encode(say).decode()} for say in tries * 10]
    heard: list[Message] = []
    closed = asyncio.Event()

    async def receive() -> Message:
        if said:
            return said.pop(0)
        await closed.wait()
        return {"type": "websocket.disconnect", "code": 1000}

    async def send(message: Message) -> None:
        heard.append(message)
        if message["type"] == "websocket.close":
            closed.set()

    scope: Scope = {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "scheme": "ws",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": headers,
        "client": ELSEWHERE,
        "server": ("127.0.0.1", 8000),
        "subprotocols": [],
        "state": {},
        "extensions": {},
    }
    async with asyncio.timeout(30):
        await app(scope, receive, send)
    frames = [msgspec.json.decode(message["text"]) for message in heard if message["type"] == "websocket.send"]
    return frames, next(message["code"] for message in heard if message["type"] == "websocket.close")
