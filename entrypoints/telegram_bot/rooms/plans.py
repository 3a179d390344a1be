"""Plans and payments, of which there are none yet."""

from collections.abc import Mapping, Sequence

from application.ports.inbox import Handled
from entrypoints.telegram_bot.registry import Command, Handler
from entrypoints.telegram_bot.request import Request
from entrypoints.telegram_bot.rooms.room import command


class PlansRoom:
    """Everything that is about buying says that nothing is sold."""

    def commands(self) -> Sequence[Command]:
        """Of this room."""
        return [
            command("shop", "plans", self.shop, "products", "catalog"),
            command("subscribe", "plans", self.shop),
            command("subscription", "plans", self.subscription),
            command("cancel", "plans", self.cancel),
            command("paysupport", "plans", self.paysupport),
            command("terms", "plans", self.terms),
        ]

    def buttons(self) -> Mapping[str, Handler]:
        """None: there is nothing to buy."""
        return {}

    async def shop(self, request: Request) -> Handled:
        """The plans."""
        return request.answered(request.texts.news.no_plans)

    async def subscription(self, request: Request) -> Handled:
        """One's own."""
        return request.answered(request.texts.news.no_subscription)

    async def cancel(self, request: Request) -> Handled:
        """End it."""
        return request.answered(request.texts.news.nothing_to_cancel)

    async def paysupport(self, request: Request) -> Handled:
        """Telegram asks of every bot that takes payments to answer this."""
        return request.answered(request.texts.news.paysupport)

    async def terms(self, request: Request) -> Handled:
        """And this."""
        return request.answered(request.texts.news.terms)
