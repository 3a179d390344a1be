"""The composition root: the one place where ports meet adapters."""

import sys
from datetime import timedelta
from functools import partial
from secrets import randbelow

from dependency_injector import containers, providers

from adapters.console.notifier import ConsoleNotifier
from adapters.embeddings.sentence_encoder import SentenceEncoder
from adapters.embeddings.switched_off import SwitchedOff
from adapters.language_models.guide_reader import GuideReader
from adapters.mail.console import ConsoleMailer, NoMailer
from adapters.mail.smtp import SmtpMailer, SmtpServer
from adapters.memory.audit import InMemoryAuditQueries
from adapters.memory.bot import InMemoryAnswerQueries
from adapters.memory.bus import InMemoryBus
from adapters.memory.chat import InMemoryChatQueries
from adapters.memory.credentials import InMemoryCredentialQueries
from adapters.memory.event_log import InMemoryEventLog
from adapters.memory.guides import InMemoryGuideQueries
from adapters.memory.identity import InMemoryMemberQueries
from adapters.memory.identity_sweep import InMemoryIdentitySweep
from adapters.memory.member_export import InMemoryMemberExport
from adapters.memory.pacer import InMemoryPacer, Pace
from adapters.memory.passages import InMemoryPassageQueries
from adapters.memory.rate_limiter import InMemoryRateLimiter
from adapters.memory.schema import InMemorySchema
from adapters.memory.security import PlainPasswordHasher
from adapters.memory.store import MemoryStore
from adapters.memory.system import InMemoryDisk
from adapters.memory.telegram_updates import InMemoryUpdateInbox, InMemoryUpdateQueries
from adapters.memory.unit_of_work import InMemoryUnitOfWork
from adapters.observability.logging import configure_logging
from adapters.observability.metrics import Metrics
from adapters.observability.redaction import Redaction
from adapters.observability.telegram_metrics import PrometheusTelegramMetrics
from adapters.security.key_file import KeyFile
from adapters.security.keys import KeyRing, SigningKeys
from adapters.security.passwords import Argon2PasswordHasher
from adapters.security.rotation import rotate
from adapters.security.tokens import JwtTokenIssuer
from adapters.sql.answer_queries import SqlAnswerQueries
from adapters.sql.audit import SqlAuditQueries
from adapters.sql.backup import backup
from adapters.sql.chat_queries import SqlChatQueries
from adapters.sql.credentials import SqlCredentialQueries
from adapters.sql.database import Database
from adapters.sql.event_log import SqlEventLog
from adapters.sql.guide_queries import SqlGuideQueries
from adapters.sql.identity_sweep import SqlIdentitySweep
from adapters.sql.inbox import SqlUpdateInbox
from adapters.sql.member_export import SqlMemberExport
from adapters.sql.member_queries import SqlMemberQueries
from adapters.sql.migrator import Migrator
from adapters.sql.passages import SqlPassageQueries
from adapters.sql.restoring import restore
from adapters.sql.telegram_updates import SqlUpdateQueries
from adapters.sql.unit_of_work import SqlUnitOfWork
from adapters.system.clock import SystemClock
from adapters.system.disk import FolderDisk
from adapters.system.ids import UuidIds
from adapters.telegram.bot_api import TelegramBotApi
from adapters.telegram.connection import BotConnection
from adapters.telegram.decoding import MsgspecUpdateDecoder
from adapters.telegram.notifier import TelegramNotifier
from adapters.telegram.proofs import HmacTelegramProofs
from adapters.text.analyzer import SnowballAnalyzer
from adapters.text.front_matter import FrontMatterFormat
from adapters.text.markdown import MarkdownRenderer
from adapters.text.telegram_markdown import TelegramMarkdown
from adapters.websocket.hub import Hub, HubSettings
from adapters.websocket.manager import ConnectionManager
from adapters.websocket.outbox import OutboxLimits
from application.allowances import Allowance
from application.chat.asking import Ask
from application.chat.exporting import ConversationExport
from application.chat.grounding import Grounding
from application.chat.health import ChatHealthService
from application.chat.messages import MessageService
from application.chat.replies import ReplyWriter
from application.chat.running import RunningReplyRegistry
from application.chat.sessions import ChatSessionService
from application.chat.worker import ReplyTimes, ReplyWorker
from application.exports import Exports
from application.guides.embedding import EmbeddingInBackground, PassageEmbedding
from application.guides.importing import GuideTransfer
from application.guides.library import GuideLibrary
from application.guides.reading import GuideReading
from application.guides.reindexing import GuideReindexing
from application.guides.search import GuideSearch, PassageFinder
from application.identity._auditing import Trail
from application.identity._hashing import HashingQueue
from application.identity._mail_requests import MailRequests
from application.identity._opening import SignInOpener
from application.identity._password_check import PasswordCheck
from application.identity._reauthentication import Reauthentication
from application.identity._telegram_proving import TelegramProving
from application.identity._throttling import SignInThrottle
from application.identity.accounts import AccountService
from application.identity.audit import AuditService
from application.identity.data_rights import DataRights
from application.identity.first_passwords import FirstPasswords
from application.identity.known_browsers import KnownBrowsers
from application.identity.linking import LinkingService
from application.identity.linking_by_operator import LinkingByOperator
from application.identity.mailing import MailWorker
from application.identity.members import MemberService
from application.identity.passwords import PasswordService
from application.identity.sign_in import AuthService
from application.identity.sign_ins import SignInService
from application.identity.sweeping import IdentityRetention, IdentitySweeper
from application.identity.telegram_accounts import TelegramAccounts
from application.identity.telegram_sign_in import TelegramSignIn
from application.ports.embedding import Embedder
from application.ports.limits import Limit, RateLimiter
from application.ports.mailing import Mailer
from application.ports.system import CannotStart
from application.realtime.retention import EventRetention
from application.realtime.subscriptions import SubscriptionService
from application.realtime.typing import TypingService
from application.telegram.answering import AnswerStreamer
from application.telegram.conversations import Conversations
from application.telegram.dead_letters import DeadLetters
from application.telegram.group_questions import GroupQuestions
from application.telegram.intake import UpdateIntake
from application.telegram.known_bot import KnownBot
from application.telegram.retention import BotRetention, BotSweeper
from application.telegram.sending import OutgoingWorker
from application.telegram.webhook import Webhook
from domain.chat import LLMProvider
from entrypoints.settings import Settings

CONSOLE_BOT = 0


def _signing_keys(settings: Settings) -> KeyRing:
    if settings.secret_key is None:
        return KeyFile(settings.key_file)
    return SigningKeys.from_secrets(
        settings.secret_key.reveal(), [secret.reveal() for secret in settings.previous_secret_keys]
    )


def _mailer(settings: Settings) -> Mailer:
    mail = settings.mail
    if mail.host is None:
        return ConsoleMailer() if settings.is_loopback else NoMailer()
    password = mail.password.reveal() if mail.password else None
    return SmtpMailer(SmtpServer(mail.host, mail.port, mail.security, mail.sender or "", mail.username, password))


def _telegram_proofs(settings: Settings) -> HmacTelegramProofs:
    token = settings.telegram.bot_token
    return HmacTelegramProofs(token.reveal() if token is not None else None)


def _webhook(
    settings: Settings, intake: UpdateIntake, limiter: RateLimiter, metrics: PrometheusTelegramMetrics
) -> Webhook:
    telegram = settings.telegram
    if telegram.bot_id is None:
        raise CannotStart("There is no bot: expected its token in telegram.bot_token.")
    secret, key = telegram.webhook_secret, telegram.webhook_signature_key
    return Webhook(
        intake,
        limiter,
        metrics,
        telegram.bot_id,
        networks=telegram.webhook_networks,
        secret=None if secret is None else secret.reveal(),
        signature_key=None if key is None else key.reveal(),
    )


def _bot_connection(settings: Settings) -> BotConnection:
    token = settings.telegram.bot_token
    return BotConnection(token.reveal() if token is not None else None, settings.telegram.api_base_url)


def _bot_id(settings: Settings) -> int:
    """The bot's; the console's without a token."""
    return settings.telegram.bot_id or CONSOLE_BOT


def _is_terminal() -> bool:
    return sys.stdout.isatty()


def _embedder(settings: Settings) -> Embedder:
    return SentenceEncoder() if settings.guides.semantic == "on" else SwitchedOff("guides.semantic is off")


def _reply_times(settings: Settings) -> ReplyTimes:
    return ReplyTimes(
        lease=timedelta(seconds=settings.chat.reply_lease_seconds),
        checkpoint=timedelta(seconds=settings.chat.checkpoint_seconds),
    )


def _retention(settings: Settings) -> timedelta:
    return timedelta(hours=settings.realtime.retention_hours)


def _identity_retention(settings: Settings) -> IdentityRetention:
    keep = settings.retention
    return IdentityRetention(
        sign_ins=timedelta(days=keep.sign_ins_days),
        audit_addresses=timedelta(days=keep.audit_addresses_days),
        tokens=timedelta(days=keep.tokens_days),
        idempotency_keys=timedelta(hours=keep.idempotency_keys_hours),
    )


def _bot_retention(settings: Settings) -> BotRetention:
    keep = settings.retention
    return BotRetention(
        inbox_bodies=timedelta(days=keep.inbox_bodies_days), outgoing=timedelta(days=keep.outgoing_days)
    )


def _hub_settings(settings: Settings) -> HubSettings:
    return HubSettings(
        outbox=OutboxLimits(frames=settings.realtime.queue_frames),
        max_sockets_per_member=settings.limits.sockets_per_member or None,
    )


def _limit(count: int, window: timedelta) -> Limit | None:
    return Limit(count, window) if count else None


def _a_minute(count: int) -> Limit | None:
    return _limit(count, timedelta(minutes=1))


def _an_hour(count: int) -> Limit | None:
    return _limit(count, timedelta(hours=1))


class Container(containers.DeclarativeContainer):
    """Everything an entrypoint needs. Nothing is opened before it is first used.

    Override any provider to put another adapter in its place: `container.bus.override(providers.Object(bus))`.
    """

    settings: providers.Dependency[Settings] = providers.Dependency(instance_of=Settings)

    clock = providers.Singleton(SystemClock)
    ids = providers.Singleton(UuidIds)
    data_disk = providers.Singleton(FolderDisk, settings.provided.data_dir)
    metrics = providers.Singleton(Metrics)
    configure_logging = providers.Callable(
        configure_logging,
        settings.provided.log.level,
        settings.provided.log.format,
        secrets=settings.provided.secrets,
    )
    redaction = providers.Singleton(Redaction, settings.provided.secrets)
    bus = providers.Singleton(InMemoryBus)
    hasher = providers.Singleton(Argon2PasswordHasher)
    hashing = providers.Singleton(HashingQueue, hasher, clock, randbelow)
    rate_limiter = providers.Singleton(InMemoryRateLimiter, clock)
    messages_allowance = providers.Singleton(
        Allowance, rate_limiter, "messages", providers.Callable(_a_minute, settings.provided.limits.messages_per_minute)
    )
    searches_allowance = providers.Singleton(
        Allowance, rate_limiter, "searches", providers.Callable(_a_minute, settings.provided.limits.searches_per_minute)
    )
    sessions_allowance = providers.Singleton(
        Allowance,
        rate_limiter,
        "chat sessions begun",
        providers.Callable(_an_hour, settings.provided.limits.sessions_per_hour),
    )
    exports = providers.Singleton(
        Exports,
        providers.Singleton(
            Allowance, rate_limiter, "exports", providers.Callable(_an_hour, settings.provided.limits.exports_per_hour)
        ),
        clock,
        settings.provided.limits.exports_at_once,
    )
    mailer = providers.Singleton(_mailer, settings)
    rotate_keys = providers.Callable(rotate, settings.provided.key_file)
    tokens = providers.Singleton(JwtTokenIssuer, providers.Singleton(_signing_keys, settings))
    analyzer = providers.Singleton(SnowballAnalyzer)
    embedder = providers.Singleton(_embedder, settings)
    markdown = providers.Singleton(MarkdownRenderer)
    guide_format = providers.Singleton(FrontMatterFormat)

    database = providers.Singleton(Database, settings.provided.database.url)
    migrator = providers.Singleton(Migrator, settings.provided.database.url)
    backup = providers.Coroutine(backup, settings.provided.database.url)
    restore = providers.Coroutine(restore, settings.provided.database.url)
    unit_of_work = providers.Factory(SqlUnitOfWork, database, bus, clock, metrics)
    member_queries = providers.Singleton(SqlMemberQueries, database)
    credential_queries = providers.Singleton(SqlCredentialQueries, database)
    member_export = providers.Singleton(SqlMemberExport, database)
    audit_queries = providers.Singleton(SqlAuditQueries, database)
    identity_sweep = providers.Singleton(SqlIdentitySweep, database)
    guide_queries = providers.Singleton(SqlGuideQueries, database)
    passage_queries = providers.Singleton(SqlPassageQueries, database)
    chat_queries = providers.Singleton(SqlChatQueries, database)
    event_log = providers.Singleton(SqlEventLog, database)
    update_inbox = providers.Singleton(SqlUpdateInbox, database, bus)
    update_queries = providers.Singleton(SqlUpdateQueries, database)
    answer_queries = providers.Singleton(SqlAnswerQueries, database)

    trail = providers.Singleton(Trail, unit_of_work.provider, clock, ids)
    sign_in_opener = providers.Singleton(SignInOpener, rate_limiter, trail, tokens, clock, ids)
    mail_requests = providers.Singleton(MailRequests, mailer, clock, ids)
    reauthentication = providers.Singleton(Reauthentication, unit_of_work.provider, hashing, rate_limiter, trail)
    known_browsers = providers.Singleton(KnownBrowsers, tokens, clock)
    password_check = providers.Singleton(
        PasswordCheck,
        credential_queries,
        providers.Singleton(SignInThrottle, rate_limiter, hashing),
        known_browsers,
        trail,
        clock,
    )
    auth_service = providers.Singleton(
        AuthService, unit_of_work.provider, member_queries, password_check, sign_in_opener, tokens, clock, ids
    )
    sign_in_service = providers.Singleton(SignInService, unit_of_work.provider, member_queries, clock, ids)
    password_service = providers.Singleton(
        PasswordService,
        unit_of_work.provider,
        credential_queries,
        hashing,
        reauthentication,
        rate_limiter,
        mail_requests,
        sign_in_opener,
        tokens,
        clock,
        ids,
    )
    account_service = providers.Singleton(
        AccountService,
        unit_of_work.provider,
        member_queries,
        hashing,
        reauthentication,
        rate_limiter,
        mail_requests,
        tokens,
        clock,
        ids,
    )
    telegram_metrics = providers.Singleton(PrometheusTelegramMetrics, metrics.provided.registry)
    update_decoder = providers.Singleton(MsgspecUpdateDecoder)
    update_intake = providers.Singleton(UpdateIntake, update_inbox, update_decoder, clock, ids, telegram_metrics)
    bot_connection = providers.Singleton(_bot_connection, settings)
    bot_api = providers.Singleton(TelegramBotApi, bot_connection)
    known_bot = providers.Singleton(KnownBot, bot_api, clock)
    notifier = providers.Singleton(TelegramNotifier, bot_connection, clock)
    # What the bot can do beyond its own commands, for whoever uses this as a library.
    bot_commands = providers.List()
    # Override `notifier` with it, and the bot speaks in the terminal.
    console_notifier = providers.Singleton(ConsoleNotifier, styled=providers.Callable(_is_terminal))
    pacer = providers.Singleton(
        InMemoryPacer, clock, providers.Factory(Pace, bulk_per_second=settings.provided.telegram.bulk_per_second)
    )
    # Override `pacer` with it where nobody asks for a pace: in the terminal.
    console_pacer = providers.Singleton(InMemoryPacer, clock, Pace(chat_burst=1_000))
    rich_text = providers.Singleton(TelegramMarkdown, settings.provided.public_url)
    webhook = providers.Singleton(_webhook, settings, update_intake, rate_limiter, telegram_metrics)
    telegram_proofs = providers.Singleton(_telegram_proofs, settings)
    telegram_accounts = providers.Singleton(TelegramAccounts, unit_of_work.provider, member_queries, clock, ids)
    bot_id = providers.Callable(_bot_id, settings)
    # Begin and stop the one that you made; `bot_id=0` is the console's.
    outgoing_worker = providers.Factory(
        OutgoingWorker,
        unit_of_work.provider,
        notifier,
        pacer,
        telegram_accounts,
        telegram_metrics,
        bus,
        clock,
        ids,
        bot_id=bot_id,
    )
    telegram_proving = providers.Singleton(TelegramProving, telegram_proofs, rate_limiter, trail, clock)
    telegram_sign_in = providers.Singleton(
        TelegramSignIn, unit_of_work.provider, telegram_proving, sign_in_opener, clock, ids
    )
    first_passwords = providers.Singleton(
        FirstPasswords,
        unit_of_work.provider,
        telegram_proving,
        hashing,
        rate_limiter,
        mail_requests,
        tokens,
        clock,
        ids,
    )
    linking_service = providers.Singleton(
        LinkingService, unit_of_work.provider, reauthentication, tokens, rate_limiter, trail, clock, ids
    )
    linking_by_operator = providers.Singleton(LinkingByOperator, unit_of_work.provider, trail, clock, ids)
    mail_worker = providers.Singleton(
        MailWorker, unit_of_work.provider, mailer, tokens, bus, clock, ids, settings.provided.base_url
    )
    member_service = providers.Singleton(
        MemberService, unit_of_work.provider, member_queries, hashing, tokens, clock, ids
    )
    audit_service = providers.Singleton(AuditService, audit_queries)
    identity_sweeper = providers.Singleton(
        IdentitySweeper,
        unit_of_work.provider,
        identity_sweep,
        trail,
        clock,
        providers.Factory(_identity_retention, settings),
    )

    guide_library = providers.Singleton(
        GuideLibrary, unit_of_work.provider, analyzer, clock, ids, settings.provided.guides.categories
    )
    guide_reading = providers.Singleton(GuideReading, unit_of_work.provider, guide_queries, clock, ids)
    guide_transfer = providers.Singleton(
        GuideTransfer, unit_of_work.provider, guide_library, guide_queries, guide_format, clock
    )
    guide_reindexing = providers.Singleton(GuideReindexing, unit_of_work.provider, guide_library, guide_queries)
    passage_embedding = providers.Singleton(PassageEmbedding, unit_of_work.provider, passage_queries, embedder)
    passage_finder = providers.Singleton(PassageFinder, passage_queries, analyzer, embedder)
    guide_search = providers.Singleton(GuideSearch, passage_queries, guide_queries, analyzer, searches_allowance)

    guide_reader = providers.Singleton(GuideReader, analyzer, clock)
    language_models = providers.Dict({LLMProvider.LOCAL: guide_reader})
    running_replies = providers.Singleton(RunningReplyRegistry, bus)
    data_rights = providers.Singleton(
        DataRights,
        unit_of_work.provider,
        member_queries,
        member_export,
        running_replies,
        reauthentication,
        exports,
        trail,
        clock,
    )
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
        sessions_allowance,
        searches_allowance,
    )
    message_service = providers.Singleton(
        MessageService,
        unit_of_work.provider,
        chat_queries,
        running_replies,
        clock,
        ids,
        metrics,
        messages_allowance,
    )
    conversation_export = providers.Singleton(ConversationExport, chat_session_service, exports)
    chat_health = providers.Singleton(ChatHealthService, language_models, clock)
    ask = providers.Singleton(Ask, passage_finder, language_models)
    conversations = providers.Singleton(
        Conversations,
        unit_of_work.provider,
        chat_queries,
        message_service,
        language_models,
        sessions_allowance,
        clock,
        ids,
    )
    group_questions = providers.Singleton(
        GroupQuestions, rate_limiter, providers.Callable(_a_minute, settings.provided.limits.messages_per_minute)
    )
    dead_letters = providers.Singleton(DeadLetters, unit_of_work.provider, update_queries, clock, ids)
    # Give what it makes the words and buttons: `container.answer_streamer()(style=…, bot_id=…)`.
    answer_streamer = providers.Factory(
        partial,
        AnswerStreamer,
        unit_of_work.provider,
        answer_queries,
        running_replies,
        ask,
        notifier,
        pacer,
        rich_text,
        telegram_accounts,
        bus,
        clock,
        ids,
        bot_id=bot_id,
    )
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

    embedding_in_background = providers.Singleton(EmbeddingInBackground, passage_embedding, event_log, clock)
    event_retention = providers.Singleton(EventRetention, event_log, clock, providers.Factory(_retention, settings))
    bot_sweeper = providers.Singleton(
        BotSweeper, unit_of_work.provider, clock, providers.Factory(_bot_retention, settings)
    )
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
    """Everything in memory, gone with the process: for fast tests and for trying the library out.

    Passages are found by words only; override `embedder` for more.
    """
    container = Container(settings=settings or Settings())
    store = providers.Singleton(MemoryStore)
    container.unit_of_work.override(
        providers.Factory(InMemoryUnitOfWork, store, container.bus, container.clock, container.metrics)
    )
    container.member_queries.override(providers.Singleton(InMemoryMemberQueries, store))
    container.member_export.override(providers.Singleton(InMemoryMemberExport, store))
    container.audit_queries.override(providers.Singleton(InMemoryAuditQueries, store))
    container.identity_sweep.override(providers.Singleton(InMemoryIdentitySweep, store))
    container.credential_queries.override(providers.Singleton(InMemoryCredentialQueries, store))
    container.guide_queries.override(providers.Singleton(InMemoryGuideQueries, store))
    container.passage_queries.override(providers.Singleton(InMemoryPassageQueries, store))
    container.chat_queries.override(providers.Singleton(InMemoryChatQueries, store))
    container.event_log.override(providers.Singleton(InMemoryEventLog, store))
    container.update_inbox.override(providers.Singleton(InMemoryUpdateInbox, store, container.bus))
    container.answer_queries.override(providers.Singleton(InMemoryAnswerQueries, store))
    container.update_queries.override(providers.Singleton(InMemoryUpdateQueries, store))
    container.embedder.override(providers.Singleton(SwitchedOff, "nothing is embedded in memory"))
    container.migrator.override(providers.Singleton(InMemorySchema))
    container.data_disk.override(providers.Singleton(InMemoryDisk))
    container.hasher.override(providers.Singleton(PlainPasswordHasher))
    return container
