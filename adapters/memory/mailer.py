"""Mail that stays here."""

from application.ports.mailing import Mail, Mailer, MailNotSent


class InMemoryMailer(Mailer):
    """Keeps what was sent, in order. `failures` are raised first, one a mail."""

    def __init__(self, *, can_send: bool = True) -> None:
        self._can_send = can_send
        self.sent: list[Mail] = []
        self.failures: list[MailNotSent] = []

    @property
    def can_send(self) -> bool:
        return self._can_send

    async def send(self, mail: Mail) -> None:
        if not self._can_send:
            raise MailNotSent("this instance sends no mail", permanent=True)
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append(mail)
