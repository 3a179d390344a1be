"""What the commands about one member share: finding them, showing them, and times that somebody types."""

import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import UUID

import click

from application.ports.identity import MemberView
from domain.errors import NotFound
from domain.identity import OPERATOR, MemberId
from entrypoints.container import Container

T = TypeVar("T")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_SPAN = re.compile(r"(?P<count>[0-9]{1,5})(?P<unit>[mhd])")


def with_member(
    login: str, action: Callable[[Container, MemberView], Awaitable[T]]
) -> Callable[[Container], Awaitable[T]]:
    """The action on the member with this email, username, Telegram id or member id."""

    async def run(container: Container) -> T:
        return await action(container, await _found(container, login))

    return run


def line(member: MemberView) -> str:
    """A member on one line: id, role, username, email, and what else matters."""
    telegram = f"  telegram {member.telegram.telegram_id}" if member.telegram else ""
    state = "" if member.is_active else "  banned"
    return f"{member.id}  {member.role.name:<10}  {member.username or '-'}  {member.email or '-'}{telegram}{state}"


def moment(at: datetime | None) -> str:
    """A time in UTC, to the second; `-` for none."""
    return "-" if at is None else f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


class Moment(click.ParamType[Callable[[datetime], datetime]]):
    """A day or time, in UTC unless it says otherwise, or a span from now: `30d`, `12h`, `90m`.

    `direction` is 1 for spans that lead into the future, -1 for the past.
    """

    name = "time"

    def __init__(self, direction: int) -> None:
        self._direction = direction

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Callable[[datetime], datetime]:
        """The time, once it is known what time it is now."""
        text = str(value).strip()
        if found := _SPAN.fullmatch(text):
            span = timedelta(**{_UNITS[found["unit"]]: int(found["count"])}) * self._direction
            return lambda now: now + span
        try:
            read = datetime.fromisoformat(text)
            at = read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            self.fail(f"found {text!r}; expected a day such as 2026-12-31, a time, or a span such as 30d", param, ctx)
        return lambda _now: at


async def _found(container: Container, login: str) -> MemberView:
    service = container.member_service()
    try:
        return await service.find(OPERATOR, login)
    except NotFound:
        try:
            member_id = MemberId(UUID(login))
        except ValueError:
            member_id = None
        if member_id is None:
            raise
    return await service.get(OPERATOR, member_id)
