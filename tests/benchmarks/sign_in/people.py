"""The members that the benchmark needs, put into the database before the server starts."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from domain.identity import OPERATOR, UNKNOWN_DEVICE, MemberId
from entrypoints.container import Container, sql_container
from entrypoints.settings import Settings

PASSWORD = "correct horse battery"
VICTIM = "victim"


@dataclass(frozen=True, slots=True)
class People:
    """Usernames by what is special about them."""

    ordinary: tuple[str, ...]
    banned: tuple[str, ...]
    without_password: tuple[str, ...]


def settle(folder: Path, rounds: int) -> People:
    """As many of each kind as there are rounds, and the victim."""
    people = People(
        tuple(f"member{number}" for number in range(rounds)),
        tuple(f"banned{number}" for number in range(rounds)),
        tuple(f"linked{number}" for number in range(rounds)),
    )
    asyncio.run(_register(folder, people))
    return people


async def _register(folder: Path, people: People) -> None:
    container = sql_container(Settings(data_dir=folder))
    try:
        for name in (VICTIM, *people.ordinary):
            await _member(container, name)
        for name in people.banned:
            await _edit(container, await _member(container, name), is_banned=True)
        for name in people.without_password:
            await _edit(container, await _member(container, name), is_banned=False)
    finally:
        await container.database().dispose()


async def _member(container: Container, name: str) -> MemberId:
    return (await container.account_service().register(None, name, PASSWORD, UNKNOWN_DEVICE)).id


async def _edit(container: Container, member_id: MemberId, *, is_banned: bool) -> None:
    now = container.clock().now()
    async with container.unit_of_work() as work:
        member = await work.members.get(member_id)
        if is_banned:
            member.ban(OPERATOR, now)
        elif member.user is not None:
            member.user.password_hash = None
            member.changed(now)
        await work.members.save(member, now)
        await work.commit()
