"""The composition root: the one place where ports meet adapters."""

from datetime import timedelta

from dependency_injector import containers, providers

from adapters.language_models.guide_reader import GuideReader
from adapters.memory.bus import InMemoryBus
from adapters.memory.chat import InMemoryChatQueries
from adapters.memory.event_log import InMemoryEventLog
from adapters.memory.guides import InMemoryGuideQueries
from adapters.memory.identity import InMemoryMemberQueries
from adapters.memory.passages import InMemoryPassageQueries
from adapters.memory.schema import InMemorySchema
from adapters.memory.security import PlainPasswordHasher
from adapters.memory.store import MemoryStore
from adapters.memory.unit_of_work import InMemoryUnitOfWork
from adapters.observability.logging import configure_logging
from adapters.observability.metrics import Metrics
from adapters.security.keys import SigningKeys
from adapters.security.passwords import Argon2PasswordHasher
from adapters.security.tokens import JwtTokenIssuer
from adapters.sql.backup import backup
from adapters.sql.chat_queries import SqlChatQueries
from adapters.sql.database import Database
from adapters.sql.event_log import SqlEventLog
from adapters.sql.guide_queries import SqlGuideQueries
from adapters.sql.member_queries import SqlMemberQueries
from adapters.sql.migrator import Migrator
from adapters.sql.passages import SqlPassageQueries
from adapters.sql.unit_of_work import SqlUnitOfWork
from adapters.system.clock import SystemClock
from adapters.system.ids import UuidIds
from adapters.text.analyzer import SnowballAnalyzer
from adapters.text.front_matter import FrontMatterFormat
from adapters.text.markdown import MarkdownRenderer
from adapters.websocket.hub import Hub, HubSettings
from adapters.websocket.manager import ConnectionManager
from adapters.websocket.outbox import OutboxLimits
from application.chat.asking import Ask
from application.chat.exporting import ConversationExport
from application.chat.grounding import Grounding
from application.chat.health import ChatHealthService
from application.chat.messages import MessageService
from application.chat.replies import ReplyWriter
from application.chat.running import RunningReplyRegistry
from application.chat.sessions import ChatSessionService
from application.chat.worker import ReplyTimes, ReplyWorker
from application.guides.importing import GuideTransfer
from application.guides.library import GuideLibrary
from application.guides.reading import GuideReading
from application.guides.search import GuideSearch, PassageFinder
from application.identity.members import MemberService
from application.identity.sign_in import AuthService
from application.realtime.retention import EventRetention
from application.realtime.subscriptions import SubscriptionService
from application.realtime.typing import TypingService
from domain.chat import LLMProvider
from entrypoints.settings import Settings


def _signing_keys(settings: Settings) -> SigningKeys:
    if settings.secret_key is None:
        return SigningKeys.load_or_create(settings.key_file)
    return SigningKeys.from_secrets(
        settings.secret_key.reveal(), [secret.reveal() for secret in settings.previous_secret_keys]
    )


def _reply_times(settings: Settings) -> ReplyTimes:
    return ReplyTimes(
        lease=timedelta(seconds=settings.chat.reply_lease_seconds),
        checkpoint=timedelta(seconds=settings.chat.checkpoint_seconds),
    )


def _retention(settings: Settings) -> timedelta:
    return timedelta(hours=settings.realtime.retention_hours)


def _hub_settings(settings: Settings) -> HubSettings:
    return HubSettings(outbox=OutboxLimits(frames=settings.realtime.queue_frames))


class Container(containers.DeclarativeContainer):
    """Everything an entrypoint needs. Nothing is opened before it is first used.

    Override any provider to put another adapter in its place: `container.bus.override(providers.Object(bus))`.
    """

    settings: providers.Dependency[Settings] = providers.Dependency(instance_of=Settings)

    clock = providers.Singleton(SystemClock)
    ids = providers.Singleton(UuidIds)
    metrics = providers.Singleton(Metrics)
    configure_logging = providers.Callable(
        configure_logging,
        settings.provided.log.level,
        settings.provided.log.format,
        secrets=settings.provided.secrets,
    )
    bus = providers.Singleton(InMemoryBus)
    hasher = providers.Singleton(Argon2PasswordHasher)
    tokens = providers.Singleton(JwtTokenIssuer, providers.Singleton(_signing_keys, settings))
    analyzer = providers.Singleton(SnowballAnalyzer)
    markdown = providers.Singleton(MarkdownRenderer)
    guide_format = providers.Singleton(FrontMatterFormat)

    database = providers.Singleton(Database, settings.provided.database.url)
    migrator = providers.Singleton(Migrator, settings.provided.database.url)
    backup = providers.Coroutine(backup, settings.provided.database.url)
    unit_of_work = providers.Factory(SqlUnitOfWork, database, bus, clock)
    member_queries = providers.Singleton(SqlMemberQueries, database)
    guide_queries = providers.Singleton(SqlGuideQueries, database)
    passage_queries = providers.Singleton(SqlPassageQueries, database)
    chat_queries = providers.Singleton(SqlChatQueries, database)
    event_log = providers.Singleton(SqlEventLog, database)

    auth_service = providers.Singleton(AuthService, unit_of_work.provider, member_queries, hasher, tokens, clock, ids)
    member_service = providers.Singleton(
        MemberService, unit_of_work.provider, member_queries, hasher, tokens, clock, ids
    )

    guide_library = providers.Singleton(
        GuideLibrary, unit_of_work.provider, analyzer, clock, ids, settings.provided.guides.categories
    )
    guide_reading = providers.Singleton(GuideReading, unit_of_work.provider, guide_queries, clock, ids)
    guide_transfer = providers.Singleton(
        GuideTransfer, unit_of_work.provider, guide_library, guide_queries, guide_format, clock
    )
    passage_finder = providers.Singleton(PassageFinder, passage_queries, analyzer)
    guide_search = providers.Singleton(GuideSearch, passage_queries, guide_queries, analyzer)

    guide_reader = providers.Singleton(GuideReader, analyzer, clock)
    language_models = providers.Dict({LLMProvider.LOCAL: guide_reader})
    running_replies = providers.Singleton(RunningReplyRegistry, bus)
    grounding = providers.Singleton(Grounding, passage_finder, member_queries, clock)
    chat_session_service = providers.Singleton(
        ChatSessionService,
        unit_of_work.provider,
        chat_queries,
        event_log,
        language_models,
        running_replies,
        clock,
        ids,
    )
    message_service = providers.Singleton(
        MessageService, unit_of_work.provider, chat_queries, running_replies, clock, ids, metrics
    )
    conversation_export = providers.Singleton(ConversationExport, chat_session_service)
    chat_health = providers.Singleton(ChatHealthService, language_models, clock)
    ask = providers.Singleton(Ask, passage_finder, language_models)
    reply_writer = providers.Singleton(
        ReplyWriter, unit_of_work.provider, grounding, language_models, running_replies, metrics, clock
    )
    reply_worker = providers.Singleton(
        ReplyWorker,
        unit_of_work.provider,
        reply_writer,
        running_replies,
        bus,
        clock,
        ids,
        providers.Factory(_reply_times, settings),
    )

    event_retention = providers.Singleton(EventRetention, event_log, clock, providers.Factory(_retention, settings))
    subscription_service = providers.Singleton(
        SubscriptionService, chat_queries, member_queries, event_log, running_replies, clock
    )
    typing_service = providers.Singleton(TypingService, chat_queries, bus)
    connection_manager = providers.Singleton(ConnectionManager, clock)
    hub = providers.Singleton(
        Hub,
        connection_manager,
        subscription_service,
        event_log,
        bus,
        clock,
        ids,
        metrics,
        providers.Factory(_hub_settings, settings),
    )


def sql_container(settings: Settings) -> Container:
    """Everything on the configured database."""
    return Container(settings=settings)


def memory_container(settings: Settings | None = None) -> Container:
    """Everything in memory, gone with the process: for fast tests and for trying the library out."""
    container = Container(settings=settings or Settings())
    store = providers.Singleton(MemoryStore)
    container.unit_of_work.override(providers.Factory(InMemoryUnitOfWork, store, container.bus, container.clock))
    container.member_queries.override(providers.Singleton(InMemoryMemberQueries, store))
    container.guide_queries.override(providers.Singleton(InMemoryGuideQueries, store))
    container.passage_queries.override(providers.Singleton(InMemoryPassageQueries, store))
    container.chat_queries.override(providers.Singleton(InMemoryChatQueries, store))
    container.event_log.override(providers.Singleton(InMemoryEventLog, store))
    container.migrator.override(providers.Singleton(InMemorySchema))
    container.hasher.override(providers.Singleton(PlainPasswordHasher))
    return container
