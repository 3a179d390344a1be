"""A thousand members who are signed in, put into the database before the server starts."""

import asyncio
from pathlib import Path

from domain.identity import UNKNOWN_DEVICE, Actor, Member, MemberId, Role, User, UserId
from entrypoints.container import sql_container
from entrypoints.settings import Settings


def settle(folder: Path, count: int) -> list[str]:
    """So many new members; the access token of each."""
    return [token for token, _ in asyncio.run(_settle(folder, count))]


def settle_with_sessions(folder: Path, count: int) -> list[tuple[str, str]]:
    """So many new members; the access token and a chat session of each."""
    return asyncio.run(_settle(folder, count, with_sessions=True))


async def _settle(folder: Path, count: int, *, with_sessions: bool = False) -> list[tuple[str, str]]:
    container = sql_container(Settings(data_dir=folder))
    new_id, now, opener = container.ids().new, container.clock().now(), container.sign_in_opener()
    settled, actors = [], []
    try:
        async with container.unit_of_work() as work:
            for number in range(count):
                user = User(UserId(new_id()), None, f"listener{number}", None, created_at=now, updated_at=now)
                member = Member(MemberId(new_id()), created_at=now, updated_at=now, user=user)
                await work.members.add(member, now)
                settled.append(((await opener.open(work, member, UNKNOWN_DEVICE, "link")).access_token, ""))
                actors.append(Actor(member.id, Role.PUBLIC))
            await work.commit()
        if with_sessions:
            create = container.chat_session_service().create
            sessions = [str((await create(actor)).id) for actor in actors]
            settled = [(token, session) for (token, _), session in zip(settled, sessions, strict=True)]
    finally:
        await container.database().dispose()
    return settled
