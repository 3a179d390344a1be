"""What the bot is called in a chat."""

import re


class BotName:
    """A bot's user name, which is written in any case."""

    def __init__(self, username: str) -> None:
        self._username = username.lower()
        # User names are ASCII: a letter of any other kind is no part of one.
        self._mention = re.compile(rf"(?<!\w)@{re.escape(username)}(?![A-Za-z0-9_])", re.IGNORECASE)

    def is_called(self, name: str) -> bool:
        """Whether this name, without the @, is the bot's."""
        return name.lower() == self._username

    def removed_from(self, text: str) -> str:
        """The text without the first mention of the bot, and without white space around."""
        return self._mention.sub("", text, count=1).strip()
