"""Use cases for page handlers, each made by the container when a page asks for it."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from litestar import Request
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import SkipValidation

from application.chat.sessions import ChatSessionService
from application.guides.reading import GuideReading
from application.guides.search import GuideSearch
from application.identity.accounts import AccountService
from application.identity.audit import AuditService
from application.identity.first_passwords import FirstPasswords
from application.identity.members import MemberService
from application.identity.sign_ins import SignInService
from application.ports.system import Clock
from application.telegram.dead_letters import DeadLetters
from application.telegram.known_bot import KnownBot
from domain.identity import Actor
from entrypoints.container import Container
from entrypoints.settings import Settings


class Markdown(Protocol):
    """Renders Markdown as sanitised HTML."""

    def render(self, markdown: str, *, anchors: bool = False) -> str:
        """With `anchors`, a block that starts at a line has the id `l<line>`, counted from 0."""
        ...


PageRequest = Request[Actor, Any, State]
GuideReadingDependency = NamedDependency[SkipValidation[GuideReading]]
GuideSearchDependency = NamedDependency[SkipValidation[GuideSearch]]
ChatSessionServiceDependency = NamedDependency[SkipValidation[ChatSessionService]]
MemberServiceDependency = NamedDependency[SkipValidation[MemberService]]
SignInServiceDependency = NamedDependency[SkipValidation[SignInService]]
AccountServiceDependency = NamedDependency[SkipValidation[AccountService]]
FirstPasswordsDependency = NamedDependency[SkipValidation[FirstPasswords]]
AuditServiceDependency = NamedDependency[SkipValidation[AuditService]]
ClockDependency = NamedDependency[SkipValidation[Clock]]
MarkdownDependency = NamedDependency[SkipValidation[Markdown]]
KnownBotDependency = NamedDependency[SkipValidation[KnownBot]]
DeadLettersDependency = NamedDependency[SkipValidation[DeadLetters]]
SettingsDependency = NamedDependency[SkipValidation[Settings]]


def dependencies(container: Container) -> Mapping[str, Provide]:
    """What pages may ask for by name. Overrides of the container are honoured at each request."""
    provided: dict[str, Callable[[], object]] = {
        "guide_reading": container.guide_reading,
        "guide_search": container.guide_search,
        "chat_session_service": container.chat_session_service,
        "member_service": container.member_service,
        "sign_in_service": container.sign_in_service,
        "account_service": container.account_service,
        "first_passwords": container.first_passwords,
        "audit_service": container.audit_service,
        "clock": container.clock,
        "markdown": container.markdown,
        "settings": container.settings,
        "known_bot": container.known_bot,
        "dead_letters": container.dead_letters,
    }
    return {name: Provide(_calling(provider), sync_to_thread=False) for name, provider in provided.items()}


def _calling(provider: Callable[[], object]) -> Callable[[], Any]:
    def call() -> Any:
        return provider()

    return call
