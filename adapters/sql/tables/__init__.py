"""The schema as SQLAlchemy sees it. Migrations build it; a test holds the two equal."""

from adapters.sql.tables import search
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
    guide_passages,
    telegram_guide_tags,
    telegram_guides,
    telegram_user_guide_collections,
)
from adapters.sql.tables.identity import members, one_time_tokens, role_grants, sign_ins, users
from adapters.sql.tables.realtime import channel_events, channels, instance

__all__ = [
    "channel_events",
    "channels",
    "chat_message_words",
    "chat_messages",
    "chat_participants",
    "chat_replies",
    "chat_session_usage",
    "chat_sessions",
    "guide_passage_totals",
    "guide_passages",
    "idempotency_keys",
    "instance",
    "members",
    "metadata",
    "one_time_tokens",
    "role_grants",
    "search",
    "sign_ins",
    "telegram_guide_tags",
    "telegram_guides",
    "telegram_user_guide_collections",
    "users",
]
