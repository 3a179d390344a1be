"""Chats and who is in them."""

from adapters.testing.telegram.access import chat_to_read, chat_to_write, person_of, refuse_without_right
from adapters.testing.telegram.arguments import Arguments
from adapters.testing.telegram.chats import Account, Chat
from adapters.testing.telegram.errors import Json, bad_request
from adapters.testing.telegram.state import BotState

MAX_LINK_NAME = 32
MAX_LINK_MEMBERS = 99_999
_REACTIONS = {"accent_color_id": 0, "max_reaction_count": 11}
_GIFTS = dict.fromkeys(
    (
        "unlimited_gifts",
        "limited_gifts",
        "unique_gifts",
        "premium_subscription",
        "gifts_from_channels",
    ),
    True,
)


def get_chat(state: BotState, arguments: Arguments) -> Json:
    """getChat: a `ChatFullInfo`."""
    chat = chat_to_read(state.world, arguments)
    return chat.to_json() | _REACTIONS | {"accepted_gift_types": _GIFTS}


def get_chat_member(state: BotState, arguments: Arguments) -> Json:
    """getChatMember. In a private chat both are members."""
    chat = chat_to_read(state.world, arguments)
    account = person_of(state.world, arguments)
    if chat.is_private and account in {chat.account, state.bot}:
        return {"status": "member", "user": account.to_json()}
    return chat.membership(account).to_json()


def get_chat_member_count(state: BotState, arguments: Arguments) -> int:
    """getChatMemberCount."""
    chat = chat_to_read(state.world, arguments)
    return 2 if chat.is_private else sum(one.is_in for one in chat.members.values())


def ban_chat_member(state: BotState, arguments: Arguments) -> bool:
    """banChatMember: needs the right, and no administrator goes this way."""
    chat, account = _group_and_person(state, arguments)
    if chat.membership(account).status in {"creator", "administrator"}:
        raise bad_request("user is an administrator of the chat")
    state.world.set_status(chat, account, "kicked", state.bot, arguments.integer("until_date", 0, 0))
    return True


def unban_chat_member(state: BotState, arguments: Arguments) -> bool:
    """unbanChatMember: who is in the chat leaves it, unless `only_if_banned`."""
    chat, account = _group_and_person(state, arguments)
    if chat.kind == "group":
        raise bad_request("method is available for supergroup and channel chats only")
    status = chat.membership(account).status
    if status in {"creator", "administrator"}:
        raise bad_request("user is an administrator of the chat")
    if status == "kicked" or (status != "left" and not arguments.boolean("only_if_banned")):
        state.world.set_status(chat, account, "left", state.bot)
    return True


def create_chat_invite_link(state: BotState, arguments: Arguments) -> Json:
    """createChatInviteLink."""
    chat = chat_to_write(state.world, arguments)
    if chat.is_private:
        raise bad_request("chat not found")
    refuse_without_right(state.world, chat, "not enough rights to manage chat invite link")
    name, limit = arguments.text("name"), arguments.integer("member_limit", 0, 0)
    expires = arguments.integer("expire_date", 0, 0)
    asks = arguments.boolean("creates_join_request")
    if len(name) > MAX_LINK_NAME:
        raise bad_request("INVITE_LINK_NAME_TOO_LONG")
    if limit > MAX_LINK_MEMBERS or (asks and limit):
        raise bad_request("USAGE_LIMIT_INVALID")
    if expires and expires <= state.world.now():
        raise bad_request("EXPIRE_DATE_INVALID")
    link: Json = {
        "invite_link": f"https://t.me/+{abs(chat.id)}x{len(state.invite_links) + 1:06d}",
        "creator": state.bot.to_json(),
        "creates_join_request": asks,
        "is_primary": False,
        "is_revoked": False,
    }
    given = {"name": name, "member_limit": limit, "expire_date": expires}
    link |= {field: value for field, value in given.items() if value}
    state.invite_links[link["invite_link"]] = {"chat_id": chat.id, "used_by": [], "link": link}
    return link


def revoke_chat_invite_link(state: BotState, arguments: Arguments) -> Json:
    """revokeChatInviteLink."""
    chat = chat_to_write(state.world, arguments)
    refuse_without_right(state.world, chat, "not enough rights to manage chat invite link")
    kept = state.invite_links.get(arguments.text("invite_link"))
    if kept is None or kept["chat_id"] != chat.id:
        raise bad_request("INVITE_HASH_INVALID")
    link: Json = kept["link"]
    link["is_revoked"] = True
    return link


def _group_and_person(state: BotState, arguments: Arguments) -> tuple[Chat, Account]:
    account = person_of(state.world, arguments)
    chat = chat_to_write(state.world, arguments)
    if chat.is_private:
        raise bad_request("method is available for supergroup and channel chats only")
    refuse_without_right(state.world, chat, "not enough rights to restrict/unrestrict chat member")
    return chat, account
