"""All accounts and chats of one server, with the identifiers that it gives out."""

import asyncio
from collections.abc import Mapping
from itertools import count
from typing import Any

from adapters.testing.telegram.chats import Account, Chat, Membership, Post
from adapters.testing.telegram.entities import detected
from adapters.testing.telegram.errors import Json
from adapters.testing.telegram.updates import UpdateQueue
from application.ports.system import Clock

_FIRST_USER = 1_000_001
_SUPERGROUP_OFFSET = -1_000_000_000_000


class World:
    """Makes accounts, chats and messages, and tells the bot of what it would be told."""

    def __init__(self, clock: Clock, updates: UpdateQueue, bot: Account) -> None:
        self.clock = clock
        self.updates = updates
        self.bot = bot
        self.accounts: dict[int, Account] = {bot.id: bot}
        self.chats: dict[int, Chat] = {}
        self.changed = asyncio.Event()
        self.reads_all_messages = False
        self._user_ids = count(_FIRST_USER)
        self._group_ids = count(2_000_001)
        self._message_ids = count(1)

    def now(self) -> int:
        """Unix seconds."""
        return int(self.clock.now().timestamp())

    def stir(self) -> None:
        """Wake whoever waits for something to be seen."""
        self.changed.set()

    def new_account(self, first_name: str, **details: object) -> Account:
        """A person who has not met the bot; `details` are fields of `Account`, `id` among them."""
        identifier = details.pop("id", None)
        account = Account(int(str(identifier)) if identifier else next(self._user_ids), first_name, **details)  # type: ignore[arg-type]
        if account.id in self.accounts:
            raise ValueError(f"there is an account {account.id} already")
        self.accounts[account.id] = account
        self.chats[account.id] = Chat(account.id, "private", account=account)
        return account

    def new_group(self, title: str, kind: str = "supergroup", username: str | None = None) -> Chat:
        """An empty group, supergroup or channel."""
        number = next(self._group_ids)
        identifier = -number if kind == "group" else _SUPERGROUP_OFFSET - number
        chat = self.chats[identifier] = Chat(identifier, kind, title, username)
        return chat

    def chat_named(self, username: str) -> Chat | None:
        """The public group or channel of that name, without `@`."""
        wanted = username.lower()
        return next((chat for chat in self.chats.values() if chat.username and chat.username.lower() == wanted), None)

    def knows(self, account: Account) -> bool:
        """Whether the bot ever met somebody: in private or in a group."""
        return account.has_started or any(account.id in chat.members for chat in self.chats.values())

    def post(self, chat: Chat, sender: Account, content: Json) -> Post:
        """Put a message into a chat. Text and caption get the entities that Telegram finds by itself."""
        whole: Json = {"message_id": self._next_message_id(chat), "date": self.now(), "chat": chat.to_json()}
        if chat.kind == "channel":
            whole["sender_chat"] = chat.to_json()
        else:
            whole["from"] = sender.to_json()
        post = Post(whole | with_entities(content))
        chat.posts[post.id] = post
        self.stir()
        return post

    def tell(self, kind: str, post: Post) -> int | None:
        """Queue an update about a message."""
        return self.updates.push(kind, post.quoted() | _reply_of(post), f"chat:{post.content['chat']['id']}")

    def place(self, chat: Chat, account: Account, status: str) -> None:
        """What somebody is in a chat, told to nobody: how things stood before the test."""
        chat.members[account.id] = Membership(account, status)

    def set_status(
        self, chat: Chat, account: Account, status: str, by: Account, until: int = 0, invite_link: Json | None = None
    ) -> None:
        """Change what somebody is in a chat, and tell the bot: `my_chat_member` of itself, else `chat_member`."""
        old = chat.membership(account)
        new = Membership(account, status, until)
        chat.members[account.id] = new
        self.stir()
        if old.status == status and old.until == until:
            return
        self.announce(chat, by, old, new, {"invite_link": invite_link} if invite_link else {})

    def announce(
        self, chat: Chat, by: Account, old: Membership, new: Membership, more: Mapping[str, Any] | None = None
    ) -> None:
        """Queue the update of a changed membership."""
        is_mine = new.account is self.bot
        change = {
            "chat": chat.to_json(),
            "from": by.to_json(),
            "date": self.now(),
            "old_chat_member": old.to_json(),
            "new_chat_member": new.to_json(),
            **(more or {}),
        }
        lane = f"membership:{chat.id if is_mine else new.account.id}"
        if is_mine or chat.membership(self.bot).status == "administrator":
            self.updates.push("my_chat_member" if is_mine else "chat_member", change, lane)

    def _next_message_id(self, chat: Chat) -> int:
        if chat.kind in {"private", "group"}:
            return next(self._message_ids)
        chat.next_message_id += 1
        return chat.next_message_id - 1


def with_entities(content: Json) -> Json:
    """The content with the detected entities among the given ones."""
    for text, entities in (("text", "entities"), ("caption", "caption_entities")):
        if text in content:
            given = content.get(entities, [])
            found = [*given, *detected(content[text], given)]
            content = {name: value for name, value in content.items() if name != entities}
            if found:
                content[entities] = sorted(found, key=lambda one: (one["offset"], -one["length"]))
    return content


def _reply_of(post: Post) -> Json:
    replied = post.content.get("reply_to_message")
    return {"reply_to_message": replied} if replied else {}
