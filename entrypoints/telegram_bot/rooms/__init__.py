"""The bot's commands and buttons, a module a room."""
