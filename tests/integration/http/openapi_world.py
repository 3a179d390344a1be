"""The people who send made-up requests."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from uuid import UUID

from domain.identity import OPERATOR, MemberId, Role, TelegramProfile
from tests.integration.http.house import House, Json, Person
from tests.integration.http.mailbox import Mailbox
from tests.support.telegram import Signer

AUTH = "/api/v1/auth"
CALLERS: dict[str, Role | None] = {"guest": None, "member": Role.PUBLIC, "owner": Role.OWNER}
_NUMBERS = count(1)


@dataclass(frozen=True)
class Scene:
    """One caller, a guest without a role. `owned_by` is whose things they ask for: their own, but for guests."""

    house: House
    mailbox: Mailbox
    role: Role | None
    owned_by: Person
    username: str = ""
    profile: TelegramProfile | None = None

    @property
    def headers(self) -> dict[str, str]:
        """What the caller's requests carry."""
        return {} if self.role is None else self.owned_by.headers

    @property
    def email(self) -> str:
        """The email of whom things belong to."""
        return f"{self.username}@example.org"

    async def ask(self, method: str, path: str, body: object = None, by: Person | None = None) -> Json:
        """What is answered to whom things belong to, or to somebody else."""
        headers = (by or self.owned_by).headers
        answer = await self.house.client.request(method, f"/api/v1/{path}", headers=headers, json=body)
        return dict(answer.raise_for_status().json() or {}) if answer.content else {}

    async def admin(self) -> Person:
        """Somebody who may write guides and ban."""
        return await self.house.person(new_name(), Role.ADMIN)

    async def telegram_agrees(self, code: str) -> None:
        """A Telegram account that nobody has sends the code to the bot, and confirms."""
        linking, profile = self.house.container.linking_service(), new_profile()
        question = await linking.present(profile, code)
        await linking.confirm(profile.telegram_id, question.request_id)


async def with_password(house: House, mailbox: Mailbox, role: Role | None) -> Scene:
    """A caller with an email, a username and a password."""
    name = new_name()
    return Scene(house, mailbox, role, await house.person(name, role or Role.PUBLIC), name)


async def from_telegram(house: House, mailbox: Mailbox, role: Role | None) -> Scene:
    """A caller who came by Telegram and has no password."""
    profile = new_profile()
    # A proof is good once; the next one is of another second.
    fields = Signer().vouch_for_widget(profile, house.container.clock().now() - timedelta(minutes=1))
    tokens = (await house.client.post(f"{AUTH}/telegram", json=fields)).raise_for_status().json()
    person = Person(MemberId(UUID(tokens["member_id"])), tokens["access_token"], tokens["refresh_token"])
    if role:
        await house.container.member_service().grant(OPERATOR, person.id, role, "for the test")
    return Scene(house, mailbox, role, person, profile=profile)


def new_name() -> str:
    """A username that nobody has."""
    return f"somebody{next(_NUMBERS)}"


def new_profile() -> TelegramProfile:
    """A Telegram account that nobody has."""
    number = next(_NUMBERS)
    return TelegramProfile(1_000_000 + number, f"telegram{number}", "Ann")


# Whose first steps differ from having a password.
ENTRANCES: dict[str, Callable[[House, Mailbox, Role | None], Awaitable[Scene]]] = {"set_first_password": from_telegram}


async def enter(operation: str, house: House, mailbox: Mailbox, role: Role | None) -> Scene:
    """A new caller for this operation."""
    return await ENTRANCES.get(operation, with_password)(house, mailbox, role)
