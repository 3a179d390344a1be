"""Which messages of a group a bot gets: https://core.telegram.org/bots/features#privacy-mode."""

from adapters.testing.telegram.chats import Chat, Post
from adapters.testing.telegram.entities import utf16_slice
from adapters.testing.telegram.world import World

SERVICE = {"new_chat_members", "left_chat_member"}


def reaches_the_bot(world: World, chat: Chat, post: Post) -> bool:
    """All in private and for administrators; else who comes and goes, commands, mentions, replies."""
    status = chat.membership(world.bot).status
    if chat.is_private or status == "administrator":
        return True
    if status in {"left", "kicked"}:
        return False
    if world.reads_all_messages or not SERVICE.isdisjoint(post.content):
        return True
    replied = post.content.get("reply_to_message", {}).get("from", {})
    return bool(replied.get("id") == world.bot.id or _addresses(world, post))


def _addresses(world: World, post: Post) -> bool:
    name = f"@{world.bot.username}".lower()
    for entity in post.content.get("entities") or post.content.get("caption_entities") or []:
        part = utf16_slice(post.text, entity["offset"], entity["length"]).lower()
        if entity["type"] == "mention" and part == name:
            return True
        if entity["type"] == "bot_command" and ("@" not in part or part.endswith(name)):
            return True
    return False
