"""The bot's webhook against those of python-telegram-bot and aiogram: servers, the load, and the updates."""
