"""A session's messages as a client folds them."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from adapters.client import Event, Transcript

CHANNEL = "session:s"


def message(version: int = 1, **fields: Any) -> dict[str, Any]:
    told = {"id": "m", "seq": 2, "content": "", "generation": 1, "status": "streaming", "version": version}
    return told | fields


def told(kind: str, **fields: Any) -> Event:
    return Event(kind, CHANNEL, None, {"type": kind, "channel": CHANNEL, **fields})


def delta(position: int, text: str, generation: int = 1) -> Event:
    return told("message_delta", message_id="m", generation=generation, position=position, text=text)


def snapshot(text: str, generation: int = 1) -> Event:
    return told("message_snapshot", message_id="m", generation=generation, text=text)


def test_transcript_reply_in_pieces_is_their_text() -> None:
    transcript = Transcript([message()])

    assert transcript.apply(snapshot("At most "))
    assert transcript.apply(delta(8, "1 % "))
    assert transcript.apply(delta(12, "of it 💰."))
    assert transcript.apply(delta(20, "!"))

    assert transcript.text("m") == "At most 1 % of it 💰.!"


def test_transcript_piece_that_overlaps_is_added_once() -> None:
    transcript = Transcript([message()])
    transcript.apply(delta(0, "At most "))

    assert transcript.apply(delta(3, "most 1 %"))
    assert transcript.apply(delta(0, "At"))

    assert transcript.text("m") == "At most 1 %"


def test_transcript_missing_piece_is_said_and_a_snapshot_fills_it() -> None:
    transcript = Transcript([message()])
    transcript.apply(delta(0, "At "))

    assert not transcript.apply(delta(8, "1 %"))
    assert transcript.text("m") == "At "
    assert transcript.apply(snapshot("At most 1 %"))
    assert transcript.text("m") == "At most 1 %"


def test_transcript_piece_before_its_message_is_kept_by_id() -> None:
    transcript = Transcript()

    assert transcript.apply(delta(0, "At"))
    transcript.apply(told("new_message", message=message()))

    assert transcript.text("m") == "At"


def test_transcript_completed_message_counts_and_late_pieces_do_not() -> None:
    transcript = Transcript([message()])
    transcript.apply(delta(0, "At mo"))

    transcript.apply(told("message_completed", message=message(2, status="complete", content="At most 1 %.")))
    transcript.apply(delta(5, "re"))
    transcript.apply(snapshot("nonsense"))

    assert transcript.text("m") == "At most 1 %."


def test_transcript_reply_begun_again_forgets_the_generation_before() -> None:
    transcript = Transcript([message(2, status="complete", content="First.")])

    transcript.apply(told("message_updated", message=message(3, generation=2)))
    transcript.apply(delta(0, "Second", generation=2))
    transcript.apply(delta(6, " late", generation=1))

    assert transcript.text("m") == "Second"


def test_transcript_older_version_of_a_message_changes_nothing() -> None:
    transcript = Transcript([message(3, status="complete", content="New.")])

    transcript.apply(told("message_updated", message=message(2, content="Old.")))

    assert [each["content"] for each in transcript.messages] == ["New."]


def test_transcript_messages_come_in_the_order_of_the_session() -> None:
    transcript = Transcript([message(seq=5), message(id="first", seq=1)])
    transcript.apply(told("new_message", message=message(id="between", seq=3)))

    assert [each["seq"] for each in transcript.messages] == [1, 3, 5]


def test_transcript_loaded_anew_waits_for_the_next_snapshot() -> None:
    transcript = Transcript([message()])
    transcript.apply(delta(0, "At most"))
    transcript.load([message(2)])

    assert not transcript.apply(delta(7, " 1 %"))
    assert transcript.apply(snapshot("At most 1 %"))


def test_transcript_other_frames_are_passed_over() -> None:
    transcript = Transcript([message()])

    assert transcript.apply(told("typing_indicator", user_id="u", is_typing=True))
    assert len(transcript.messages) == 1


@given(
    st.text(max_size=60),
    st.lists(st.tuples(st.booleans(), st.integers(0, 60), st.integers(0, 60)), max_size=40),
)
def test_transcript_of_any_pieces_and_snapshots_is_a_beginning_of_the_text(
    whole: str, steps: list[tuple[bool, int, int]]
) -> None:
    transcript = Transcript([message()])
    for is_snapshot, first, second in steps:
        start, end = sorted((min(first, len(whole)), min(second, len(whole))))
        if is_snapshot:
            transcript.apply(snapshot(whole[:end]))
        else:
            transcript.apply(delta(start, whole[start:end]))
        assert whole.startswith(transcript.text("m"))

    transcript.apply(snapshot(whole))
    assert transcript.text("m") == whole
