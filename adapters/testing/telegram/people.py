"""What people do in Telegram, for a test to tell: they write, press, edit, forward, block, pay."""

from typing import TYPE_CHECKING

from adapters.testing.telegram.chats import Account, Chat, Membership, Post
from adapters.testing.telegram.errors import Json
from adapters.testing.telegram.groups import Group
from adapters.testing.telegram.payments import Charge, Checkout, successful_payment
from adapters.testing.telegram.privacy import reaches_the_bot
from adapters.testing.telegram.queries import CALLBACK_LIVES, CHECKOUT_LIVES, Press
from adapters.testing.telegram.world import with_entities

if TYPE_CHECKING:
    from adapters.testing.telegram.state import BotState


class User:
    """A person. What they do happens at once; the bot hears of it by polling or its webhook."""

    def __init__(self, state: "BotState", account: Account) -> None:
        self._state = state
        self._world = state.world
        self.account = account

    @property
    def id(self) -> int:
        """Telegram's number of the account, and of the private chat with it."""
        return self.account.id

    @property
    def chat(self) -> Chat:
        """The private chat with the bot."""
        return self._world.chats[self.id]

    @property
    def messages(self) -> list[Post]:
        """What the private chat shows, oldest first."""
        return list(self.chat.visible())

    def sends(self, text: str, in_: Group | None = None, *, topic: int = 0, **more: object) -> Post:
        """Write a message; commands, mentions and links in it become entities. `more` are fields of a `Message`."""
        chat = self.chat if in_ is None else in_.chat
        return self.posts({"text": text} | chat.in_topic(topic) | more, in_)

    def replies(self, to: Post, text: str, in_: Group | None = None) -> Post:
        """Answer a message, in its topic."""
        chat, topic = self.chat if in_ is None else in_.chat, to.topic
        return self.posts({"text": text, "reply_to_message": to.quoted()} | chat.in_topic(topic), in_)

    def forwards(self, post: Post, in_: Group | None = None) -> Post:
        """Pass a message on."""
        given = {name: value for name, value in post.content.items() if name not in _OWN}
        sender = post.content.get("from") or self.account.to_json()
        origin = {"type": "user", "date": post.content["date"], "sender_user": sender}
        return self.posts(given | {"forward_origin": origin}, in_)

    def edits(self, post: Post, text: str) -> None:
        """Change one's own message."""
        if post.content.get("from", {}).get("id") != self.id:
            raise ValueError("people edit their own messages only")
        kept = {name: value for name, value in post.content.items() if name not in {"text", "entities"}}
        post.replace(kept | with_entities({"text": text}) | {"edit_date": self._world.now()})
        self._world.stir()
        chat = self._world.chats[post.content["chat"]["id"]]
        if reaches_the_bot(self._world, chat, post):
            self._world.tell("edited_message", post)

    def presses(self, post: Post, button: str) -> Press:
        """Press the button with that text or callback data; raises `ValueError` when the message has none such."""
        found = [one for one in post.buttons if button in {one["text"], one.get("callback_data")}]
        if not found or "callback_data" not in found[0]:
            raise ValueError(f"no callback button {button!r} in {post.buttons!r}")
        return self.sends_callback(post, found[0]["callback_data"])

    def sends_callback(self, post: Post, data: str) -> Press:
        """Send callback data, even what no button has, as a changed client may."""
        queries = self._state.queries
        press = Press(queries.next_id(), self.account, queries.expiry(CALLBACK_LIVES), post=post, data=data)
        queries.ask(press)
        instance = str(post.content["chat"]["id"] ^ self.id)
        query = {
            "id": press.id,
            "from": self.account.to_json(),
            "message": post.content,
            "chat_instance": instance,
            "data": data,
        }
        self._state.updates.push("callback_query", query, f"callback:{self.id}")
        return press

    def blocks_bot(self) -> None:
        """Stop the bot: it can write no more."""
        self._set_blocked(blocked=True)

    def unblocks_bot(self) -> None:
        """Let the bot write again."""
        self._set_blocked(blocked=False)

    def deletes_account(self) -> None:
        """Leave Telegram."""
        self.account.is_deactivated = True

    def opens(self, link: str) -> Checkout:
        """Open an invoice link and confirm: the bot is asked before the payment."""
        invoice = self._state.payments.invoices[link]
        queries = self._state.queries
        checkout = Checkout(queries.next_id(), self.account, queries.expiry(CHECKOUT_LIVES), invoice=invoice)
        queries.ask(checkout)
        query = {
            "id": checkout.id,
            "from": self.account.to_json(),
            "currency": invoice.currency,
            "total_amount": invoice.amount,
            "invoice_payload": invoice.payload,
        }
        self._state.updates.push("pre_checkout_query", query, f"checkout:{self.id}")
        return checkout

    def pays(self, checkout: Checkout) -> Charge:
        """Pay after the bot's yes; raises `ValueError` without one."""
        if checkout.invoice is None or not checkout.is_approved:
            raise ValueError("the bot did not approve this checkout")
        return self._charged(self._state.payments.charge(self.account, checkout.invoice, self._world.now()))

    def renews(self, charge: Charge) -> Charge:
        """The next period of a subscription; raises `ValueError` when the bot ended it or there is none."""
        first = charge.first or charge
        if not charge.invoice.period or first.is_cancelled:
            raise ValueError("this payment is not renewed")
        return self._charged(self._state.payments.charge(self.account, charge.invoice, self._world.now(), first))

    def _charged(self, charge: Charge) -> Charge:
        post = self._world.post(self.chat, self.account, {"successful_payment": successful_payment(charge)})
        self._world.tell("message", post)
        return charge

    def posts(self, content: Json, in_: Group | None = None) -> Post:
        """Send anything: `content` has the fields of a `Message` other than the chat's, like `photo` and `caption`."""
        chat = self.chat if in_ is None else in_.chat
        if chat.is_private:
            self.account.has_started = True
            if self.account.has_blocked:
                self.unblocks_bot()
        elif not chat.membership(self.account).is_in:
            raise ValueError(f"{self.account.first_name} is not in {chat.title}")
        post = self._world.post(chat, self.account, content)
        if reaches_the_bot(self._world, chat, post):
            self._world.tell("message", post)
        return post

    def _set_blocked(self, *, blocked: bool) -> None:
        if self.account.has_blocked == blocked:
            return
        self.account.has_blocked = blocked
        bot = self._world.bot
        member, out = Membership(bot, "member"), Membership(bot, "kicked")
        old, new = (member, out) if blocked else (out, member)
        self._world.announce(self.chat, self.account, old, new)


# What a forwarded message does not take along.
_OWN = {"message_id", "date", "chat", "from", "reply_to_message", "reply_markup", "edit_date", "sender_chat"}
