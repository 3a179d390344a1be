"""A running house and a headless Chromium."""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Download, Page, async_playwright

from domain.identity import MemberId, Role
from tests.e2e.browser.house import House, running
from tests.e2e.browser.operator import PASSWORD, new_member
from tests.e2e.browser.telegram_house import telegram_house

__all__ = ["PASSWORD", "Visitor"]

LEAVE_SECONDS = 10.0
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass
class Visitor:
    """Somebody with a browser window. `problems` are script errors, CSP violations and console errors."""

    house: House
    context: BrowserContext
    page: Page
    name: str
    member_id: MemberId | None = None
    problems: list[str] = field(default_factory=list)
    downloads: list[Download] = field(default_factory=list)

    @property
    def email(self) -> str:
        """A member's address."""
        return f"{self.name}@example.org"

    async def open(self, path: str) -> None:
        """Go to a page of the house and wait until its scripts have run."""
        await self.page.goto(self.house.url + path, wait_until="load")

    async def new_page(self) -> Page:
        """Another tab, watched like the first."""
        page = await self.context.new_page()
        self.watch(page)
        return page

    def watch(self, page: Page) -> None:
        """Note what goes wrong on a page."""
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.problems.append(f"script error: {error}"))
        page.on("download", self._downloading)

    def _downloading(self, download: Download) -> None:
        # A method of our own: the library keeps a mark on each handler, which a list's own method cannot hold.
        self.downloads.append(download)

    def _heard(self, message: ConsoleMessage) -> None:
        # A refused request is logged by the browser whatever the page makes of it.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.problems.append(message.text)


async def downloaded_json(download: Download) -> Any:
    """What the file holds that the visitor got, once it is whole."""
    return json.loads(await asyncio.to_thread(Path(await download.path()).read_text))


async def sign_in(visitor: Visitor, password: str = PASSWORD) -> None:
    """Give the visitor's browser the cookies of a new sign-in."""
    account = {"username": visitor.name, "password": password, "mode": "cookie"}
    signed_in = await visitor.context.request.post("/api/v1/auth/login", data=account)
    assert signed_in.ok, await signed_in.text()


def another_browser(member: Visitor, guest: Visitor) -> Visitor:
    """The guest's browser in the hands of this member."""
    return Visitor(guest.house, guest.context, guest.page, member.name, member.member_id, guest.problems)


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The house as an operator runs it, with a bot whose Telegram is away."""
    data_dir = tmp_path_factory.mktemp("house")
    serving = ["-m", "entrypoints.cli.main", "--data-dir", str(data_dir), "serve"]
    bot = {"GUILDHALL_TELEGRAM_BOT_TOKEN": "1:for-the-test", "GUILDHALL_TELEGRAM_API_BASE_URL": "http://127.0.0.1:9"}
    with running(data_dir, serving, **bot) as found:
        yield found


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def guild(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A house with a public address, whose bot is at a Telegram that is made up."""
    async with telegram_house(tmp_path_factory.mktemp("guild")) as found:
        yield found


@pytest.fixture(scope="session")
def slow_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house without a bot, whose assistant takes seconds for an answer."""
    data_dir = tmp_path_factory.mktemp("slow-house")
    with running(data_dir, ["-m", "tests.e2e.browser.slow_server", str(data_dir)]) as found:
        yield found


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium; absent, the test is skipped, or fails where services are required."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("GUILDHALL_TEST_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if found is None:
        problem = "No Chromium found; install one or name it in GUILDHALL_TEST_CHROMIUM"
        if os.environ.get("GUILDHALL_REQUIRE_SERVICES") == "1":
            pytest.fail(f"{problem}; GUILDHALL_REQUIRE_SERVICES=1 asks for it")
        pytest.skip(problem)
    return found


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """One browser for all; every visitor has a profile of their own in it."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield browser
        await browser.close()


async def _leave(visitor: Visitor) -> None:
    """Close the visitor's pages; a Chromium that does not answer is a failure that says which pages were open.

    A download still under way can keep Chromium from closing its context, so downloads end first.
    """
    async with asyncio.timeout(LEAVE_SECONDS):
        for download in visitor.downloads:
            assert await download.failure() is None
    pages = [page.url for page in visitor.context.pages]
    try:
        await asyncio.wait_for(visitor.context.close(), LEAVE_SECONDS)
    except TimeoutError:
        raise AssertionError(f"{visitor.name or 'The guest'} could not leave; open pages: {pages}") from None


@pytest_asyncio.fixture(loop_scope="session")
async def guest(house: House, browser: Browser) -> AsyncIterator[Visitor]:
    """Somebody who is not signed in; nothing may have gone wrong on their pages."""
    visitor = await _visitor(house, browser)
    yield visitor
    await _leave(visitor)
    assert visitor.problems == []


@pytest_asyncio.fixture(loop_scope="session")
async def caller(guild: House, browser: Browser) -> AsyncIterator[Visitor]:
    """Somebody who is not signed in, at the house with a bot."""
    visitor = await _visitor(guild, browser)
    yield visitor
    await _leave(visitor)
    assert visitor.problems == []


@pytest_asyncio.fixture(loop_scope="session")
async def guild_owner(guild: House, browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Visitor]:
    """A new owner of the house with a bot, signed in."""
    visitor = await _member(guild, browser, request, Role.OWNER)
    yield visitor
    await _leave(visitor)
    assert visitor.problems == []


@pytest_asyncio.fixture(loop_scope="session")
async def member(house: House, browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Visitor]:
    """A new member, signed in."""
    visitor = await _member(house, browser, request)
    yield visitor
    await _leave(visitor)
    assert visitor.problems == []


@pytest_asyncio.fixture(loop_scope="session")
async def neighbour(house: House, browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Visitor]:
    """Another new member, with a browser of their own."""
    visitor = await _member(house, browser, request)
    yield visitor
    await _leave(visitor)
    assert visitor.problems == []


@pytest_asyncio.fixture(loop_scope="session")
async def owner(house: House, browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Visitor]:
    """An owner, signed in."""
    visitor = await _member(house, browser, request, Role.OWNER)
    yield visitor
    await _leave(visitor)
    assert visitor.problems == []


@pytest_asyncio.fixture(loop_scope="session")
async def patient_member(slow_house: House, browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Visitor]:
    """A new member of the slow house, signed in."""
    visitor = await _member(slow_house, browser, request)
    yield visitor
    await _leave(visitor)
    assert visitor.problems == []


async def _visitor(house: House, browser: Browser, name: str = "") -> Visitor:
    context = await browser.new_context(base_url=house.url, reduced_motion="reduce", accept_downloads=True)
    context.set_default_timeout(15_000)
    visitor = Visitor(house, context, await context.new_page(), name)
    visitor.watch(visitor.page)
    return visitor


async def _member(house: House, browser: Browser, request: pytest.FixtureRequest, role: Role = Role.PUBLIC) -> Visitor:
    number = request.session.stash.setdefault(_COUNT, 0) + 1
    request.session.stash[_COUNT] = number
    visitor = await _visitor(house, browser, f"visitor-{number}")
    visitor.member_id = await new_member(house, visitor.name, visitor.email, role)
    await sign_in(visitor)
    return visitor


_COUNT = pytest.StashKey[int]()
