"""The terminal in place of Telegram."""
