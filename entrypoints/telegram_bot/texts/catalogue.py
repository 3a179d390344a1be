"""What a language has to say. A field in braces is filled in; a test holds the fields of all languages equal."""

from collections.abc import Mapping
from dataclasses import dataclass

from application.ports.answering import AnswerTexts
from entrypoints.telegram_bot.texts.rooms import (
    AccountTexts,
    AdminTexts,
    BasicTexts,
    ChatTexts,
    GuideTexts,
    MemberTexts,
    NewsTexts,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """One language. `errors` has a row for each class of error, by its code; `commands` one for each command.

    `refusals` has one for each rule that an error's details name, and for fields that do not hold. Errors speak
    English: no other language fills `{message}` in.
    """

    language: str
    name: str
    errors: Mapping[str, str]
    refusals: Mapping[str, str]
    commands: Mapping[str, str]
    categories: Mapping[str, str]
    apology: str
    banned: str
    unknown_command: str
    unknown_command_near: str
    role_needed: str
    role_how: Mapping[str, str]
    roles: Mapping[str, str]
    private_only: str
    private_button: str
    open_private: str
    stale_button: str
    text_only: str
    basics: BasicTexts
    guides: GuideTexts
    chat: ChatTexts
    answers: AnswerTexts
    account: AccountTexts
    news: NewsTexts
    admin: AdminTexts
    members: MemberTexts
