"""Access tokens of a sign-in with a password."""

import json
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from adapters.client import PasswordTokens, SignedOut
from adapters.client.errors import Disconnected

Answer = httpx.Response | httpx.TransportError


class PlayedHouse:
    """Answers requests in order, and remembers them."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.asked: list[tuple[str, dict[str, str]]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append((request.url.path, json.loads(request.content)))
        answer = self.answers.pop(0)
        if isinstance(answer, httpx.TransportError):
            raise answer
        return answer


def signed_in(number: int) -> httpx.Response:
    return httpx.Response(200, json={"access_token": f"access {number}", "refresh_token": f"refresh {number}"})


@pytest.fixture
def house() -> PlayedHouse:
    return PlayedHouse()


@pytest.fixture
async def tokens(house: PlayedHouse) -> AsyncIterator[PasswordTokens]:
    client = httpx.AsyncClient(base_url="http://house", transport=httpx.MockTransport(house))
    async with PasswordTokens("http://house", "ann", "correct horse", client) as source:
        yield source


async def test_tokens_are_asked_for_once_and_renewed_by_refresh(house: PlayedHouse, tokens: PasswordTokens) -> None:
    house.answers = [signed_in(1), signed_in(2)]

    assert [await tokens(renew) for renew in (False, False, True, False)] == [
        "access 1",
        "access 1",
        "access 2",
        "access 2",
    ]
    assert house.asked == [
        ("/api/v1/auth/login", {"username": "ann", "password": "correct horse", "mode": "bearer"}),
        ("/api/v1/auth/refresh", {"refresh_token": "refresh 1", "mode": "bearer"}),
    ]


async def test_tokens_of_a_lost_refresh_answer_are_asked_for_with_the_same_token(
    house: PlayedHouse, tokens: PasswordTokens
) -> None:
    house.answers = [signed_in(1), httpx.ReadError("cut"), signed_in(2)]
    await tokens(renew=False)

    assert await tokens(renew=True) == "access 2"
    assert house.asked[1] == house.asked[2]


async def test_tokens_of_a_sign_in_that_has_ended_are_refused_from_then_on(
    house: PlayedHouse, tokens: PasswordTokens
) -> None:
    ended = {"code": "invalid_token", "detail": "Sign in again."}
    house.answers = [signed_in(1), httpx.Response(401, json=ended), httpx.Response(401, json=ended)]
    await tokens(renew=False)

    for _ in range(2):
        with pytest.raises(SignedOut, match="Sign in again") as refusal:
            await tokens(renew=True)
        assert refusal.value.code == "invalid_token"
    assert [path for path, _ in house.asked] == ["/api/v1/auth/login", *["/api/v1/auth/refresh"] * 2]


@pytest.mark.parametrize(
    "answer",
    [lambda: httpx.Response(503), lambda: httpx.Response(429), lambda: httpx.ConnectError("nobody there")],
    ids=["unavailable", "limited", "unreachable"],
)
async def test_tokens_that_cannot_be_had_now_are_worth_another_try(
    house: PlayedHouse, tokens: PasswordTokens, answer: Callable[[], Answer]
) -> None:
    house.answers = [answer(), signed_in(1)]

    with pytest.raises(Disconnected):
        await tokens(renew=False)
    assert await tokens(renew=False) == "access 1"


async def test_tokens_by_email_are_asked_for_by_email(house: PlayedHouse) -> None:
    house.answers = [httpx.Response(401, text="<html>")]
    client = httpx.AsyncClient(base_url="http://house", transport=httpx.MockTransport(house))
    async with PasswordTokens("http://house", "ann@example.org", "wrong", client) as tokens:
        with pytest.raises(SignedOut):
            await tokens(renew=False)

    assert house.asked[0][1]["email"] == "ann@example.org"
