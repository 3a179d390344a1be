"""The bot: commands, buttons and plain words, whether they come from Telegram, from the terminal or from a test."""
