"""Pages that are there with a bot: who may frame them, what they may load, and what they offer."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from application.ports.telegram import BotApi, BotIdentity
from domain.errors import Unavailable
from domain.identity import OPERATOR, Role, TelegramProfile
from entrypoints.container import memory_container
from entrypoints.http.security_headers import PAGE_POLICY
from entrypoints.runtime import create_application
from entrypoints.settings import Secret, TelegramSettings
from tests.integration.http.house import House, client_of, settings
from tests.support.telegram import BOT_TOKEN

APP, ANSWER, INBOX = "/telegram-app", "/sign-in/telegram", "/admin/inbox"
PAGES = ("/", "/sign-in", "/sign-in/link", "/sign-in/forgotten", ANSWER, "/account", "/chat", "/guides", INBOX)
HTML = {"Accept": "text/html"}


class Telegram(BotApi):
    """Says who the bot is, unless it is away."""

    def __init__(self) -> None:
        self.is_away = False

    async def me(self) -> BotIdentity:
        if self.is_away:
            raise Unavailable("Telegram is away.")
        return BotIdentity(123456, "guild_bot")


@pytest.fixture
def telegram() -> Telegram:
    return Telegram()


@pytest.fixture
async def guild(tmp_path: Path, telegram: Telegram) -> AsyncIterator[House]:
    """A house with a bot and a public address."""
    bot = TelegramSettings(bot_token=Secret(BOT_TOKEN), webhook_secret=Secret("a-webhook-secret"))
    container = memory_container(settings(tmp_path, telegram=bot, public_url="https://guild.example.org"))
    container.bot_api.override(telegram)
    app = create_application(container)
    async with client_of(app) as client:
        yield House(container, app, client)


async def test_mini_app_page_alone_may_be_framed_and_by_telegram_web_alone(guild: House) -> None:
    framed = await guild.client.get(APP, headers=HTML)
    assert framed.status_code == 200
    policy = framed.headers["content-security-policy"]
    assert "frame-ancestors https://web.telegram.org" in policy
    # Nothing else is loosened, and the header that knows no single site is left out.
    assert policy.replace("https://web.telegram.org", "'none'") == PAGE_POLICY
    assert "x-frame-options" not in framed.headers
    admin = await guild.person("ada", Role.ADMIN)
    for path in (*PAGES, f"{APP}/x", "/api/v1/health"):
        answer = await guild.client.get(path, headers={**admin.headers, **HTML})
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"], path
        assert answer.headers["x-frame-options"] == "DENY", path


async def test_pages_with_a_bot_load_nothing_of_telegrams(guild: House) -> None:
    for path in (APP, ANSWER, "/sign-in"):
        answer = await guild.client.get(path, headers=HTML)
        assert answer.status_code == 200
        assert "script-src 'self';" in answer.headers["content-security-policy"]
        assert "telegram.org" not in answer.text


async def test_pages_of_a_house_without_bot_are_not_there_nor_framed(site: House) -> None:
    admin = await site.person("ada", Role.ADMIN)
    for path in (APP, ANSWER, INBOX):
        answer = await site.client.get(path, headers={**admin.headers, **HTML})
        assert answer.status_code == 404
        assert "This house has no Telegram bot." in answer.text
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["content-security-policy"] == PAGE_POLICY
    assert "Sign in with Telegram" not in (await site.client.get("/sign-in")).text
    assert INBOX not in (await site.client.get("/admin/members", headers=admin.headers)).text


async def test_sign_in_page_offers_telegram_with_the_bot_of_the_token(guild: House) -> None:
    page = (await guild.client.get("/sign-in?next=/saved")).text
    assert 'data-telegram="sign-in" data-bot="123456" data-next="/saved"' in page


async def test_sign_in_page_without_public_address_offers_no_telegram(tmp_path: Path) -> None:
    bot = TelegramSettings(bot_token=Secret(BOT_TOKEN))
    async with client_of(create_application(memory_container(settings(tmp_path, telegram=bot)))) as client:
        assert "Sign in with Telegram" not in (await client.get("/sign-in")).text
        assert (await client.get(APP)).status_code == 200


@pytest.mark.parametrize(
    ("wanted", "goes"), [("/guides?q=a", "/guides?q=a"), ("//evil.example", "/chat"), ("https://evil.example", "/chat")]
)
async def test_mini_app_page_goes_on_to_own_paths_only(guild: House, wanted: str, goes: str) -> None:
    page = await guild.client.get(APP, params={"next": wanted})
    assert f'data-next="{goes}"' in page.text


async def test_mini_app_page_knows_the_telegram_account_of_who_is_signed_in(guild: House) -> None:
    seen = await guild.container.telegram_accounts().seen(TelegramProfile(4711, "ada_tg", "Ada"))
    link = await guild.container.member_service().sign_in_link(OPERATOR, seen.require_member())
    signed_in = await guild.client.post("/api/v1/auth/login-link", json={"token": link.token})
    headers = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}

    assert 'data-telegram-id="4711"' in (await guild.client.get(APP, headers=headers)).text
    assert "data-telegram-id" not in (await guild.client.get(APP)).text


async def test_account_page_leads_to_the_bot_and_stays_whole_while_telegram_is_away(
    guild: House, telegram: Telegram
) -> None:
    ada = await guild.person("ada")
    telegram.is_away = True
    away = (await guild.client.get("/account", headers=ada.headers)).text
    assert "t.me" not in away
    assert "Telegram does not answer at the moment" in away
    telegram.is_away = False
    guild.container.known_bot.reset()

    page = (await guild.client.get("/account", headers=ada.headers)).text
    assert 'data-deep-link="https://t.me/guild_bot?start=link_"' in page
    assert "does not answer" not in page


async def test_account_page_of_an_owner_without_a_password_leads_to_setting_one_before_linking(guild: House) -> None:
    members = guild.container.member_service()
    owner, _ = await members.bootstrap_owner()
    link = await members.sign_in_link(OPERATOR, owner.id)
    signed_in = await guild.client.post("/api/v1/auth/login-link", json={"token": link.token})
    headers = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}

    page = (await guild.client.get("/account", headers=headers)).text
    refused = await guild.client.post("/api/v1/auth/link-code", headers=headers)
    new = {"new_password": "correct horse battery staple"}
    assert (await guild.client.post("/api/v1/auth/password", json=new, headers=headers)).is_success
    afterwards = (await guild.client.get("/account", headers=headers)).text

    assert 'href="#password-title"' in page
    assert 'id="password-title"' in page
    assert 'id="link-telegram"' not in page
    assert refused.status_code == 409
    assert "set a password first" in refused.json()["detail"]
    assert 'id="link-telegram"' in afterwards


async def test_inbox_page_offers_to_dismiss_what_can_only_stay(guild: House) -> None:
    admin = await guild.person("root", Role.ADMIN)
    await guild.container.update_intake().receive(123456, [b"no update"])

    page = (await guild.client.get(INBOX, headers=admin.headers)).text

    assert 'data-call="DELETE /telegram/updates/' in page
    assert "expected a JSON object with an update_id" in page
    assert "/replay" not in page.split('data-call="POST /telegram/updates/replay"')[0]
