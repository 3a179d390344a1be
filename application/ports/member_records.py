"""What a member's export says of each thing that is kept: every adapter of `MemberExport` writes these records.

Values are left as they are; `application.realtime.events.plain` makes them JSON. No secrets, no hashes, and nothing of
other people but what stands in messages to the member: who else took part or acted is left out.
"""

from collections.abc import Mapping

from domain.chat import MessageSnapshot, SessionSnapshot
from domain.guides import SavedGuide
from domain.identity import AuditEntry, Grant, Member, MemberId, SignIn, TelegramUser
from domain.telegram import AnswerButton, InboxUpdate, OutgoingMessage

Record = Mapping[str, object]


def account_record(member: Member) -> Record:
    """The member and the web account; its fields are None without one."""
    user = member.user
    return {
        "member_id": member.id,
        "member_since": member.created_at,
        "email": user.email if user else None,
        "email_verified": user.email_verified if user else False,
        "username": user.username if user else None,
        "has_password": user is not None and user.password_hash is not None,
        "is_active": member.is_active,
        "created_at": user.created_at if user else None,
        "updated_at": user.updated_at if user else None,
    }


def telegram_record(account: TelegramUser) -> Record:
    """The Telegram account."""
    return {
        "telegram_id": account.telegram_id,
        "telegram_username": account.telegram_username,
        "first_name": account.first_name,
        "last_name": account.last_name,
        "language": account.preferences.language,
        "muted": sorted(account.preferences.muted),
        "blocked_bot_at": account.blocked_bot_at,
        "created_at": account.created_at,
        "updated_at": account.updated_at,
    }


def grant_record(grant: Grant) -> Record:
    """A grant, ended ones too."""
    return {
        "role": grant.role,
        "source": grant.source,
        "reason": grant.reason,
        "until": grant.until,
        "created_at": grant.created_at,
    }


def sign_in_record(sign_in: SignIn) -> Record:
    """A sign-in."""
    return {
        "id": sign_in.id,
        "created_at": sign_in.created_at,
        "refreshed_at": sign_in.rotated_at,
        "expires_at": sign_in.expires_at,
        "ended_at": sign_in.ended_at,
        "ip": sign_in.ip,
        "user_agent": sign_in.user_agent,
    }


def saved_guide_record(saved: SavedGuide, title: str) -> Record:
    """A guide in the member's collection."""
    return {
        "guide_id": saved.guide_id,
        "title": title,
        "is_read": saved.is_read,
        "times_viewed": saved.times_viewed,
        "last_viewed_at": saved.last_viewed_at,
        "saved_at": saved.saved_at,
    }


def session_record(session: SessionSnapshot, member_id: MemberId) -> Record:
    """A session the member takes part in."""
    return {
        "id": session.id,
        "is_owner": session.user_id == member_id,
        "title": session.title,
        "llm_provider": session.llm_provider,
        "llm_model": session.llm_model,
        "settings": session.settings,
        "is_active": session.is_active,
        "created_at": session.created_at,
        "updated_at": session.updated_at,
    }


def message_record(message: MessageSnapshot) -> Record:
    """A message of the member, or a reply in a session of theirs."""
    return {
        "id": message.id,
        "session_id": message.session_id,
        "seq": message.seq,
        "role": message.role,
        "content": message.content,
        "llm_provider": message.llm_provider,
        "llm_model": message.llm_model,
        "status": message.status,
        "error_message": message.error_message,
        "tokens_used": message.tokens_used,
        "response_time_ms": message.response_time_ms,
        "citations": message.citations,
        "created_at": message.created_at,
    }


def update_record(update: InboxUpdate) -> Record:
    """What the member told the bot, as long as it is kept: as Telegram sent it."""
    return {
        "received_at": update.received_at,
        "kind": update.kind,
        "state": update.state.name.lower(),
        "body": update.raw.decode(errors="replace"),
    }


def outgoing_record(message: OutgoingMessage) -> Record:
    """What the bot said to the member or is about to say, as long as it is kept."""
    content = message.content
    return {
        "created_at": message.created_at,
        "sent_at": message.sent_at,
        "state": message.state,
        "text": content.text if isinstance(content, AnswerButton) else content.text.text,
    }


def audit_record(entry: AuditEntry, member_id: MemberId) -> Record:
    """A line of the trail: done by the member, or to them by somebody who is not named."""
    is_own = entry.actor_id == member_id
    return {
        "at": entry.at,
        "action": entry.action,
        "by_member": is_own,
        "resource_type": entry.resource_type,
        "resource_id": entry.resource_id,
        "details": entry.details,
        "ip": entry.ip if is_own else None,
        "user_agent": entry.user_agent if is_own else None,
    }
