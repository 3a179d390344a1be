"""The kinds of updates that the Bot API knows, and of what people send, as it names them."""

KINDS = (
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "business_connection",
    "business_message",
    "edited_business_message",
    "deleted_business_messages",
    "guest_message",
    "message_reaction",
    "message_reaction_count",
    "inline_query",
    "chosen_inline_result",
    "callback_query",
    "shipping_query",
    "pre_checkout_query",
    "purchased_paid_media",
    "poll",
    "poll_answer",
    "my_chat_member",
    "chat_member",
    "chat_join_request",
    "chat_boost",
    "removed_chat_boost",
    "managed_bot",
)

USED = ("message", "callback_query", "pre_checkout_query", "my_chat_member")
"""What we ask Telegram for: every kind that something is done with."""

CONTENT = frozenset(
    {
        *(
            "animation",
            "audio",
            "checklist",
            "contact",
            "dice",
            "document",
            "game",
            "giveaway",
            "location",
            "paid_media",
        ),
        *("photo", "poll", "sticker", "story", "venue", "video", "video_note", "voice"),
    }
)
"""What somebody sends who sends no text. A message without any of it tells of an event, such as a pinned message."""
