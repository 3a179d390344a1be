"""Mail of a house in a test: what was sent, and the links in it."""

import re

from dependency_injector import providers

from adapters.memory.mailer import InMemoryMailer
from application.ports.mailing import Mail
from entrypoints.container import Container

_TOKEN = re.compile(r"#token=(\S+)")


class Mailbox:
    """Takes the place of the mailer. `container` has not made its mail worker yet."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._mailer = InMemoryMailer()
        container.mailer.override(providers.Object(self._mailer))

    async def mails(self) -> list[Mail]:
        """All mail so far, with what is owed sent first."""
        while await self._container.mail_worker().deliver():
            pass
        return self._mailer.sent

    async def token(self, to: str) -> str:
        """The token in the newest mail to this address that holds one."""
        texts = [mail.text for mail in reversed(await self.mails()) if mail.to == to]
        tokens = [found[1] for found in map(_TOKEN.search, texts) if found]
        assert tokens, texts
        return tokens[0]
