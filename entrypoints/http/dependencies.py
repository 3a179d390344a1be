"""Use cases for handlers, each made by the container when a request asks for it."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Protocol

from litestar import Request
from litestar.di import NamedDependency, Provide
from litestar.params import SkipValidation

from application.chat.exporting import ConversationExport
from application.chat.health import ChatHealthService
from application.chat.messages import MessageService
from application.chat.sessions import ChatSessionService
from application.guides.library import GuideLibrary
from application.guides.reading import GuideReading
from application.guides.search import GuideSearch
from application.identity.accounts import AccountService
from application.identity.audit import AuditService
from application.identity.data_rights import DataRights
from application.identity.first_passwords import FirstPasswords
from application.identity.linking import LinkingService
from application.identity.members import MemberService
from application.identity.passwords import PasswordService
from application.identity.sign_in import AuthService
from application.identity.sign_ins import SignInService
from application.identity.telegram_sign_in import TelegramSignIn
from application.ports.observability import MetricsPage
from application.telegram.dead_letters import DeadLetters
from domain.identity import Actor
from entrypoints.container import Container
from entrypoints.http.readiness import Readiness
from entrypoints.http.realtime import SocketEndpoint
from entrypoints.http.sign_in_answers import SignInPresenter
from entrypoints.http.socket_limits import SocketLimits, Strangers
from entrypoints.settings import Settings


class Markdown(Protocol):
    """Renders Markdown as HTML that a browser may show."""

    def render(self, markdown: str, *, anchors: bool = False) -> str:
        """Sanitised HTML; with `anchors`, each block can be opened as `#l<line>`."""
        ...


class SocketFigures(Protocol):
    """Figures of the sockets of this process."""

    @property
    def total_connections(self) -> int:
        """How many are open."""
        ...


class OpenSockets(Protocol):
    """The sockets of this process."""

    def stats(self) -> SocketFigures:
        """Figures at this moment."""
        ...


ActorDependency = NamedDependency[SkipValidation[Actor]]
AuthServiceDependency = NamedDependency[SkipValidation[AuthService]]
AccountServiceDependency = NamedDependency[SkipValidation[AccountService]]
PasswordServiceDependency = NamedDependency[SkipValidation[PasswordService]]
FirstPasswordsDependency = NamedDependency[SkipValidation[FirstPasswords]]
SignInServiceDependency = NamedDependency[SkipValidation[SignInService]]
TelegramSignInDependency = NamedDependency[SkipValidation[TelegramSignIn]]
LinkingServiceDependency = NamedDependency[SkipValidation[LinkingService]]
DataRightsDependency = NamedDependency[SkipValidation[DataRights]]
AuditServiceDependency = NamedDependency[SkipValidation[AuditService]]
MemberServiceDependency = NamedDependency[SkipValidation[MemberService]]
GuideLibraryDependency = NamedDependency[SkipValidation[GuideLibrary]]
GuideReadingDependency = NamedDependency[SkipValidation[GuideReading]]
GuideSearchDependency = NamedDependency[SkipValidation[GuideSearch]]
ChatSessionServiceDependency = NamedDependency[SkipValidation[ChatSessionService]]
MessageServiceDependency = NamedDependency[SkipValidation[MessageService]]
ConversationExportDependency = NamedDependency[SkipValidation[ConversationExport]]
ChatHealthDependency = NamedDependency[SkipValidation[ChatHealthService]]
DeadLettersDependency = NamedDependency[SkipValidation[DeadLetters]]
BotIdDependency = NamedDependency[SkipValidation[int]]
MetricsDependency = NamedDependency[SkipValidation[MetricsPage]]
MarkdownDependency = NamedDependency[SkipValidation[Markdown]]
ReadinessDependency = NamedDependency[SkipValidation[Readiness]]
SocketsDependency = NamedDependency[SkipValidation[OpenSockets]]
SignInPresenterDependency = NamedDependency[SkipValidation[SignInPresenter]]
SettingsDependency = NamedDependency[SkipValidation[Settings]]


def dependencies(container: Container, readiness: Readiness) -> Mapping[str, Provide]:
    """What handlers may ask for by name. Overrides of the container are honoured at each request."""
    strangers = Strangers(container.settings().limits.strangers_per_address or None)
    provided: dict[str, Callable[[], object]] = {
        "auth_service": container.auth_service,
        "account_service": container.account_service,
        "password_service": container.password_service,
        "first_passwords": container.first_passwords,
        "sign_in_service": container.sign_in_service,
        "telegram_sign_in": container.telegram_sign_in,
        "linking_service": container.linking_service,
        "data_rights": container.data_rights,
        "audit_service": container.audit_service,
        "member_service": container.member_service,
        "guide_library": container.guide_library,
        "guide_reading": container.guide_reading,
        "guide_search": container.guide_search,
        "chat_session_service": container.chat_session_service,
        "message_service": container.message_service,
        "conversation_export": container.conversation_export,
        "chat_health": container.chat_health,
        "dead_letters": container.dead_letters,
        "bot_id": container.bot_id,
        "metrics": container.metrics,
        "markdown": container.markdown,
        "sign_in_presenter": lambda: SignInPresenter(
            container.auth_service(), container.known_browsers(), container.clock(), container.settings()
        ),
        "settings": container.settings,
        "sockets": container.connection_manager,
        "readiness": lambda: readiness,
        "socket_endpoint": cache(lambda: _socket_endpoint(container, strangers)),
    }
    return {"actor": Provide(_actor, sync_to_thread=False)} | {
        name: Provide(_calling(provider), sync_to_thread=False) for name, provider in provided.items()
    }


def own_origins(settings: Settings) -> frozenset[str]:
    """The origins whose pages may act with a browser's sign-in."""
    return frozenset({settings.base_url, *settings.http.allowed_origins}) - {"*"}


def _socket_endpoint(container: Container, strangers: Strangers) -> SocketEndpoint:
    settings = container.settings()
    return SocketEndpoint(
        container.hub(),
        container.auth_service(),
        container.message_service(),
        container.typing_service(),
        container.clock(),
        strangers,
        own_origins(settings),
        SocketLimits(max_frame_bytes=settings.realtime.max_frame_bytes),
    )


def _actor(request: Request[Actor, Any, Any]) -> Actor:
    return request.user


def _calling(provider: Callable[[], object]) -> Callable[[], Any]:
    def call() -> Any:
        return provider()

    return call
