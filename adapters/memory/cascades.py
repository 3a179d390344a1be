"""What the database's foreign keys do when a row goes: what belongs to it goes too, what only names it forgets it."""

from dataclasses import replace

from adapters.memory.audit import forget_person
from adapters.memory.copies import copy_of_member, copy_of_message, copy_of_session
from adapters.memory.store import Tables
from domain.chat import ChatSessionId
from domain.identity import MemberId
from domain.telegram import InboxUpdate


def delete_session(tables: Tables, session_id: ChatSessionId) -> None:
    """Remove a session with its messages, the replies to come and the answers kept for them."""
    tables.chat_sessions.pop(session_id, None)
    gone = {message.id for message in tables.chat_messages.values() if message.session_id == session_id}
    for message_id in gone:
        del tables.chat_messages[message_id]
        tables.replies.pop(message_id, None)
    for answer_id in [answer.id for answer in tables.answers.values() if answer.message_id in gone]:
        del tables.answers[answer_id]
    for telegram_id in [each for each, chosen in tables.conversations.items() if chosen == session_id]:
        del tables.conversations[telegram_id]
    for key in [key for key, kept in tables.idempotency_keys.items() if kept.message_id in gone]:
        del tables.idempotency_keys[key]


def delete_member(tables: Tables, member_id: MemberId) -> None:
    """Remove a member with all they own; what they wrote and granted elsewhere stays without their name."""
    del tables.members[member_id]
    del tables.roles[member_id]
    for session_id in [session.id for session in tables.chat_sessions.values() if session.user_id == member_id]:
        delete_session(tables, session_id)
    for sign_in_id in [row.id for row in tables.sign_ins.values() if row.member_id == member_id]:
        del tables.sign_ins[sign_in_id]
    for token_id in [row.id for row in tables.one_time_tokens.values() if row.member_id == member_id]:
        del tables.one_time_tokens[token_id]
    for request_id in [row.id for row in tables.link_requests.values() if row.member_id == member_id]:
        del tables.link_requests[request_id]
    for saved in [key for key in tables.saved_guides if key[0] == member_id]:
        del tables.saved_guides[saved]
    for kept in [key for key in tables.idempotency_keys if key[0] == member_id]:
        del tables.idempotency_keys[kept]
    _forget(tables, member_id)
    forget_person(tables, member_id)


def delete_update(tables: Tables, update: InboxUpdate) -> None:
    """Remove an update; what was said because of it forgets it."""
    del tables.updates[update.key]
    tables.update_places.pop((update.bot_id, update.update_id), None)
    for queued in [each for each in tables.outgoing.values() if each.message.caused_by == update.key]:
        tables.outgoing[queued.message.id] = replace(queued, message=replace(queued.message, caused_by=None))


def forget_orphaned_requests(tables: Tables) -> None:
    """Remove the requests to link whose sign-in is gone."""
    orphaned = [r.id for r in tables.link_requests.values() if r.sign_in_id and r.sign_in_id not in tables.sign_ins]
    for request_id in orphaned:
        del tables.link_requests[request_id]


def _forget(tables: Tables, member_id: MemberId) -> None:
    for session in list(tables.chat_sessions.values()):
        if member_id in session.participants:
            others = tuple(each for each in session.participants if each != member_id)
            tables.chat_sessions[session.id] = replace(copy_of_session(session), participants=others)
    for message in list(tables.chat_messages.values()):
        if message.author_id == member_id:
            tables.chat_messages[message.id] = replace(copy_of_message(message), author_id=None)
    for member in list(tables.members.values()):
        if any(grant.granted_by == member_id for grant in member.grants):
            grants = [replace(g, granted_by=None) if g.granted_by == member_id else g for g in member.grants]
            tables.members[member.id] = replace(copy_of_member(member), grants=grants)
