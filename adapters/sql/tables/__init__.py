"""The schema as SQLAlchemy sees it. Migrations build it; a test holds the two equal."""

from adapters.sql.tables import search
from adapters.sql.tables.audit import audit_log
from adapters.sql.tables.base import metadata
from adapters.sql.tables.chat import (
    chat_message_words,
    chat_messages,
    chat_participants,
    chat_replies,
    chat_session_usage,
    chat_sessions,
    idempotency_keys,
)
from adapters.sql.tables.guides import (
    guide_passage_totals,
    guide_passage_vector_ids,
    guide_passage_vectors,
    guide_passages,
    telegram_guide_tags,
    telegram_guides,
    telegram_user_guide_collections,
)
from adapters.sql.tables.identity import members, one_time_tokens, role_grants, sign_ins, telegram_users, users
from adapters.sql.tables.linking import link_requests, used_proofs
from adapters.sql.tables.mailing import mail_jobs
from adapters.sql.tables.realtime import channel_events, channels, instance
from adapters.sql.tables.telegram import (
    outgoing_messages,
    telegram_answers,
    telegram_commands,
    telegram_conversations,
    telegram_webhooks,
)

__all__ = [
    "audit_log",
    "channel_events",
    "channels",
    "chat_message_words",
    "chat_messages",
    "chat_participants",
    "chat_replies",
    "chat_session_usage",
    "chat_sessions",
    "guide_passage_totals",
    "guide_passage_vector_ids",
    "guide_passage_vectors",
    "guide_passages",
    "idempotency_keys",
    "instance",
    "link_requests",
    "mail_jobs",
    "members",
    "metadata",
    "one_time_tokens",
    "outgoing_messages",
    "role_grants",
    "search",
    "sign_ins",
    "telegram_answers",
    "telegram_commands",
    "telegram_conversations",
    "telegram_guide_tags",
    "telegram_guides",
    "telegram_user_guide_collections",
    "telegram_users",
    "telegram_webhooks",
    "used_proofs",
    "users",
]
