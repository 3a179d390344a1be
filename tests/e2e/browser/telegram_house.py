"""A house with a bot and a public address, beside a Telegram that is made up."""

import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit
from uuid import uuid4

from playwright.async_api import BrowserContext, Route

from adapters.testing.telegram import FakeTelegram
from domain.identity import TelegramProfile
from tests.e2e.browser.house import House, free_port, running
from tests.support.telegram import BOT_TOKEN, Signer

BOT_ID = BOT_TOKEN.partition(":")[0]
BOT_NAME = "guild_hall_bot"
DARK = json.dumps({"bg_color": "#17212b", "text_color": "#f5f5f5"})


@asynccontextmanager
async def telegram_house(data_dir: Path) -> AsyncIterator[House]:
    """The house; its bot is at the fake Bot API."""
    port = free_port()
    async with FakeTelegram(token=BOT_TOKEN, username=BOT_NAME) as telegram:
        serving = ["-m", "entrypoints.cli.main", "--data-dir", str(data_dir), "serve"]
        bot = {
            "GUILDHALL_TELEGRAM_BOT_TOKEN": BOT_TOKEN,
            "GUILDHALL_TELEGRAM_API_BASE_URL": telegram.url,
            "GUILDHALL_PUBLIC_URL": f"http://127.0.0.1:{port}",
        }
        with running(data_dir, serving, port, **bot) as house:
            yield house


def launch(profile: TelegramProfile, theme: str = "{}", start: str = "", signed_at: datetime | None = None) -> str:
    """The fragment that Telegram's clients open a Mini App with."""
    data = Signer().vouch_for_mini_app(profile, signed_at or datetime.now(UTC), start=start, query_id=uuid4().hex)
    return f"#tgWebAppData={quote(data, safe='')}&tgWebAppVersion=8.0&tgWebAppThemeParams={quote(theme, safe='')}"


def answer(fields: Mapping[str, object]) -> str:
    """The fragment that Telegram sends a browser back with."""
    return f"#tgAuthResult={urlsafe_b64encode(json.dumps(fields, ensure_ascii=False).encode()).decode().rstrip('=')}"


class TelegramLogin:
    """oauth.telegram.org, as far as a browser sees it: a page that asks, and leads back as this person."""

    def __init__(self, profile: TelegramProfile) -> None:
        self.profile = profile
        self.asked: list[Mapping[str, str]] = []
        self.signed: Mapping[str, object] = {}

    async def play(self, context: BrowserContext) -> None:
        """Stand in for it in this browser."""
        await context.route("https://oauth.telegram.org/**", self._answered)

    async def _answered(self, route: Route) -> None:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(route.request.url).query).items()}
        self.asked.append(asked)
        self.signed = Signer().vouch_for_widget(self.profile, datetime.now(UTC))
        back = escape(asked["return_to"] + answer(self.signed))
        await route.fulfill(status=200, content_type="text/html", body=f'<a href="{back}">Accept</a>')


class TelegramWeb:
    """web.telegram.org with a Mini App in a frame: it notes what the frame posts to it."""

    PAGE = "https://web.telegram.org/k/"

    def __init__(self, app: str) -> None:
        self._app = app

    async def play(self, context: BrowserContext) -> None:
        """Stand in for it in this browser."""
        # A page of the world shows one of this machine's; otherwise Chromium would ask.
        await context.grant_permissions(["local-network-access"], origin="https://web.telegram.org")
        await context.route("https://web.telegram.org/**", self._page)

    async def _page(self, route: Route) -> None:
        html = (
            "<script>window.heard=[];addEventListener('message',({data})=>heard.push(JSON.parse(data)))</script>"
            f'<iframe sandbox="allow-scripts allow-same-origin allow-popups allow-forms" src="{self._app}"></iframe>'
        )
        await route.fulfill(status=200, content_type="text/html", body=html)
