"""The codes of requests to link: made, shown once, kept hashed, and found again."""

import re
from collections.abc import Sequence

from application.identity.link_views import LinkCode
from application.ports.identity import TokenIssuer
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWork
from domain.errors import Conflict
from domain.identity import (
    LINK_CODE_LENGTH,
    LINK_CODE_LIFETIME,
    Actor,
    LinkRequest,
    LinkRequestId,
    code_refused,
)

TRIES = 5
MAX_POSSIBLE = 5
_WORD = re.compile(r"[A-Za-z0-9]+")


class LinkCodes:
    """Eight characters each, without regard to case and spaces."""

    def __init__(self, tokens: TokenIssuer, clock: Clock, ids: Ids) -> None:
        self._tokens = tokens
        self._clock = clock
        self._ids = ids

    async def issue(self, work: UnitOfWork, actor: Actor, *, is_reauthenticated: bool) -> LinkCode:
        """A new request of the actor, which ends with their sign-in; raises `Conflict` when no code is free."""
        now = self._clock.now()
        for _ in range(TRIES):
            code = self._tokens.code()
            request = LinkRequest(
                LinkRequestId(self._ids.new()),
                actor.require_member(),
                self._tokens.hashed_code(code),
                created_at=now,
                expires_at=now + LINK_CODE_LIFETIME,
                is_reauthenticated=is_reauthenticated,
                sign_in_id=actor.sign_in_id,
            )
            try:
                await work.link_requests.add(request)
            except Conflict:
                continue
            return LinkCode(request.id, code, request.expires_at)
        raise Conflict("No code is free now; try again.")

    async def find(self, work: UnitOfWork, typed: str) -> LinkRequest:
        """The request with this code; raises `InvalidToken`."""
        found = await self.known(work, typed)
        if found is None:
            raise code_refused()
        return found

    async def known(self, work: UnitOfWork, typed: str) -> LinkRequest | None:
        """The same; None for what is no code of ours."""
        code = "".join(typed.split())
        return (
            await work.link_requests.by_code_hash(self._tokens.hashed_code(code))
            if len(code) == LINK_CODE_LENGTH
            else None
        )


def possible_codes(text: str) -> Sequence[str]:
    """What in a text may be a code, at most five: words that follow each other and have its length together."""
    words = _WORD.findall(text)
    joined = ("".join(words[first:last]) for first in range(len(words)) for last in range(first + 1, first + 9))
    return list(dict.fromkeys(each for each in joined if len(each) == LINK_CODE_LENGTH))[:MAX_POSSIBLE]
