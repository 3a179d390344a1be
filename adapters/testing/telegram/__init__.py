"""A fake Telegram Bot API server over real HTTP, for tests of bots.

It keeps chats in memory, checks requests as Telegram does, delivers updates by long polling or webhook, and fails on
demand. Nothing in it is python-telegram-bot's: any client can talk to it.
"""

from adapters.testing.telegram import faults
from adapters.testing.telegram.api import Request
from adapters.testing.telegram.arguments import Upload
from adapters.testing.telegram.chats import Chat, Draft, Post
from adapters.testing.telegram.fake import BOT_TOKEN, BOT_USERNAME, FakeTelegram
from adapters.testing.telegram.faults import Answer, Fault, Script
from adapters.testing.telegram.groups import Group
from adapters.testing.telegram.limits import Rates
from adapters.testing.telegram.payments import Charge, Checkout
from adapters.testing.telegram.people import User
from adapters.testing.telegram.queries import Press

__all__ = [
    "BOT_TOKEN",
    "BOT_USERNAME",
    "Answer",
    "Charge",
    "Chat",
    "Checkout",
    "Draft",
    "FakeTelegram",
    "Fault",
    "Group",
    "Post",
    "Press",
    "Rates",
    "Request",
    "Script",
    "Upload",
    "User",
    "faults",
]
