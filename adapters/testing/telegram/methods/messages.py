"""Sending, editing and deleting messages."""

from datetime import timedelta

from adapters.testing.telegram.access import chat_to_write, message_of
from adapters.testing.telegram.arguments import Arguments
from adapters.testing.telegram.chats import Chat, Draft, Post
from adapters.testing.telegram.errors import Json, bad_request
from adapters.testing.telegram.files import StoredFile
from adapters.testing.telegram.keyboards import is_inline
from adapters.testing.telegram.methods import contents
from adapters.testing.telegram.state import BotState
from adapters.testing.telegram.world import with_entities

DELETABLE = timedelta(hours=48)
ACTIONS = {
    "typing",
    "upload_photo",
    "record_video",
    "upload_video",
    "record_voice",
    "record_audio",
    "upload_voice",
    "upload_audio",
    "upload_document",
    "choose_sticker",
    "find_location",
    "pick_up_location",
    "record_video_note",
    "upload_video_note",
    "cancel",
}
_NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current content "
    "and reply markup of the message"
)


def send_message(state: BotState, arguments: Arguments) -> Json:
    """sendMessage."""
    text = contents.read_text(arguments)
    contents.check_preview(arguments)
    return _send(state, arguments, text)


def send_photo(state: BotState, arguments: Arguments) -> Json:
    """sendPhoto. The size in pixels is made up: a fake does not look into images."""
    caption = contents.read_caption(arguments)
    file = state.files.sent(arguments, "photo")
    return _send(state, arguments, {"photo": [_file(file) | {"width": 640, "height": 480}]} | caption)


def send_video(state: BotState, arguments: Arguments) -> Json:
    """sendVideo. What the request does not say of width, height and duration is 0."""
    caption = contents.read_caption(arguments)
    size = {name: arguments.integer(name, 0, 0) for name in ("width", "height", "duration")}
    return _send(state, arguments, {"video": _file(state.files.sent(arguments, "video")) | size} | caption)


def send_message_draft(state: BotState, arguments: Arguments) -> bool:
    """sendMessageDraft: private chats only, with an identifier that is not zero. An empty text shows that it thinks."""
    text, entities = contents.read_draft(arguments)
    chat = chat_to_write(state.world, arguments)
    draft_id = arguments.integer("draft_id")
    if not draft_id:
        raise bad_request("RANDOM_ID_INVALID")
    if not chat.is_private:
        raise bad_request("TEXTDRAFT_PEER_INVALID")
    chat.drafts.append(Draft(draft_id, text, tuple(entities), state.clock.now(), chat.said_by_bot))
    state.world.stir()
    return True


def send_chat_action(state: BotState, arguments: Arguments) -> bool:
    """sendChatAction."""
    action = arguments.text("action").lower()
    if action not in ACTIONS:
        raise bad_request("Wrong parameter action in request")
    chat_to_write(state.world, arguments).actions.append(action)
    state.world.stir()
    return True


def edit_message_text(state: BotState, arguments: Arguments) -> Json:
    """editMessageText. Without `reply_markup`, the buttons go."""
    text = contents.read_text(arguments, too_long="MESSAGE_TOO_LONG")
    contents.check_preview(arguments)
    return _edit(state, arguments, text, ("text", "entities"), "there is no text in the message to edit")


def edit_message_caption(state: BotState, arguments: Arguments) -> Json:
    """editMessageCaption."""
    caption = contents.read_caption(arguments)
    message = "there is no caption in the message to edit"
    return _edit(state, arguments, caption, ("caption", "caption_entities"), message)


def edit_message_reply_markup(state: BotState, arguments: Arguments) -> Json:
    """editMessageReplyMarkup."""
    return _edit(state, arguments, {}, (), "")


def delete_message(state: BotState, arguments: Arguments) -> bool:
    """deleteMessage: in private for 48 hours; others' messages in groups need the right."""
    for name, called in (("chat_id", "Chat"), ("message_id", "Message")):
        if not arguments.text(name):
            raise bad_request(f"{called} identifier is not specified")
    chat, post = message_of(state.world, arguments, "message to delete")
    is_own = _author(post) == state.bot.id
    is_old = state.world.now() - post.content["date"] > DELETABLE.total_seconds()
    is_admin = chat.membership(state.bot).status in {"administrator", "creator"}
    if not is_admin and (is_old or not (is_own or chat.is_private)):
        raise bad_request("message can't be deleted for everyone" if is_old else "message can't be deleted")
    post.is_deleted = True
    state.world.stir()
    return True


def _send(state: BotState, arguments: Arguments, content: Json) -> Json:
    markup = contents.read_markup(arguments)
    chat = chat_to_write(state.world, arguments)
    replied = contents.replied_to(state, arguments, chat)
    content |= chat.in_topic(contents.read_topic(state, arguments, chat, replied))
    if replied is not None:
        content |= {"reply_to_message": replied.quoted()}
    if markup is not None and is_inline(markup):
        content |= {"reply_markup": markup}
    if arguments.boolean("protect_content"):
        content |= {"has_protected_content": True}
    return contents.shown(_post(state, chat, content, markup))


def _post(state: BotState, chat: Chat, content: Json, markup: Json | None) -> Post:
    post = state.world.post(chat, state.bot, content)
    chat.said_by_bot += 1
    if markup is not None and not is_inline(markup):
        chat.reply_keyboard = markup
    return post


def _edit(state: BotState, arguments: Arguments, new: Json, names: tuple[str, ...], without: str) -> Json:
    markup = contents.read_markup(arguments)
    if not arguments.text("chat_id") and not arguments.text("message_id"):
        raise bad_request("Message identifier is not specified")
    chat, post = message_of(state.world, arguments, "message to edit")
    if _author(post) != (chat.id if chat.kind == "channel" else state.bot.id):
        raise bad_request("message can't be edited")
    if names == ("text", "entities") and "text" not in post.content:
        raise bad_request(without)
    if names == ("caption", "caption_entities") and "text" in post.content:
        raise bad_request(without)
    if markup is not None and not is_inline(markup):
        raise bad_request("Inline keyboard expected")
    kept = {name: value for name, value in post.content.items() if name not in {*names, "reply_markup", "edit_date"}}
    content = kept | with_entities(new) | ({"reply_markup": markup} if markup else {})
    if content == {name: value for name, value in post.content.items() if name != "edit_date"}:
        raise bad_request(_NOT_MODIFIED)
    post.replace(content | {"edit_date": state.world.now()})
    state.world.stir()
    return contents.shown(post)


def _author(post: Post) -> int:
    author = post.content.get("from") or post.content["sender_chat"]
    return int(author["id"])


def _file(file: StoredFile) -> Json:
    return {"file_id": file.id, "file_unique_id": file.unique_id, "file_size": len(file.content)}
