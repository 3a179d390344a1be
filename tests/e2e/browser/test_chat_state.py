"""The conversation's state: a pure function, tried with events in every order that the socket may bring."""

import json
from typing import Any

import pytest

from tests.e2e.browser.conftest import Visitor
from tests.e2e.browser.modules import run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SETUP = """
const { initialState, reduce, entries, runningReply } = await load('chat-state.js');
const own = { id: 'a', seq: 1, role: 'user', author_id: 'me', content: 'Hi', status: 'complete',
              generation: 0, version: 1 };
const reply = { id: 'b', seq: 2, role: 'assistant', content: '', status: 'streaming', is_streaming: true,
                generation: 1, version: 2 };
const delta = (position, text, generation = 1) =>
  ({ type: 'message_delta', message_id: 'b', generation, position, text });
const snapshot = (text, generation = 1) => ({ type: 'message_snapshot', message_id: 'b', generation, text });
const after = (state, ...events) => events.reduce((now, event) => reduce(now, { type: 'event', event }), state);
const start = reduce(initialState('me'), { type: 'loaded', messages: [own, reply], has_more: false });
const text = (state) => entries(state).at(-1).text;
"""


async def tried(guest: Visitor, script: str) -> Any:
    """What the script returns on a page of the house."""
    await guest.open("/sign-in")
    return await run(guest.page, SETUP + script)


async def test_state_deltas_in_order_make_the_text(guest: Visitor) -> None:
    assert await tried(guest, "return text(after(start, delta(0, 'One '), delta(4, 'two')));") == "One two"


async def test_state_positions_count_code_points(guest: Visitor) -> None:
    script = "return text(after(start, delta(0, '🙂👩‍🚀'), delta(4, ' é'), delta(6, '🜁'), delta(7, '!')));"

    assert await tried(guest, script) == "🙂👩‍🚀 é🜁!"


async def test_state_overlap_after_snapshot_not_repeated(guest: Visitor) -> None:
    script = "return text(after(start, snapshot('🙂 half'), delta(2, 'half of'), delta(0, '🙂'), delta(9, ' it')));"

    assert await tried(guest, script) == "🙂 half of it"


async def test_state_who_is_there_and_who_writes_changes_nothing(guest: Visitor) -> None:
    script = """
    const passing = [{ type: 'presence', user_ids: ['me', 'you'] }, { type: 'user_joined', user_id: 'you' },
                     { type: 'typing_indicator', user_id: 'you', is_typing: true },
                     { type: 'user_left', user_id: 'you' }, { type: 'nothing we know of' }];
    return passing.map((event) => after(start, event) === start);
    """

    assert await tried(guest, script) == [True] * 5


async def test_state_gap_asks_for_snapshot_and_heals(guest: Visitor) -> None:
    script = """
    const broken = after(start, delta(0, 'One'), delta(7, 'three'));
    const healed = after(broken, snapshot('One two three'));
    return [broken.gap, text(broken), healed.gap, text(healed)];
    """

    assert await tried(guest, script) == ["b", "One", None, "One two three"]


async def test_state_earlier_generation_ignored(guest: Visitor) -> None:
    script = """
    const again = { ...reply, generation: 2, version: 5 };
    const state = after(start, delta(0, 'Old'), { type: 'message_updated', message: again },
                        delta(3, ' words'), snapshot('Old words'), delta(0, 'New', 2));
    return text(state);
    """

    assert await tried(guest, script) == "New"


async def test_state_completed_reply_keeps_its_text(guest: Visitor) -> None:
    script = """
    const ended = { ...reply, status: 'complete', is_streaming: false, content: 'All of it', version: 3 };
    const state = after(start, delta(0, 'All'), { type: 'message_completed', message: ended },
                        delta(3, ' of it'), snapshot('All of'));
    return [text(state), Object.keys(state.streams).length, runningReply(state)];
    """

    assert await tried(guest, script) == ["All of it", 0, None]


async def test_state_older_version_changes_nothing(guest: Visitor) -> None:
    script = """
    const ended = { ...reply, status: 'complete', content: 'Done', version: 3 };
    const state = after(start, { type: 'message_completed', message: ended },
                        { type: 'message_updated', message: reply });
    return [text(state), state.messages.length];
    """

    assert await tried(guest, script) == ["Done", 2]


async def test_state_messages_stand_in_order_of_seq(guest: Visitor) -> None:
    script = """
    const at = (seq) => ({ ...own, id: `m${seq}`, seq, author_id: 'other' });
    const state = after(initialState('me'), ...[5, 3, 4].map((seq) => ({ type: 'new_message', message: at(seq) })));
    const all = reduce(state, { type: 'older', messages: [at(1), at(2), at(3)], has_more: true });
    return [all.messages.map((message) => message.seq), all.hasMore];
    """

    assert await tried(guest, script) == [[1, 2, 3, 4, 5], True]


async def test_state_own_message_shown_once_whatever_arrives_first(guest: Visitor) -> None:
    script = """
    const pending = { key: 'k', content: 'Hi', state: 'waiting' };
    const empty = initialState('me');
    const queued = reduce(empty, { type: 'queued', pending });
    const sending = reduce(queued, { type: 'attempted', key: 'k', outcome: 'sending' });
    const told = after(sending, { type: 'new_message', message: own });
    const both = reduce(told, { type: 'acknowledged', key: 'k', message: own });
    const answered = reduce(sending, { type: 'acknowledged', key: 'k', message: own });
    const lost = reduce(sending, { type: 'attempted', key: 'k', outcome: 'waiting', problem: { status: 0 } });
    const untried = after(queued, { type: 'new_message', message: own });
    return [told, both, answered, after(lost, { type: 'new_message', message: own }), untried]
      .map((state) => entries(state).length);
    """

    assert await tried(guest, script) == [1, 1, 1, 1, 2]


async def test_state_refused_message_stays_with_its_reason(guest: Visitor) -> None:
    script = """
    const pending = { key: 'k', content: 'Hi', state: 'waiting' };
    const queued = reduce(initialState('me'), { type: 'queued', pending });
    const refused = reduce(queued, { type: 'attempted', key: 'k', outcome: 'refused', problem: { message: 'closed' } });
    const discarded = reduce(refused, { type: 'discarded', key: 'k' });
    return [entries(refused)[0].pending.problem.message, entries(discarded).length];
    """

    assert await tried(guest, script) == ["closed", 0]


async def test_text_code_points_taken_and_dropped_whole(guest: Visitor) -> None:
    script = """
    const { codePointLength, dropCodePoints, takeCodePoints } = await load('text.js');
    const some = 'a🙂b👩‍🚀';
    return [codePointLength(some), dropCodePoints(some, 2), takeCodePoints(some, 2), dropCodePoints(some, 99)];
    """

    assert await tried(guest, script) == [6, "b👩‍🚀", "a🙂", ""]


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("  How large?\nAnd why?", "How large?"),
        ("one two three", "one two three"),
        ("one two three four", "one two…"),
        ("one two thre four", "one two thre…"),
        ("🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂", "🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂…"),
    ],
)
async def test_title_from_question_cut_at_a_word(guest: Visitor, question: str, title: str) -> None:
    script = f"const {{ titleFrom }} = await load('text.js');\nreturn titleFrom({json.dumps(question)}, 13);"

    assert await tried(guest, script) == title
