"""Words and buttons around answers."""

import re
from uuid import UUID

import pytest

from application.ports.answering import AnswerTexts, CitedGuide
from domain.guides import GuideId
from domain.telegram import MAX_CALLBACK_DATA
from entrypoints.telegram_bot.answers import BotAnswerStyle
from entrypoints.telegram_bot.callbacks import read_callback, read_guide_id, read_id
from entrypoints.telegram_bot.rooms.room import MAX_LABEL
from entrypoints.telegram_bot.texts import CATALOGUES

GUIDE = CitedGuide(GuideId(UUID("019b0000-0006-7000-8000-0000000000ff")), "Position\nsizing " * 20, (1, 3))
STYLE = BotAnswerStyle("guild_bot")


def test_answer_style_citation_in_a_private_chat_opens_the_guide_under_the_answer() -> None:
    button = STYLE.citation_button(GUIDE, is_private=True)

    assert button.data is not None
    assert len(button.data) <= MAX_CALLBACK_DATA
    pressed = read_callback(button.data)
    assert pressed is not None
    assert (pressed.verb, read_id(pressed.arguments[0])) == ("open", GUIDE.guide_id)
    assert button.text.startswith("[1, 3] Position sizing Position")
    assert len(button.text) <= MAX_LABEL


def test_answer_style_citation_in_a_group_is_a_link_that_telegram_takes() -> None:
    button = STYLE.citation_button(GUIDE, is_private=False)

    found = re.fullmatch(r"https://t\.me/guild_bot\?start=guide_([A-Za-z0-9_-]{1,58})", button.url or "")
    assert found is not None
    assert read_guide_id(found[1]) == GUIDE.guide_id


@pytest.mark.parametrize("language", CATALOGUES)
def test_answer_style_speaks_each_language(language: str) -> None:
    texts = STYLE.texts(f"{language}-XX")

    assert texts == CATALOGUES[language].answers
    assert all(getattr(texts, name).strip() for name in AnswerTexts.__slots__)


def test_answer_style_unknown_language_is_english() -> None:
    assert STYLE.texts("tlh") == STYLE.texts(None) == CATALOGUES["en"].answers
