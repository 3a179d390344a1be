"""Which chat, message or person a request means, and whether the bot may reach it."""

from adapters.testing.telegram.arguments import Arguments
from adapters.testing.telegram.chats import Account, Chat, Post
from adapters.testing.telegram.errors import ApiError, bad_request, forbidden, migrated
from adapters.testing.telegram.world import World

_KINDS = {"group": "group chat", "supergroup": "supergroup chat", "channel": "channel chat"}


def chat_to_read(world: World, arguments: Arguments, name: str = "chat_id") -> Chat:
    """The chat of a request that only looks. Raises `ApiError`: empty, not found, or the bot is not in it."""
    chat = _find(world, arguments.text(name))
    if chat.kind in {"supergroup", "channel"}:
        _refuse_outsider(world, chat)
    return chat


def chat_to_write(world: World, arguments: Arguments) -> Chat:
    """The chat of a request that changes something. Raises `ApiError`: blocked, kicked, left, migrated, unknown."""
    chat = _find(world, arguments.text("chat_id"))
    if chat.account is not None:
        _refuse_private(chat.account)
        return chat
    if chat.migrated_to is not None:
        raise migrated(chat.migrated_to)
    _refuse_outsider(world, chat)
    return chat


def message_of(world: World, arguments: Arguments, called: str) -> tuple[Chat, Post]:
    """The message of a request that changes one. `called` is what a refusal calls it."""
    chat = chat_to_write(world, arguments)
    post = chat.message(arguments.integer("message_id"))
    if post is None:
        raise bad_request(f"{called} not found")
    return chat, post


def person_of(world: World, arguments: Arguments) -> Account:
    """The account that `user_id` names."""
    account = world.accounts.get(arguments.user_id())
    if account is None:
        raise bad_request("user not found")
    return account


def refuse_without_right(world: World, chat: Chat, message: str) -> None:
    """Raise `ApiError` unless the bot is an administrator of the chat."""
    if chat.membership(world.bot).status not in {"administrator", "creator"}:
        raise bad_request(message)


def _find(world: World, value: str) -> Chat:
    if not value:
        raise bad_request("chat_id is empty")
    if value.startswith("@"):
        chat = world.chat_named(value[1:])
    else:
        identifier = Arguments({"chat_id": value}).chat_id()
        chat = world.chats.get(identifier) if identifier is not None else None
    if chat is None:
        raise bad_request("chat not found")
    if chat.account is not None and not world.knows(chat.account):
        raise bad_request("chat not found")
    if chat.account is None and world.bot.id not in chat.members and not chat.username:
        raise bad_request("chat not found")
    return chat


def _refuse_private(account: Account) -> None:
    if account.is_deactivated:
        raise forbidden("user is deactivated")
    if account.has_blocked:
        raise forbidden("bot was blocked by the user")
    if account.is_bot:
        raise forbidden("bots can't send messages to bots")
    if not account.has_started:
        raise forbidden("bot can't initiate conversation with a user")


def _refuse_outsider(world: World, chat: Chat) -> None:
    status = chat.membership(world.bot).status
    if status == "kicked":
        raise forbidden(f"bot was kicked from the {_KINDS[chat.kind]}")
    if status == "left":
        raise _not_member(chat)


def _not_member(chat: Chat) -> ApiError:
    return forbidden(f"bot is not a member of the {_KINDS[chat.kind]}")
