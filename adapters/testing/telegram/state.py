"""Everything that a call of the Bot API may look at or change."""

from dataclasses import dataclass, field

from adapters.testing.telegram.chats import Account
from adapters.testing.telegram.delivery import Webhook
from adapters.testing.telegram.errors import Json
from adapters.testing.telegram.files import Files
from adapters.testing.telegram.payments import Payments
from adapters.testing.telegram.polling import Polling
from adapters.testing.telegram.queries import Queries
from adapters.testing.telegram.updates import UpdateQueue
from adapters.testing.telegram.world import World
from application.ports.system import Clock


@dataclass(slots=True)
class BotState:
    """One bot and its surroundings. `commands` by scope and language; `invite_links` by their address."""

    clock: Clock
    updates: UpdateQueue
    world: World
    polling: Polling
    webhook: Webhook
    queries: Queries
    files: Files = field(default_factory=Files)
    payments: Payments = field(default_factory=Payments)
    commands: dict[tuple[str, str], list[Json]] = field(default_factory=dict)
    menu_button: Json = field(default_factory=lambda: {"type": "commands"})
    invite_links: dict[str, Json] = field(default_factory=dict)
    is_logged_out: bool = False
    is_closed: bool = False

    @property
    def bot(self) -> Account:
        """The bot's own account."""
        return self.world.bot


@dataclass(frozen=True, slots=True)
class Described:
    """A result that comes with a description."""

    result: object
    description: str
