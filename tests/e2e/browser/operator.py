"""What happens beside the browser: at the operator's terminal, in Telegram, in the mailbox."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from domain.identity import OPERATOR, UNKNOWN_DEVICE, MemberId, Role
from entrypoints.container import Container, sql_container
from entrypoints.settings import Settings
from tests.e2e.browser.house import House

PASSWORD = "correct horse battery"
SECONDS_TO_MAIL = 15


@asynccontextmanager
async def operating(house: House) -> AsyncIterator[Container]:
    """The house's use cases on its database, in the process of the test."""
    container = sql_container(Settings(data_dir=house.data_dir))
    try:
        yield container
    finally:
        await container.database().dispose()


async def new_member(house: House, username: str, email: str, role: Role = Role.PUBLIC) -> MemberId:
    """A member as the operator makes one: without the limit that keeps one address from making many."""
    async with operating(house) as container:
        member = await container.account_service().register(email, username, PASSWORD, UNKNOWN_DEVICE)
        if role > Role.PUBLIC:
            await container.member_service().grant(OPERATOR, member.id, role, "for the test")
        return member.id


async def mailed_link(house: House, path: str, to: str) -> str:
    """The address in the latest mail to somebody that leads to this path, once there is one."""
    for _ in range(SECONDS_TO_MAIL * 10):
        if links := _mailed_links(house, path, to):
            return links[-1]
        await asyncio.sleep(0.1)
    raise AssertionError(f"No mail to {to} leads to {path}")


def _mailed_links(house: House, path: str, to: str) -> list[str]:
    # Without a mail server, the house writes mail to its terminal.
    log = (house.data_dir / "server.log").read_text()
    mails = re.findall(r"^  \| To: (.+)\n((?:  \| .*\n)+)", log, re.MULTILINE)
    return [
        found[0] for address, text in mails if address == to and (found := re.search(rf"\S+{path}#token=\S+", text))
    ]
