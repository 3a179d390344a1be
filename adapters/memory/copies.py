"""Copies of aggregates, made on every read and write, so that nobody holds a row of the store."""

from dataclasses import replace

from domain.chat import ChatMessage, ChatSession
from domain.guides import Guide
from domain.identity import Member


def copy_of_member(member: Member) -> Member:
    """The member with accounts and grants of its own."""
    return replace(
        member,
        user=replace(member.user) if member.user else None,
        telegram=replace(member.telegram) if member.telegram else None,
        grants=list(member.grants),
    )


def copy_of_guide(guide: Guide) -> Guide:
    """The guide without recorded events."""
    return replace(guide, _events=[])


def copy_of_session(session: ChatSession) -> ChatSession:
    """The session without recorded events."""
    return replace(session, _events=[])


def copy_of_message(message: ChatMessage) -> ChatMessage:
    """The message without recorded events."""
    return replace(message, _events=[])
