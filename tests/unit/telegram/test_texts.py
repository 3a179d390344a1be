"""Catalogues: each language says the same, with the same fields, in the room that Telegram gives."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import timedelta
from string import Formatter

import pytest

from domain.errors import Conflict, GuildhallError, Invalid, NotAllowed, TooManyRequests
from domain.identity import GrantSource, Role
from domain.telegram import MAX_NOTE, UpdateState, utf16_length
from entrypoints.telegram_bot.errors import said_of
from entrypoints.telegram_bot.rooms.member_buttons import Will
from entrypoints.telegram_bot.texts import CATALOGUES, ENGLISH, Catalogue, catalogue
from tests.architecture.sources import sources
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
    # What errors say is English.
    quoted = {"message"} if language != "en" else set()
    differing = {path for path in expected if fields_of(found[path]) != fields_of(expected[path]) - quoted}
    assert differing == set()
    assert CATALOGUES[language].language == language


def test_catalogue_of_german_is_not_a_copy() -> None:
    expected, found = dict(texts_of(ENGLISH)), dict(texts_of(CATALOGUES["de"]))
    same = {path for path, text in expected.items() if found[path] == text}
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
    is_english = texts is ENGLISH
    assert (said["invalid"] == "expected one") is is_english
    assert (said["conflict"] == "It is so.") is is_english
    assert is_english or not [text for text in said.values() if "It is so" in text]
    assert not any("{" in text for text in said.values())


@pytest.mark.parametrize("texts", CATALOGUES.values(), ids=lambda each: each.language)
def test_notes_over_a_chat_fit_where_telegram_shows_them(texts: Catalogue) -> None:
    guides = texts.guides
    notes = [texts.stale_button, texts.private_button, texts.banned, texts.apology]
    notes += [guides.saved, guides.unsaved, guides.marked_read, guides.marked_unread, texts.admin.replayed]
    notes += [*texts.members.done.values(), texts.admin.no_broadcasts, texts.admin.no_distribution]
    notes += [text.format(category="x" * 50) for text in (texts.news.muted, texts.news.unmuted)]
    assert max(utf16_length(note) for note in notes) <= MAX_NOTE


@pytest.mark.parametrize("texts", CATALOGUES.values(), ids=lambda each: each.language)
def test_refusals_of_every_rule_that_an_error_names_are_said_in_own_words(texts: Catalogue) -> None:
    assert set(texts.refusals) == {*rules_named(), "role", "text"}
    conflict = Conflict("It is so.", rule="link_over")
    assert said_of(conflict, texts) == texts.refusals["link_over"]
    for error in (NotAllowed("It is so.", required="ADMIN"), Invalid.of("content", "It is so.")):
        assert "It is so" not in said_of(error, texts)
    assert texts.roles["ADMIN"] in said_of(NotAllowed("It is so.", required="ADMIN"), texts)
    assert "10000" in said_of(Invalid.of("question", "It is so."), texts)


def rules_named() -> set[str]:
    """The rules in the details of errors that domain and application raise."""
    found = set()
    for source in sources("domain", "application"):
        for node in ast.walk(source.tree):
            if isinstance(node, ast.keyword) and node.arg == "rule" and isinstance(node.value, ast.Constant):
                found.add(str(node.value.value))
    return found
