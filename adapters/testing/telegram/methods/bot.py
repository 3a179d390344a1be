"""The bot itself: who it is, its commands, its menu button, its end."""

import re
from typing import Any

from adapters.testing.telegram.access import chat_to_read
from adapters.testing.telegram.arguments import Arguments
from adapters.testing.telegram.chats import Chat
from adapters.testing.telegram.errors import Json, bad_request
from adapters.testing.telegram.links import problem_of
from adapters.testing.telegram.state import BotState

MAX_COMMANDS = 100
_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_LANGUAGE = re.compile(r"(?:[a-z]{2})?")
_ABILITIES = {
    "can_join_groups": True,
    "supports_inline_queries": False,
    "can_connect_to_business": False,
    "has_main_web_app": False,
    "has_topics_enabled": False,
    "allows_users_to_create_topics": False,
    "can_manage_bots": False,
}
_WIDE_SCOPES = {"default", "all_private_chats", "all_group_chats", "all_chat_administrators"}
_CHAT_SCOPES = {"chat", "chat_administrators", "chat_member"}


def get_me(state: BotState, _: Arguments) -> Json:
    """getMe."""
    reads_all = state.world.reads_all_messages
    return state.bot.to_json() | _ABILITIES | {"can_read_all_group_messages": reads_all}


def set_my_commands(state: BotState, arguments: Arguments) -> bool:
    """setMyCommands: at most 100, each with a name and a description; none at all forgets them."""
    given = arguments.json("commands", "commands")
    if given is not None and not isinstance(given, list):
        raise bad_request("Expected an Array of BotCommand")
    commands = [_command(one) for one in given or []]
    key = _scope(state, arguments)
    if len(commands) > MAX_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    if commands:
        state.commands[key] = commands
    else:
        state.commands.pop(key, None)
    return True


def get_my_commands(state: BotState, arguments: Arguments) -> list[Json]:
    """getMyCommands: of exactly this scope and language."""
    return state.commands.get(_scope(state, arguments), [])


def delete_my_commands(state: BotState, arguments: Arguments) -> bool:
    """deleteMyCommands."""
    state.commands.pop(_scope(state, arguments), None)
    return True


def set_chat_menu_button(state: BotState, arguments: Arguments) -> bool:
    """setChatMenuButton: of one private chat, or the default."""
    button = _menu_button(arguments.json("menu_button", "menu button"))
    if chat := _private_chat(state, arguments):
        chat.menu_button = button
    else:
        state.menu_button = button
    return True


def get_chat_menu_button(state: BotState, arguments: Arguments) -> Json:
    """getChatMenuButton."""
    chat = _private_chat(state, arguments)
    return state.menu_button if chat is None or chat.menu_button is None else chat.menu_button


def log_out(state: BotState, _: Arguments) -> bool:
    """logOut: every later call is refused, and what waits is lost."""
    state.is_logged_out = True
    state.updates.drop(state.updates.pending())
    return True


def close(state: BotState, _: Arguments) -> bool:
    """close: the instance ends, as before it is moved; the next call starts it again."""
    if state.is_closed:
        raise bad_request("the bot has already been closed")
    state.is_closed = True
    return True


def get_file(state: BotState, arguments: Arguments) -> Json:
    """getFile."""
    identifier = arguments.text("file_id")
    if not identifier:
        raise bad_request("file_id not specified")
    file = state.files.by_id(identifier)
    if file is None:
        raise bad_request("wrong file_id or the file is temporarily unavailable")
    return file.to_json()


def _command(value: Any) -> Json:
    if not isinstance(value, dict):
        raise bad_request("Can't parse BotCommand: expected an Object")
    for name in ("command", "description"):
        if name not in value:
            raise bad_request(f"Can't parse BotCommand: Can't find field \"{name}\"")
        if not isinstance(value[name], str):
            raise bad_request(f'Can\'t parse BotCommand: Field "{name}" must be of type String')
    command = value["command"].removeprefix("/")
    if not _COMMAND.fullmatch(command):
        raise bad_request("BOT_COMMAND_INVALID")
    if not 1 <= len(value["description"].strip()) <= 256:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return {"command": command, "description": value["description"].strip()}


def _scope(state: BotState, arguments: Arguments) -> tuple[str, str]:
    language = arguments.text("language_code")
    if not _LANGUAGE.fullmatch(language):
        raise bad_request("Invalid language code specified")
    value = arguments.json("scope", "BotCommandScope")
    if value is None:
        return "default", language
    if not isinstance(value, dict):
        raise bad_request("BotCommandScope must be an Object")
    kind = value.get("type")
    if kind in _WIDE_SCOPES:
        return str(kind), language
    if kind not in _CHAT_SCOPES:
        raise bad_request("Can't parse BotCommandScope: Unsupported type specified")
    chat = chat_to_read(state.world, Arguments({"chat_id": str(value.get("chat_id", ""))}))
    return f"{kind}:{chat.id}:{value.get('user_id', '')}", language


def _menu_button(value: Any) -> Json:
    if value is None:
        return {"type": "commands"}
    if not isinstance(value, dict):
        raise bad_request("Can't parse menu button: MenuButton must be an Object")
    kind = value.get("type")
    if kind in {"default", "commands"}:
        return {"type": "commands"}
    if kind != "web_app":
        raise bad_request("Can't parse menu button: MenuButton has unsupported type")
    web_app = value.get("web_app")
    if not value.get("text") or not isinstance(web_app, dict) or not web_app.get("url"):
        raise bad_request("Can't parse menu button: Can't find field \"web_app\"")
    if problem := problem_of(str(web_app["url"]), https_only=True):
        raise bad_request(f"menu button Web App URL '{web_app['url']}' is invalid: {problem}")
    return {"type": "web_app", "text": value["text"], "web_app": {"url": web_app["url"]}}


def _private_chat(state: BotState, arguments: Arguments) -> Chat | None:
    if not arguments.text("chat_id"):
        return None
    chat = chat_to_read(state.world, arguments)
    if not chat.is_private:
        raise bad_request("user not found")
    return chat
