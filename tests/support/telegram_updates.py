"""One update of every kind that the Bot API knows, in the shapes that Telegram documents."""

from typing import Any

ADA = {
    "id": 501,
    "is_bot": False,
    "first_name": "Ada",
    "last_name": "Lovelace",
    "username": "ada",
    "language_code": "en",
}
PRIVATE = {"id": 501, "type": "private", "first_name": "Ada", "username": "ada"}
GROUP = {"id": -1001234567890, "type": "supergroup", "title": "Members"}
CHANNEL = {"id": -1009876543210, "type": "channel", "title": "News"}
SENT_AT = 1_800_000_000

Shape = dict[str, Any]


def message(text: str = "Hello", chat: Shape = PRIVATE, **fields: Any) -> Shape:
    """A text message of Ada's."""
    return {"message_id": 7, "date": SENT_AT, "chat": chat, "from": ADA, "text": text, **fields}


def update(kind: str, body: Any, update_id: int = 1) -> Shape:
    """An update that holds this."""
    return {"update_id": update_id, kind: body}


_MEMBER = {"user": ADA, "status": "member"}
_KICKED = {"user": ADA, "status": "kicked", "until_date": 0}
_POST = {"message_id": 8, "date": SENT_AT, "chat": CHANNEL, "sender_chat": CHANNEL, "text": "News"}
_MEMBERSHIP = {"chat": PRIVATE, "from": ADA, "date": SENT_AT, "old_chat_member": _MEMBER, "new_chat_member": _KICKED}
_BOOST_SOURCE = {"source": "premium", "user": ADA}
_POLL = {
    "id": "31",
    "question": "Tea?",
    "options": [{"persistent_id": "a", "text": "Yes", "voter_count": 1}],
    "total_voter_count": 1,
    "is_closed": False,
    "is_anonymous": True,
    "type": "regular",
    "allows_multiple_answers": False,
    "allows_revoting": False,
    "members_only": False,
}

BODIES: dict[str, Shape] = {
    "message": message(),
    "edited_message": message(edit_date=SENT_AT + 5),
    "channel_post": _POST,
    "edited_channel_post": {**_POST, "edit_date": SENT_AT + 5},
    "business_connection": {
        "id": "bc",
        "user": ADA,
        "user_chat_id": 501,
        "date": SENT_AT,
        "is_enabled": True,
        "rights": {"can_reply": True},
    },
    "business_message": message(business_connection_id="bc"),
    "edited_business_message": message(business_connection_id="bc", edit_date=SENT_AT + 5),
    "deleted_business_messages": {"business_connection_id": "bc", "chat": PRIVATE, "message_ids": [7]},
    "guest_message": message(chat=GROUP),
    "message_reaction": {
        "chat": GROUP,
        "message_id": 7,
        "user": ADA,
        "date": SENT_AT,
        "old_reaction": [],
        "new_reaction": [{"type": "emoji", "emoji": "👍"}],
    },
    "message_reaction_count": {
        "chat": CHANNEL,
        "message_id": 8,
        "date": SENT_AT,
        "reactions": [{"type": {"type": "emoji", "emoji": "👍"}, "total_count": 3}],
    },
    "inline_query": {"id": "41", "from": ADA, "query": "guide", "offset": ""},
    "chosen_inline_result": {"result_id": "1", "from": ADA, "query": "guide"},
    "callback_query": {
        "id": "51",
        "from": ADA,
        "message": {"message_id": 9, "date": SENT_AT, "chat": PRIVATE, "text": "Guides"},
        "chat_instance": "9",
        "data": "1:guides",
    },
    "shipping_query": {
        "id": "61",
        "from": ADA,
        "invoice_payload": "plan",
        "shipping_address": {
            "country_code": "DE",
            "state": "",
            "city": "Berlin",
            "street_line1": "1",
            "street_line2": "",
            "post_code": "10115",
        },
    },
    "pre_checkout_query": {"id": "71", "from": ADA, "currency": "XTR", "total_amount": 100, "invoice_payload": "plan"},
    "purchased_paid_media": {"from": ADA, "paid_media_payload": "media"},
    "poll": _POLL,
    "poll_answer": {"poll_id": "31", "user": ADA, "option_ids": [0], "option_persistent_ids": ["a"]},
    "my_chat_member": _MEMBERSHIP,
    "chat_member": {**_MEMBERSHIP, "chat": GROUP},
    "chat_join_request": {"chat": GROUP, "from": ADA, "user_chat_id": 501, "date": SENT_AT},
    "chat_boost": {
        "chat": GROUP,
        "boost": {"boost_id": "b", "add_date": SENT_AT, "expiration_date": SENT_AT + 9, "source": _BOOST_SOURCE},
    },
    "removed_chat_boost": {"chat": GROUP, "boost_id": "b", "remove_date": SENT_AT, "source": _BOOST_SOURCE},
    "managed_bot": {"user": ADA, "bot": {"id": 777, "is_bot": True, "first_name": "Kid", "username": "kid_bot"}},
}
