"""The whole bot on each database, with a handler that hangs or fails in one chat: every other chat goes on."""

import asyncio
from datetime import datetime

from dependency_injector import providers

from adapters.system.clock import SystemClock
from adapters.testing.telegram.fake import FakeTelegram
from application.guides.search import GuideSearch, GuideSearchHit
from application.ports.inbox import UpdateFilter
from domain.identity import Actor
from domain.telegram import MAX_ATTEMPTS, UpdateState
from entrypoints.container import Container
from entrypoints.telegram_bot.texts import ENGLISH
from tests.integration.telegram.at_work import Made, at_work

PEOPLE = 20
HELP = ENGLISH.basics.help_title


class TroubledSearch(GuideSearch):
    """Waits for its release when it is asked for `hang`, and fails when it is asked for `fail`."""

    def __init__(self, container: Container) -> None:
        super().__init__(
            container.passage_queries(),
            container.guide_queries(),
            container.analyzer(),
            container.searches_allowance(),
        )
        self.released = asyncio.Event()
        self.asked: list[str] = []

    async def search(self, actor: Actor, query: str, limit: int, category: str | None = None) -> list[GuideSearchHit]:
        self.asked.append(query)
        if query == "hang":
            await self.released.wait()
        if query == "fail":
            raise RuntimeError("The shelf fell over.")
        return await super().search(actor, query, limit, category)


class HastyClock(SystemClock):
    """Eight seconds pass in one."""

    def __init__(self) -> None:
        self._began = super().now()

    def now(self) -> datetime:
        return self._began + 8 * (super().now() - self._began)

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds / 8)


def troubled(container: Container) -> TroubledSearch:
    """What the container's bot searches with."""
    search = TroubledSearch(container)
    container.guide_search.override(providers.Object(search))
    return search


async def test_bot_with_a_handler_that_hangs_holds_that_lane_only(telegram: FakeTelegram, made: Made) -> None:
    container, ada = made(), telegram.user("Ada")
    people = [telegram.user(f"Person {number}") for number in range(PEOPLE)]
    search = troubled(container)
    async with at_work(container):
        ada.sends("/search hang")
        ada.sends("/help")
        await telegram.until(lambda: search.asked, within=20)
        for person in people:
            person.sends("/help")
        await telegram.until(lambda: all(telegram.said_to(person) for person in people), within=20)
        assert telegram.said_to(ada) == []

        search.released.set()
        await telegram.until(lambda: len(telegram.said_to(ada)) == 2, within=20)
    found, helped = (post.text for post in telegram.said_to(ada))
    assert found == ENGLISH.guides.search_none.format(words="hang")
    assert helped.startswith(HELP)
    assert search.asked == ["hang"]


async def test_bot_with_a_handler_that_fails_apologises_once_keeps_the_error_and_goes_on(
    telegram: FakeTelegram, made: Made
) -> None:
    container, ada = made(), telegram.user("Ada")
    people = [telegram.user(f"Person {number}") for number in range(PEOPLE)]
    container.clock.override(providers.Object(HastyClock()))
    search = troubled(container)
    async with at_work(container):
        ada.sends("/search fail")
        ada.sends("/help")
        await telegram.until(lambda: search.asked, within=20)
        for person in people:
            person.sends("/help")
        await telegram.until(lambda: all(telegram.said_to(person) for person in people), within=20)
        await telegram.until(lambda: len(telegram.said_to(ada)) == 2, within=30)

    apology, helped = (post.text for post in telegram.said_to(ada))
    assert apology == ENGLISH.apology
    assert helped.startswith(HELP)
    assert search.asked == ["fail"] * MAX_ATTEMPTS
    (dead,) = (await container.update_queries().page(UpdateFilter(UpdateState.ERROR), limit=9)).items
    assert (dead.error_message, dead.attempts) == ("RuntimeError: The shelf fell over.", MAX_ATTEMPTS)
    assert [len(telegram.said_to(person)) for person in people] == [1] * PEOPLE
