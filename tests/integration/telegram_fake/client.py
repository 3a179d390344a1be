"""python-telegram-bot's client, made for a fake."""

import telegram
from telegram.request import HTTPXRequest

from adapters.testing.telegram import FakeTelegram


def client_of(fake: FakeTelegram) -> telegram.Bot:
    """A client with the bot's token. It loads no certificates: the fake speaks plain HTTP."""
    polling, other = (HTTPXRequest(httpx_kwargs={"verify": False, "trust_env": False}) for _ in range(2))
    return telegram.Bot(
        fake.token,
        base_url=fake.base_url,
        base_file_url=fake.base_file_url,
        request=other,
        get_updates_request=polling,
    )
