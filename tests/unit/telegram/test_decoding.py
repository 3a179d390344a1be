"""Updates of every kind are taken in, and the few that matter are understood."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import Update

from adapters.telegram.decoding import MsgspecUpdateDecoder
from adapters.telegram.kinds import KINDS, USED
from domain.errors import Malformed
from domain.telegram import BlockChanged, ButtonPress, Chat, ChatKind, Ignored, IncomingMessage
from tests.support.telegram_updates import ADA, BODIES, CHANNEL, GROUP, PRIVATE, message, update

_decoder = MsgspecUpdateDecoder()
_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def _raw(shape: Any) -> bytes:
    return json.dumps(shape).encode()


def _said(**fields: Any) -> IncomingMessage:
    incoming = _decoder.incoming(_raw(update("message", message(**fields))))
    assert isinstance(incoming, IncomingMessage)
    return incoming


def test_kinds_of_the_bot_api_are_all_known_and_sampled() -> None:
    assert set(KINDS) == {str(kind.value) for kind in Update.ALL_TYPES}
    assert set(BODIES) == set(KINDS)
    assert set(USED) <= set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_samples_of_each_kind_are_shapes_that_the_client_library_reads(kind: str) -> None:
    read = Update.de_json(update(kind, BODIES[kind]), None)

    assert read is not None
    assert getattr(read, kind) is not None


@pytest.mark.parametrize(
    ("kind", "lane"),
    [
        ("message", "chat:501"),
        ("edited_message", "chat:501"),
        ("channel_post", f"chat:{CHANNEL['id']}"),
        ("message_reaction", f"chat:{GROUP['id']}"),
        ("chat_boost", f"chat:{GROUP['id']}"),
        ("deleted_business_messages", "chat:501"),
        ("inline_query", "user:501"),
        ("poll_answer", "user:501"),
        ("business_connection", "user:501"),
        ("poll", "update:1"),
        ("callback_query", "urgent:501"),
        ("pre_checkout_query", "urgent:501"),
    ],
)
def test_envelope_of_a_kind_names_the_chat_or_else_the_sender(kind: str, lane: str) -> None:
    envelope = _decoder.envelope(_raw(update(kind, BODIES[kind])))

    assert (envelope.update_id, envelope.kind, envelope.lane) == (1, kind, lane)
    assert envelope.is_urgent == (envelope.lifetime is not None) == lane.startswith("urgent:")


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[]", b"null", b'"x"', b"{}", b'{"update_id": "7"}', b'{"update_id": 1.5}', b'{"update_id": -1}',
     b'{"update_id": true}', b'{"update_id": 9223372036854775808}', b"\xff\xfe", b"[" * 100_000, b'{"a":' * 100_000],
)  # fmt: skip
def test_envelope_of_what_is_no_update_has_no_update_id(raw: bytes) -> None:
    assert _decoder.envelope(raw).update_id is None
    with pytest.raises(Malformed):
        _decoder.incoming(raw)


@pytest.mark.parametrize(
    ("odd", "read"),
    [(b"\\ud83d", "\ufffd"), (b"\\ude00\\ud83d", "\ufffd\ufffd"), (b"\xff", "\ufffd"), (b"\n", "\n")],
    ids=["half-a-pair", "a-pair-the-wrong-way-round", "no-utf-8", "control-character"],
)
def test_update_with_an_odd_text_is_read_with_all_the_rest(odd: bytes, read: str) -> None:
    entities = [{"type": "mention", "offset": 6 + len(read), "length": 6}]
    raw = _raw(update("message", message(text="Tell \ue000 @guild", chat=GROUP, entities=entities), update_id=12))
    raw = raw.replace(b"\\ue000", odd)

    envelope = _decoder.envelope(raw)
    incoming = _decoder.incoming(raw)

    assert (envelope.update_id, envelope.kind, envelope.lane) == (12, "message", f"chat:{GROUP['id']}")
    assert isinstance(incoming, IncomingMessage)
    assert incoming.text == f"Tell {read} @guild"
    assert incoming.mentions == {"guild"}


def test_envelope_of_an_unknown_kind_is_kept_in_a_lane() -> None:
    raw = _raw({"update_id": 4, "hologram": {"chat": {"id": 9}, "beam": [1, 2]}})

    assert _decoder.envelope(raw).lane == "chat:9"
    assert _decoder.incoming(raw) == Ignored(update_id=4, kind="hologram")


def test_envelope_of_a_future_update_with_more_than_one_thing_reads_what_is_known() -> None:
    raw = _raw({"update_id": 4, "mood": {"aura": 1}, "message": message(hologram={"x": 1})})

    assert _decoder.envelope(raw).kind == "message"
    assert isinstance(_decoder.incoming(raw), IncomingMessage)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_intake_of_any_kind_broken_anywhere_never_crashes(kind: str, data: st.DataObject) -> None:
    body = dict(BODIES[kind])
    for field in data.draw(st.lists(st.sampled_from(sorted(body)), max_size=3)):
        body[field] = data.draw(_json)
    raw = _raw(update(kind, body, update_id=12))

    envelope = _decoder.envelope(raw)

    assert (envelope.update_id, envelope.kind) == (12, kind)
    assert envelope.lane
    try:
        incoming = _decoder.incoming(raw)
    except Malformed:
        return
    assert incoming.update_id == 12


@given(raw=st.binary(max_size=200))
def test_intake_of_any_bytes_never_crashes(raw: bytes) -> None:
    assert _decoder.envelope(raw).lane


def test_message_in_a_private_chat_is_understood_with_its_sender() -> None:
    said = _said(text="/ask@guild_bot  why?")

    assert said.chat == Chat(501, ChatKind.PRIVATE)
    assert said.sender is not None
    assert (said.sender.telegram_id, said.sender.username, said.sender.language) == (501, "ada", "en")
    assert said.command is not None
    assert (said.command.name, said.command.bot, said.command.argument) == ("ask", "guild_bot", "why?")


def test_message_with_mentions_counts_them_in_utf_16() -> None:
    text = "🦉 ask @Guild_Bot please"
    entities = [{"type": "mention", "offset": 7, "length": 10}, {"type": "bold", "offset": 0, "length": 2}]

    assert _said(text=text, chat=GROUP, entities=entities).mentions == {"guild_bot"}


def test_message_with_a_caption_reads_it_as_its_text() -> None:
    photo = {**message(), "caption": "What is this?"}
    del photo["text"]
    incoming = _decoder.incoming(_raw(update("message", photo)))

    assert isinstance(incoming, IncomingMessage)
    assert incoming.text == "What is this?"


@pytest.mark.parametrize("content", ["photo", "voice", "sticker", "poll"])
def test_message_without_words_is_one_all_the_same(content: str) -> None:
    sent = {**message(), content: {"file_id": "x"}}
    del sent["text"]
    incoming = _decoder.incoming(_raw(update("message", sent)))

    assert isinstance(incoming, IncomingMessage)
    assert incoming.text == ""


@pytest.mark.parametrize(
    "event",
    [
        {"pinned_message": message()},
        {"message_auto_delete_timer_changed": {"message_auto_delete_time": 60}},
        {"new_chat_members": [ADA]},
        {"migrate_to_chat_id": -1005},
        {"an_event_of_days_to_come": {}},
        {},
    ],
)
def test_message_that_tells_of_an_event_is_ignored(event: dict[str, object]) -> None:
    told = {**message(), **event}
    del told["text"]

    assert _decoder.incoming(_raw(update("message", told))) == Ignored(update_id=1, kind="message")


@pytest.mark.parametrize(
    ("text", "name", "argument"),
    [
        ("/stop.", "stop", ""),
        ("/unlink?", "unlink", ""),
        ("/stop!!!\n", "stop", ""),
        ("/link: ABCD1234", "link", "ABCD1234"),
        ("/link:ABCD1234", "link", "ABCD1234"),
        ("/ask@Guild_Bot, why?", "ask", "why?"),
        ("/ask", "ask", ""),
    ],
)
def test_command_is_one_whatever_ends_its_name(text: str, name: str, argument: str) -> None:
    call = _said(text=text).command

    assert call is not None
    assert (call.name, call.argument) == (name, argument)


@pytest.mark.parametrize("text", ["/home/ada/notes.txt is gone", "/stop.now", "/half-done", "/", "5/7", "/@bot"])
def test_words_that_begin_like_a_command_are_none(text: str) -> None:
    assert _said(text=text).command is None


def test_message_in_a_topic_keeps_its_thread_and_a_plain_reply_does_not() -> None:
    assert _said(chat=GROUP, message_thread_id=3, is_topic_message=True).chat.thread_id == 3
    assert _said(chat=GROUP, message_thread_id=3).chat.thread_id is None


def test_message_that_answers_ours_or_is_forwarded_says_so() -> None:
    answered = {**message(), "from": {"id": 99, "is_bot": True, "first_name": "Guild"}}
    origin = {"type": "user", "date": 1, "sender_user": ADA}

    assert _said(reply_to_message=answered).replies_to == 99
    forwarded = _said(text="/start", forward_origin=origin)
    assert forwarded.is_forwarded
    assert forwarded.command is None


def test_message_in_the_name_of_a_chat_has_no_sender() -> None:
    assert _said(chat=GROUP, sender_chat=GROUP).sender is None


def test_button_press_names_its_message_and_bears_an_absent_one() -> None:
    press = _decoder.incoming(_raw(update("callback_query", BODIES["callback_query"])))
    assert isinstance(press, ButtonPress)
    assert (press.query_id, press.message_id, press.data) == ("51", 9, "1:guides")

    inline = {key: value for key, value in BODIES["callback_query"].items() if key != "message"}
    press = _decoder.incoming(_raw(update("callback_query", inline)))
    assert isinstance(press, ButtonPress)
    assert (press.chat, press.message_id) == (None, None)


def test_membership_of_a_private_chat_tells_blocking_and_of_a_group_nothing() -> None:
    blocked = _decoder.incoming(_raw(update("my_chat_member", BODIES["my_chat_member"])))
    assert isinstance(blocked, BlockChanged)
    assert blocked.is_blocked

    member = {**BODIES["my_chat_member"], "new_chat_member": {"user": ADA, "status": "member"}}
    back = _decoder.incoming(_raw(update("my_chat_member", member)))
    assert isinstance(back, BlockChanged)
    assert not back.is_blocked

    in_group = {**BODIES["my_chat_member"], "chat": GROUP}
    assert isinstance(_decoder.incoming(_raw(update("my_chat_member", in_group))), Ignored)


def test_edits_and_channel_posts_are_ignored() -> None:
    for kind in ("edited_message", "channel_post", "edited_channel_post", "business_message"):
        assert _decoder.incoming(_raw(update(kind, BODIES[kind]))) == Ignored(update_id=1, kind=kind)


def test_message_from_a_bot_says_so() -> None:
    assert _said(**{"from": {**ADA, "is_bot": True}}, chat=PRIVATE).is_from_bot
