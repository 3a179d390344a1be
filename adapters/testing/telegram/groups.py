"""What happens to groups: people and the bot come and go, and a group becomes a supergroup."""

from typing import TYPE_CHECKING

from adapters.testing.telegram.chats import Account, Chat, Post
from adapters.testing.telegram.errors import Json
from adapters.testing.telegram.privacy import reaches_the_bot

if TYPE_CHECKING:
    from adapters.testing.telegram.people import User
    from adapters.testing.telegram.state import BotState


class Group:
    """A group, a supergroup or a channel. `founder` made it and does what no member is named for."""

    def __init__(self, state: "BotState", chat: Chat, founder: Account) -> None:
        self._state = state
        self._world = state.world
        self.chat = chat
        self._founder = founder

    @property
    def id(self) -> int:
        """Negative."""
        return self.chat.id

    @property
    def messages(self) -> list[Post]:
        """What it shows, oldest first."""
        return list(self.chat.visible())

    def status_of(self, user: "User") -> str:
        """creator, administrator, member, restricted, left or kicked."""
        return self.chat.membership(user.account).status

    def takes_in(self, user: "User", status: str = "member") -> None:
        """Somebody comes."""
        self._world.set_status(self.chat, user.account, status, self._founder)
        self._says({"new_chat_members": [user.account.to_json()]}, self._founder)

    def loses(self, user: "User") -> None:
        """Somebody goes."""
        self._world.set_status(self.chat, user.account, "left", user.account)
        self._says({"left_chat_member": user.account.to_json()}, user.account)

    def takes_in_bot(self, *, as_admin: bool = False) -> None:
        """The bot is added, or its rights change."""
        status = "administrator" if as_admin else "member"
        is_new = not self.chat.membership(self._world.bot).is_in
        self._world.set_status(self.chat, self._world.bot, status, self._founder)
        if is_new:
            self._says({"new_chat_members": [self._world.bot.to_json()]}, self._founder)

    def kicks_bot(self) -> None:
        """The bot is thrown out."""
        self._world.set_status(self.chat, self._world.bot, "kicked", self._founder)

    def joins_by(self, user: "User", invite_link: str) -> None:
        """Somebody uses an invite link; raises `ValueError` when it is used up, expired, revoked or another group's."""
        kept = self._state.invite_links.get(invite_link)
        if kept is None or kept["chat_id"] != self.id:
            raise ValueError("no link of this group")
        link, used = kept["link"], kept["used_by"]
        if link["is_revoked"] or link.get("expire_date", self._world.now() + 1) <= self._world.now():
            raise ValueError("the link has expired")
        if len(used) >= link.get("member_limit", len(used) + 1):
            raise ValueError("the link is used up")
        if self.status_of(user) == "kicked":
            raise ValueError(f"{user.account.first_name} is banned")
        used.append(user.id)
        self._world.set_status(self.chat, user.account, "member", user.account, invite_link=link)
        self._says({"new_chat_members": [user.account.to_json()]}, user.account)

    def becomes_supergroup(self) -> "Group":
        """A plain group is upgraded: its identifier ends, and the new one is told on both sides."""
        if self.chat.kind != "group":
            raise ValueError("only a plain group becomes a supergroup")
        new = self._world.new_group(str(self.chat.title), "supergroup")
        new.members = dict(self.chat.members)
        self.chat.migrated_to = new.id
        old_side = self._world.post(self.chat, self._founder, {"migrate_to_chat_id": new.id})
        new_side = self._world.post(new, self._founder, {"migrate_from_chat_id": self.id})
        for post in (old_side, new_side):
            self._world.tell("message", post)
        return Group(self._state, new, self._founder)

    def opens_topic(self, name: str) -> int:
        """Somebody begins a topic, which makes it a forum; the topic's `message_thread_id`."""
        if self.chat.kind != "supergroup":
            raise ValueError("only a supergroup has topics")
        self.chat.is_forum = True
        created = {"forum_topic_created": {"name": name, "icon_color": 7_322_096}, "is_topic_message": True}
        post = self._world.post(self.chat, self._founder, created)
        post.content["message_thread_id"] = post.id
        self.chat.topics[post.id] = True
        return post.id

    def closes_topic(self, thread_id: int) -> None:
        """Nobody but administrators writes there any more."""
        self.chat.topics[thread_id] = False

    def removes_topic(self, thread_id: int) -> None:
        """It goes, with what was said in it."""
        del self.chat.topics[thread_id]
        for post in self.chat.posts.values():
            post.is_deleted = post.is_deleted or post.content.get("message_thread_id") == thread_id

    def _says(self, content: Json, by: Account) -> None:
        """A service message; channels have none for who comes and goes."""
        if self.chat.kind == "channel":
            return
        post = self._world.post(self.chat, by, content)
        if reaches_the_bot(self._world, self.chat, post):
            self._world.tell("message", post)
