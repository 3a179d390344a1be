"""The container's Telegram sign-in and linking, with Telegram's own signature and the real token issuer."""

from pathlib import Path

import pytest
from dependency_injector import providers

from adapters.memory import ManualClock
from domain.errors import InvalidToken, Unavailable
from domain.identity import OPERATOR, UNKNOWN_DEVICE, Actor, LinkState, Role, TelegramProfile
from entrypoints.container import Container, memory_container
from entrypoints.settings import Secret, Settings, TelegramSettings
from tests.support.telegram import BOT_TOKEN, Signer

ANN = TelegramProfile(42, "ann", "Ann")


def container(folder: Path, token: str | None) -> Container:
    """Everything in memory, at a time that stands still."""
    telegram = TelegramSettings(bot_token=Secret(token) if token else None)
    made = memory_container(Settings(data_dir=folder, telegram=telegram))
    made.clock.override(providers.Object(ManualClock()))
    return made


async def test_telegram_sign_in_of_the_container_takes_the_configured_bots_word_only(tmp_path: Path) -> None:
    place, other = container(tmp_path, BOT_TOKEN), container(tmp_path, "654321:another-bot")
    init_data = Signer().vouch_for_mini_app(ANN, place.clock().now())

    signed_in = await place.telegram_sign_in().with_mini_app(init_data, UNKNOWN_DEVICE)

    actor = await place.telegram_accounts().seen(ANN)
    assert actor.member_id == signed_in.member_id
    with pytest.raises(InvalidToken):
        await other.telegram_sign_in().with_mini_app(init_data, UNKNOWN_DEVICE)


async def test_telegram_sign_in_of_a_container_without_a_bot_is_unavailable(tmp_path: Path) -> None:
    place = container(tmp_path, None)

    with pytest.raises(Unavailable, match="no Telegram bot"):
        await place.telegram_sign_in().with_widget({}, UNKNOWN_DEVICE)


async def test_link_by_the_containers_codes_makes_one_member(tmp_path: Path) -> None:
    place = container(tmp_path, None)
    async with place.unit_of_work() as work:
        assert await work.members.by_telegram_id(ANN.telegram_id) is None
    ada, _ = await place.member_service().bootstrap_owner()
    await place.member_service().set_password(OPERATOR, ada.id, "a good long password")
    actor = Actor(ada.id, Role.OWNER)
    code = await place.linking_service().request(actor)

    question = await place.linking_service().present(ANN, code.code.lower())
    waiting = await place.linking_service().confirm(ANN.telegram_id, question.request_id)

    assert (question.account, question.needs_password) == ("o***", True)
    assert waiting.state is LinkState.AWAITING_PASSWORD
