"""Accounts, chats and messages, as the server knows them; all in memory."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from adapters.testing.telegram.errors import Json

DRAFT_LIVES = timedelta(seconds=30)


@dataclass(slots=True, eq=False)
class Account:
    """A person or a bot. `has_started`: wrote to the bot in private; before that the bot cannot write to them."""

    id: int
    first_name: str
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = None
    is_bot: bool = False
    is_premium: bool = False
    has_started: bool = False
    has_blocked: bool = False
    is_deactivated: bool = False

    def to_json(self) -> Json:
        """A Bot API `User`."""
        given: Json = {"id": self.id, "is_bot": self.is_bot, "first_name": self.first_name}
        for name in ("last_name", "username", "language_code"):
            if getattr(self, name):
                given[name] = getattr(self, name)
        return given | ({"is_premium": True} if self.is_premium else {})


@dataclass(slots=True, eq=False)
class Post:
    """A message: what it says now, and what it said before each edit, oldest first."""

    content: Json
    history: list[Json] = field(default_factory=list)
    is_deleted: bool = False

    @property
    def id(self) -> int:
        """Its number in the chat."""
        return int(self.content["message_id"])

    @property
    def text(self) -> str:
        """Its text, or its caption."""
        return str(self.content.get("text", self.content.get("caption", "")))

    @property
    def topic(self) -> int:
        """The topic that it stands in, by its `message_thread_id`; 0 for none."""
        return int(self.content["message_thread_id"]) if self.content.get("is_topic_message") else 0

    @property
    def buttons(self) -> list[Json]:
        """The buttons below it, row after row."""
        rows = self.content.get("reply_markup", {}).get("inline_keyboard", [])
        return [button for row in rows for button in row]

    def replace(self, content: Json) -> None:
        """An edit: the former content becomes history."""
        self.history.append(self.content)
        self.content = content

    def quoted(self) -> Json:
        """The message as another one carries it: without what it replies to itself."""
        copy = deepcopy(self.content)
        copy.pop("reply_to_message", None)
        return copy


@dataclass(frozen=True, slots=True)
class Draft:
    """What a bot showed while it still wrote: `sendMessageDraft` with this identifier."""

    id: int
    text: str
    entities: tuple[Json, ...]
    at: datetime
    before: int
    """How much the bot had said in the chat: its next message takes the draft's place."""


@dataclass(slots=True)
class Membership:
    """What somebody is in a chat: creator, administrator, member, restricted, left or kicked."""

    account: Account
    status: str = "member"
    until: int = 0

    @property
    def is_in(self) -> bool:
        """Whether they are in the chat."""
        return self.status not in {"left", "kicked"}

    def to_json(self) -> Json:
        """A Bot API `ChatMember`."""
        given: Json = {"status": self.status, "user": self.account.to_json()}
        if self.status == "kicked":
            given["until_date"] = self.until
        if self.status == "creator":
            given["is_anonymous"] = False
        if self.status == "administrator":
            given |= {"can_be_edited": False, "is_anonymous": False} | dict.fromkeys(ADMIN_RIGHTS, True)
        return given


ADMIN_RIGHTS = (
    "can_manage_chat",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_promote_members",
    "can_change_info",
    "can_invite_users",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
    "can_pin_messages",
)


@dataclass(slots=True, eq=False)
class Chat:
    """A private chat (`account` is who it is with), a group, a supergroup or a channel."""

    id: int
    kind: str
    title: str | None = None
    username: str | None = None
    account: Account | None = None
    members: dict[int, Membership] = field(default_factory=dict)
    posts: dict[int, Post] = field(default_factory=dict)
    drafts: list[Draft] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)
    migrated_to: int | None = None
    menu_button: Json | None = None
    reply_keyboard: Json | None = None
    next_message_id: int = 1
    said_by_bot: int = 0
    is_forum: bool = False
    topics: dict[int, bool] = field(default_factory=dict)
    """Of a forum, beside the general one: by `message_thread_id`, whether it is open."""

    @property
    def is_private(self) -> bool:
        """Whether only one person and the bot are in it."""
        return self.kind == "private"

    def to_json(self) -> Json:
        """A Bot API `Chat`."""
        if self.account is not None:
            who = self.account.to_json()
            kept = {name: who[name] for name in ("id", "first_name", "last_name", "username") if name in who}
            return kept | {"type": "private"}
        given: Json = {"id": self.id, "type": self.kind, "title": self.title}
        given |= {"is_forum": True} if self.is_forum else {}
        return given | ({"username": self.username} if self.username else {})

    def in_topic(self, thread_id: int) -> Json:
        """What a message of this topic has beside the others; nothing for the general one, 0."""
        return {"message_thread_id": thread_id, "is_topic_message": True} if thread_id else {}

    def membership(self, account: Account) -> Membership:
        """What an account is here; somebody who was never here has left."""
        return self.members.get(account.id) or Membership(account, "left")

    def message(self, message_id: int) -> Post | None:
        """A message that is still there."""
        post = self.posts.get(message_id)
        return None if post is None or post.is_deleted else post

    def visible(self) -> Iterator[Post]:
        """What a person sees when they open the chat."""
        return (post for post in self.posts.values() if not post.is_deleted)

    def draft(self, now: datetime) -> Draft | None:
        """What the bot seems to be writing; it fades after 30 seconds and when its message comes."""
        last = self.drafts[-1] if self.drafts else None
        if last is None or not last.text or last.before != self.said_by_bot or now - last.at >= DRAFT_LIVES:
            return None
        return last
