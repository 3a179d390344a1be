"""Access tokens for as long as a sign-in lasts."""

import asyncio
from typing import Any, Protocol

import httpx

from adapters.client.errors import Disconnected, SignedOut

REFRESH_TRIES = 2


class TokenSource(Protocol):
    """Where the client gets its access token from."""

    async def __call__(self, renew: bool) -> str:
        """An access token; with `renew` another one than the last, which has ended or is about to.

        Raises `SignedOut` when there will be none any more, and `Disconnected` or `OSError` when there is none now.
        """
        ...


class PasswordTokens(TokenSource):
    """Signs in with a password once, and refreshes from then on. `close` it, or use it as a context, at the end.

    An answer to a refresh that is lost on its way is asked for again: the server gives the same successor for 30 s.
    """

    def __init__(self, base_url: str, name: str, password: str, client: httpx.AsyncClient | None = None) -> None:
        self._client = client or httpx.AsyncClient(base_url=base_url, timeout=30)
        self._account = {"email" if "@" in name else "username": name, "password": password}
        self._lock = asyncio.Lock()
        self._access: str | None = None
        self._refresh: str | None = None

    async def __aenter__(self) -> "PasswordTokens":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the HTTP connections. The sign-in stays until it ends or is ended."""
        await self._client.aclose()

    async def __call__(self, renew: bool) -> str:
        """The present access token, or a new one."""
        async with self._lock:
            if self._access is None or self._refresh is None:
                await self._ask("login", self._account, tries=1)
            elif renew:
                await self._ask("refresh", {"refresh_token": self._refresh}, tries=REFRESH_TRIES)
            if self._access is None:
                raise SignedOut("not_signed_in", "The server gave no access token.")
            return self._access

    async def _ask(self, what: str, body: dict[str, str], tries: int) -> None:
        answer = await self._post(f"/api/v1/auth/{what}", {**body, "mode": "bearer"}, tries)
        if answer.status_code in {400, 401, 403, 422}:
            problem = _problem(answer)
            raise SignedOut(str(problem.get("code", "not_signed_in")), str(problem.get("detail", "Signed out.")))
        if answer.status_code != httpx.codes.OK:
            raise Disconnected(1006, f"{what} answered {answer.status_code}")
        signed_in = answer.json()
        self._access, self._refresh = signed_in["access_token"], signed_in["refresh_token"]

    async def _post(self, path: str, body: dict[str, str], tries: int) -> httpx.Response:
        while True:
            tries -= 1
            try:
                return await self._client.post(path, json=body)
            except httpx.TransportError as error:
                if tries <= 0:
                    raise Disconnected(1006, f"{path}: {error}") from error


def _problem(answer: httpx.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
