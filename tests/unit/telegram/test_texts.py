"""Catalogues: each language says the same, with the same fields, in the room that Telegram gives."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import timedelta
from string import Formatter

import pytest

from domain.errors import GuildhallError, Invalid, TooManyRequests
from domain.identity import GrantSource, Role
from domain.telegram import UpdateState, utf16_length
from entrypoints.telegram_bot.errors import said_of
from entrypoints.telegram_bot.request import MAX_NOTE
from entrypoints.telegram_bot.rooms.member_buttons import Will
from entrypoints.telegram_bot.texts import CATALOGUES, ENGLISH, Catalogue, catalogue
from tests.architecture.test_layout import error_classes

LANGUAGES = sorted(CATALOGUES)


def texts_of(node: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text by its path."""
    if isinstance(node, str):
        yield path, node
    elif isinstance(node, Mapping):
        for key, value in node.items():
            yield from texts_of(value, f"{path}[{key}]")
    else:
        assert is_dataclass(node)
        for each in fields(node):
            yield from texts_of(getattr(node, each.name), f"{path}.{each.name}".lstrip("."))


def fields_of(text: str) -> set[str]:
    """What is filled into it."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_catalogues_there_are_two_and_tags_find_them() -> None:
    assert LANGUAGES == ["de", "en"]
    assert catalogue("de-AT") is CATALOGUES["de"]
    assert catalogue("DE") is CATALOGUES["de"]
    assert catalogue("tlh") is catalogue(None) is ENGLISH


@pytest.mark.parametrize("language", LANGUAGES)
def test_catalogue_of_every_language_has_the_same_texts_with_the_same_fields(language: str) -> None:
    expected, found = dict(texts_of(ENGLISH)), dict(texts_of(CATALOGUES[language]))
    assert found.keys() == expected.keys()
    assert all(text.strip() for text in found.values())
    differing = {path for path in expected if fields_of(found[path]) != fields_of(expected[path])}
    assert differing == set()
    assert CATALOGUES[language].language == language


def test_catalogue_of_german_is_not_a_copy() -> None:
    expected, found = dict(texts_of(ENGLISH)), dict(texts_of(CATALOGUES["de"]))
    same = {path for path, text in expected.items() if found[path] == text and not path.startswith("errors")}
    assert same == {"admin.dead_letter"}


@pytest.mark.parametrize("texts", CATALOGUES.values(), ids=lambda each: each.language)
def test_catalogue_names_every_role_state_and_error(texts: Catalogue) -> None:
    assert set(texts.roles) == {role.name for role in Role}
    assert set(texts.role_how) == {role.name for role in Role} - {"PUBLIC"}
    assert set(texts.admin.states) == {state.name for state in UpdateState}
    assert set(texts.members.sources) == {source.name for source in GrantSource}
    for told in (texts.members.actions, texts.members.questions, texts.members.done):
        assert set(told) == {will.name for will in Will}
    assert set(texts.errors) == {kind.code for kind in error_classes()}


@pytest.mark.parametrize("texts", CATALOGUES.values(), ids=lambda each: each.language)
def test_errors_of_every_class_are_said_in_words(texts: Catalogue) -> None:
    def made(kind: type[GuildhallError]) -> GuildhallError:
        if issubclass(kind, TooManyRequests):
            return kind("Too many.", timedelta(seconds=90))
        return Invalid.of("name", "expected one") if issubclass(kind, Invalid) else kind("It is so.")

    said = {kind.code: said_of(made(kind), texts) for kind in error_classes()}
    assert "2 min" in said["too_many_requests"]
    assert said["invalid"] == "expected one"
    assert said["conflict"] == "It is so."
    assert not any("{" in text for text in said.values())


@pytest.mark.parametrize("texts", CATALOGUES.values(), ids=lambda each: each.language)
def test_notes_over_a_chat_fit_where_telegram_shows_them(texts: Catalogue) -> None:
    guides = texts.guides
    notes = [texts.stale_button, texts.private_button, texts.banned, texts.apology]
    notes += [guides.saved, guides.unsaved, guides.marked_read, guides.marked_unread, texts.admin.replayed]
    notes += [*texts.members.done.values(), texts.admin.no_broadcasts, texts.admin.no_distribution]
    notes += [text.format(category="x" * 50) for text in (texts.news.muted, texts.news.unmuted)]
    assert max(utf16_length(note) for note in notes) <= MAX_NOTE
