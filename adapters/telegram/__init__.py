"""Telegram: what its servers sign, checked with the bot's token."""
