"""Garbage in every place a request has: a clear problem document, never a failure of ours."""

import itertools
import json
import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from litestar import Litestar

from domain.identity import Role
from entrypoints.container import Container, memory_container
from entrypoints.http.app import create_app
from entrypoints.settings import HttpSettings, Secret, TelegramSettings
from tests.integration.http.house import PASSWORD, House, client_of, expect_problem, running
from tests.integration.http.house import settings as kept_in
from tests.support.apart import run_apart
from tests.support.telegram import BOT_TOKEN

LOGIN = "/api/v1/auth/login"
JSON = {"Content-Type": "application/json"}
BODIES = {
    "nothing": b"",
    "no JSON": b"{",
    "two documents": b'{"username": "x", "password": "x"}{}',
    "text": b"hello",
    "not UTF-8": b'{"username": "\xff\xfe", "password": "x"}',
    "half a surrogate pair": b'{"username": "\\ud800", "password": "x"}',
    "byte order mark": b'\xef\xbb\xbf{"username": "x", "password": "x"}',
    "not a number": b'{"username": NaN}',
    "deep": b'{"username": ' + b"[" * 100_000,
    "deep and closed": b"[" * 100_000 + b"]" * 100_000,
    "list": b"[]",
    "null": b"null",
    "number": b"1e999",
    "huge number": b'{"username": ' + b"9" * 5_000 + b"}",
    "wrong kind": b'{"username": {"a": 1}, "password": "x"}',
    "NUL": b'{"username": "a\\u0000b", "password": "x"}',
    "unknown field": b'{"username": "x", "password": "x", "role": "OWNER"}',
    "missing field": b'{"username": "x"}',
}
TEXTS = ["\0", "a\0b", "\ud800", "\u202e", "🦉" * 300, "x" * 100_000, "'; drop table members; --", "%", "\\", "{{7*7}}"]
MALFORMED_IDS = ["x", "1", "-1", "é", "%00", "..%2F..", "null", f"{UUID(int=1)}x", "0" * 400]
UNKNOWN_ID = UUID(int=1)
NUMBERS = [-1, 0, 2**31, 2**63, 2**64, 10**400, 1.5, True, None, "1", "", [], {}]


fresh_name = map("person{}".format, itertools.count()).__next__


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Container, Litestar]:
    """One application for all of these: garbage must leave nothing behind."""
    bot = TelegramSettings(bot_token=Secret(BOT_TOKEN))
    container = memory_container(kept_in(tmp_path_factory.mktemp("shared"), telegram=bot))
    return container, create_app(container)


@pytest.fixture
async def house(shared: tuple[Container, Litestar]) -> AsyncIterator[House]:
    container, app = shared
    async with client_of(app) as client:
        yield House(container, app, client)


@pytest.mark.parametrize("kind", BODIES)
async def test_unreadable_body_gets_a_problem_document(house: House, kind: str) -> None:
    answer = await house.client.post(LOGIN, content=BODIES[kind], headers=JSON)
    expected = (422, "invalid") if kind in {"NUL", "unknown field", "missing field"} else (400, "malformed")
    expect_problem(answer, *expected)


@pytest.mark.parametrize(
    "media_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/json; charset=utf-16", "x"],
)
async def test_body_of_another_media_type_is_refused(house: House, media_type: str) -> None:
    answer = await house.client.post(LOGIN, content=b"{}", headers={"Content-Type": media_type})
    expect_problem(answer, 415, "unsupported_media_type")


async def test_same_key_twice_is_read_as_its_last_value(house: House) -> None:
    await house.person("twice")
    body = b'{"username": "eve", "password": "correct horse battery", "username": "twice"}'
    assert (await house.client.post(LOGIN, content=body, headers=JSON)).status_code == 200


async def test_body_beyond_the_limit_is_too_large_announced_or_not(tmp_path: Any) -> None:
    container = memory_container(kept_in(tmp_path, http=HttpSettings(max_body_bytes=16_384)))
    body = b'{"username": "' + b"x" * 20_000 + b'"}'

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 1_000):
            yield body[start : start + 1_000]

    async with running(container) as house:
        expect_problem(await house.client.post(LOGIN, content=body, headers=JSON), 413, "too_large")
        expect_problem(await house.client.post(LOGIN, content=pieces(), headers=JSON), 413, "too_large")


async def test_body_with_nonsense_length_is_malformed(house: House) -> None:
    answer = await house.client.post(LOGIN, content=b"{}", headers={**JSON, "Content-Length": "many"})
    expect_problem(answer, 400, "malformed")


@pytest.mark.parametrize("value", MALFORMED_IDS, ids=ascii)
async def test_malformed_id_in_any_path_gets_a_documented_answer(house: House, value: str) -> None:
    owner = await house.person(fresh_name(), Role.OWNER)
    paths = house.app.openapi_schema.to_schema()["paths"]
    with_ids = [(path, part) for path in paths for part in re.findall(r"\{\w+\}", path)]
    undocumented, seen = [], set()
    for path, part in with_ids:
        address = re.sub(r"\{\w+\}", str(UNKNOWN_ID), path.replace(part, quote(value, safe="%")))
        for method in paths[path]:
            body = {} if "requestBody" in paths[path][method] else None
            answer = await house.client.request(method.upper(), address, headers=owner.headers, json=body)
            seen.add(answer.status_code)
            if str(answer.status_code) not in paths[path][method]["responses"]:
                undocumented.append((method, path, answer.status_code))

    assert undocumented == []
    assert 404 in seen
    assert max(seen) < 500


@pytest.mark.parametrize("value", TEXTS, ids=lambda value: ascii(value)[:20])
async def test_odd_text_in_any_field_never_fails(house: House, value: str) -> None:
    admin = await house.person(fresh_name(), Role.ADMIN)
    session = await house.session(admin)
    answers = [
        await send(house.client, admin.headers, "/api/v1/auth/register", {"username": value, "password": value}),
        await send(house.client, admin.headers, "/api/v1/auth/register", {"email": value, "password": value}),
        await send(house.client, admin.headers, "/api/v1/chat/sessions", {"title": value}),
        await send(house.client, admin.headers, "/api/v1/chat/sessions", {"llm_model": value}),
        await send(house.client, admin.headers, "/api/v1/chat/sessions", {"settings": {"system_prompt": value}}),
        await send(house.client, admin.headers, f"/api/v1/chat/sessions/{session['id']}/messages", {"content": value}),
        await send(house.client, admin.headers, "/api/v1/guides", {"title": value, "category": value}),
        await send(
            house.client, admin.headers, "/api/v1/guides", {"title": "x", "category": "risk", "tags": [value, value]}
        ),
        await send(house.client, admin.headers, "/api/v1/guides", {"title": "x", "category": "risk", "body": value}),
        await send(
            house.client, admin.headers, "/api/v1/guides", {"title": "x", "category": "risk", "content_url": value}
        ),
        await send(
            house.client,
            admin.headers,
            f"/api/v1/members/{admin.id}/grants",
            {"role": "SUBSCRIBER", "reason": value},
        ),
    ]
    assert [problems_of(answer) for answer in answers if answer.status_code >= 500] == []


@pytest.mark.parametrize("value", TEXTS, ids=lambda value: ascii(value)[:20])
async def test_odd_text_about_accounts_and_members_never_fails(house: House, value: str) -> None:
    owner, ada = await house.person(fresh_name(), Role.OWNER), await house.person(fresh_name())
    calls = [
        ("PATCH", "auth/me", {"password": PASSWORD, "username": value}),
        ("PATCH", "auth/me", {"password": PASSWORD, "email": value}),
        ("PUT", "auth/password", {"current_password": value, "new_password": value}),
        ("POST", "auth/password-reset", {"email": value}),
        ("POST", "auth/password-reset/confirm", {"token": value, "password": value}),
        ("POST", "auth/verify-email/confirm", {"token": value}),
        ("POST", "auth/telegram", {"id": value, "hash": value, value: value}),
        ("POST", "auth/telegram/mini-app", {"init_data": value}),
        ("POST", "auth/link-code", {"password": value}),
        ("DELETE", "auth/me", {"password": value}),
        ("POST", f"members/{ada.id}/grants", {"role": "SUBSCRIBER", "reason": value, "until": value}),
        ("PUT", f"members/{ada.id}/ban", {"reason": value}),
    ]
    for method, path, body in calls:
        headers = {**owner.headers, **JSON}
        content = json.dumps(body).encode()
        answer = await house.client.request(method, f"/api/v1/{path}", headers=headers, content=content)
        assert answer.status_code < 500, (path, answer.text)
        if answer.status_code >= 400:
            expect_problem(answer, answer.status_code, answer.json()["code"])


@pytest.mark.parametrize("value", NUMBERS, ids=lambda value: ascii(value)[:20])
async def test_odd_value_in_number_fields_never_fails(house: House, value: object) -> None:
    ada = await house.person(fresh_name())
    for field in ("temperature", "max_tokens", "grounding"):
        answer = await send(house.client, ada.headers, "/api/v1/chat/sessions", {"settings": {field: value}})
        assert answer.status_code in {201, 400, 422}, answer.text


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=-1",
        "limit=1.5",
        "limit=abc",
        "limit=",
        "limit=%00",
        "limit=99999999999999999999999999",
        "limit=1&limit=2",
        "cursor=abc",
        "cursor=%ff%fe",
        "cursor=W10",
        "cursor=WzEsMl0",
        "tag=%00",
        "category=%ED%A0%80",
        "difficulty=HARD",
        "difficulty=0",
        "include_retired=maybe",
        "&&&=&=&%%%",
    ],
)
async def test_odd_query_never_fails(house: House, query: str) -> None:
    ada = await house.person(fresh_name())
    url = httpx.URL("http://127.0.0.1:8000/api/v1/guides").copy_with(query=query.encode())
    answer = await house.client.get(url, headers=ada.headers)
    assert answer.status_code in {200, 400, 403, 422}, answer.text
    if answer.status_code != 200:
        expect_problem(answer, answer.status_code, answer.json()["code"])


@pytest.mark.parametrize(
    "query", [b"\xff\xfe=\xff", b"q=\xed\xa0\x80", b"\0", b"q=" + b"%" * 50_000], ids=lambda query: ascii(query)[:20]
)
async def test_raw_bytes_in_the_query_never_fail(house: House, query: bytes) -> None:
    ada = await house.person(fresh_name())
    request = house.client.build_request("GET", "/api/v1/guides/search", headers=ada.headers)
    request.url = RawQuery(request.url, query)
    answer = await house.client.send(request)
    assert answer.status_code in {200, 400, 422}


class RawQuery(httpx.URL):
    """An address with a query that no client would send."""

    def __init__(self, url: httpx.URL, query: bytes) -> None:
        super().__init__(url)
        self._query = query

    @property
    def query(self) -> bytes:
        """The bytes as they are."""
        return self._query


@pytest.mark.parametrize("name", ["before", "after", "limit"])
async def test_odd_places_of_messages_never_fail(house: House, name: str) -> None:
    ada = await house.person(fresh_name())
    url = f"/api/v1/chat/sessions/{(await house.session(ada))['id']}/messages"
    for value in ("-1", str(2**31), str(2**63), "9" * 400, "1e3", "NaN", "", "0x10", "\uff11"):
        answer = await house.client.get(url, headers=ada.headers, params={name: value})
        assert answer.status_code in {200, 400, 422}, answer.text


@pytest.mark.parametrize(
    "identifier", ["1", "x", "%00", "..%2f..%2fetc", "019b0000-0000-7000-8000-00000000000", "{}", "é", "%ff"]
)
async def test_odd_ids_in_paths_are_not_found(house: House, identifier: str) -> None:
    ada = await house.person(fresh_name())
    for path in ("chat/sessions", "chat/messages", "guides"):
        expect_problem(await house.client.get(f"/api/v1/{path}/{identifier}", headers=ada.headers), 404, "not_found")


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer"},
        {"Authorization": ""},
        {"Authorization": "Bearer \xff"},
        {"Authorization": "Bearer " + "x" * 100_000},
        {"Cookie": "guildhall_access=\xff; ;;=;guildhall_access"},
        {"Cookie": 'guildhall_access="a\\000b"'},
        {"Host": "evil.example/path?"},
        {"X-Forwarded-For": "garbage, ::1, %%%"},
        {"Accept": "\xff"},
        {"Content-Type": "\xff/;;="},
    ],
    ids=lambda headers: ascii(headers)[:40],
)
async def test_odd_headers_never_fail(house: House, headers: dict[str, str]) -> None:
    raw = {name: value.encode("latin-1") for name, value in headers.items()}
    for method in ("GET", "POST"):
        request = house.client.build_request(method, "/api/v1/chat/sessions", headers=raw)
        answer = await house.client.send(request)
        assert answer.status_code in {400, 401, 415}, answer.text
        expect_problem(answer, answer.status_code, answer.json()["code"])


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "PATCH", "DELETE", "FOO", "get"])
async def test_odd_methods_get_a_clear_answer(house: House, method: str) -> None:
    answer = await house.client.request(method, "/api/v1/health")
    assert answer.status_code in {200, 204, 405}
    if answer.status_code == 405:
        expect_problem(answer, 405, "method_not_allowed")
    if method in {"OPTIONS", "PATCH"}:
        assert "GET" in answer.headers["allow"]


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
ROOM_FIELDS = ["title", "llm_provider", "llm_model", "settings", "content", "assistant", "category", "body", "tags"]
SIGN_IN_FIELDS = ["username", "email", "password", "mode", "token", "refresh_token", "role", "reason", "until"]
ACCOUNT_FIELDS = ["current_password", "new_password", "init_data", "id", "auth_date", "hash", "user"]
FIELDS = st.sampled_from([*ROOM_FIELDS, *SIGN_IN_FIELDS, *ACCOUNT_FIELDS])
PATHS = st.sampled_from(
    [
        "auth/register",
        "auth/login",
        "auth/login-link",
        "auth/refresh",
        "auth/password-reset",
        "auth/password-reset/confirm",
        "auth/verify-email/confirm",
        "auth/telegram",
        "auth/telegram/mini-app",
        "auth/link-code",
        "chat/sessions",
        "chat/sessions/{session}/messages",
        "guides",
        "members/{member}/grants",
    ]
)


@given(path=PATHS, body=st.dictionaries(FIELDS, JSON_VALUES, max_size=5))
@settings(max_examples=150)
def test_made_up_bodies_never_fail(shared: tuple[Container, Litestar], path: str, body: dict[str, object]) -> None:
    answer = run_apart(_asked(shared, path, body))
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        expect_problem(answer, answer.status_code, answer.json()["code"])


async def _asked(shared: tuple[Container, Litestar], path: str, body: dict[str, object]) -> httpx.Response:
    container, app = shared
    async with client_of(app) as client:
        house = House(container, app, client)
        admin = await house.person(fresh_name(), Role.ADMIN)
        ids = {"session": str((await house.session(admin))["id"]), "member": str(admin.id)}
        return await send(client, admin.headers, f"/api/v1/{path.format_map(ids)}", body)


async def send(client: httpx.AsyncClient, headers: dict[str, str], path: str, body: object) -> httpx.Response:
    """Post JSON as it is, half surrogate pairs escaped."""
    return await client.post(path, content=json.dumps(body).encode(), headers={**headers, **JSON})


def problems_of(answer: httpx.Response) -> tuple[str, str]:
    return str(answer.request.url), answer.text


async def test_sign_in_with_a_mode_that_is_none_names_both(house: House) -> None:
    given_ = {"username": "x", "password": "x", "mode": "x"}
    problem = expect_problem(await house.client.post(LOGIN, json=given_), 422, "invalid")
    assert problem["detail"] == "mode: invalid enum value 'x'; expected one of bearer, cookie"
