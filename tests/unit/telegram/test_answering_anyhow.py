"""Whatever happens on the way, what is said for good is what is stored."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from application.ports.chat import ModelError, ModelFailure
from application.ports.sending import Ambiguous, HeldBack, Refused, RetryAt
from domain.chat import MessageStatus
from domain.telegram import EditText, Outgoing, RichText, SendText, split
from tests.unit.telegram.answers import ADA, GROUP, SECOND, TENTH, TEXTS, AnswerWorld

WORDS = st.sampled_from(["Stops ", "**limit", "** losses", "\n\n", "- one\n- two\n", "`x`", "😀 ", "word " * 300, "["])
EVENTS = st.one_of(
    st.tuples(st.just("say"), WORDS),
    st.tuples(st.just("pass"), st.sampled_from([TENTH, SECOND, 6 * SECOND])),
    st.tuples(st.sampled_from(["die", "stop", "deaf", "hear", "hang", "release", "refuse", "flood", "lose"])),
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(EVENTS, max_size=25),
    st.sampled_from([ADA, GROUP]),
    st.sampled_from(["complete", "breaks off", "cancelled", "server stops"]),
)
async def test_answer_any_interleaving_says_what_is_stored(
    events: list[tuple[object, ...]], chat: int, ends: str
) -> None:
    world, run = AnswerWorld(), _Run(chat)
    ada, _, reply = await world.begin()
    writing = asyncio.create_task(world.worker.run())
    run.start(world)
    await world.owe(reply, chat)
    await world.settle()
    for event in events:
        await run.happens(world, *event)
    match ends:
        case "complete":
            world.says.say("end.", None)
        case "breaks off":
            world.says.say(ModelError(ModelFailure.BROKEN, "the line went dead"))
        case "cancelled":
            await world.messages.cancel(ada, reply)
        case _:
            await world.worker.stop(0 * SECOND)
    await run.ends(world)
    stored = await world.reply(ada, reply)
    writing.cancel()
    await asyncio.wait({writing})

    assert stored.status is not MessageStatus.STREAMING
    assert not world.waiting()
    said = world.final(chat)
    assert [_text(each) for each in said] == split(_rendered(world, stored.content, stored.status))
    assert not any(isinstance(each, EditText) for each in said[1:])
    rows = len(world.rows())
    await world.passes(20 * SECOND, SECOND)
    assert len(world.rows()) == rows, "once"


class _Run:
    """One way through it: processes come and go."""

    def __init__(self, chat: int) -> None:
        self._chat = chat
        self._task: asyncio.Task[None] | None = None
        self._is_deaf = self._is_hanging = False

    def start(self, world: AnswerWorld) -> None:
        """A process that brings answers."""
        self._streamer = world.streamer(elsewhere=self._is_deaf)
        self._task = asyncio.create_task(self._streamer.run())

    async def happens(self, world: AnswerWorld, name: str, detail: object = None) -> None:
        """One thing happens."""
        match name:
            case "say":
                world.says.say(str(detail))
            case "pass":
                await world.passes(detail)  # type: ignore[arg-type]
            case "hang" | "release":
                self._hang(world, hangs=name == "hang")
            case "refuse":
                world.notifier.answer(Refused("no"), chat_id=self._chat)
            case "lose":
                world.notifier.answer(Ambiguous("502"), chat_id=self._chat)
            case "flood":
                world.notifier.answer(RetryAt(world.clock.now() + 2 * SECOND, HeldBack.CHAT), chat_id=self._chat)
            case "stop":
                await self._streamer.stop(SECOND)
                await self._end(world)
                self.start(world)
            case _:
                self._is_deaf = {"deaf": True, "hear": False}.get(name, self._is_deaf)
                world.is_away = True  # it dies without a word
                await self._end(world)
                world.is_away = False
                self.start(world)
        await world.settle()

    async def ends(self, world: AnswerWorld) -> None:
        """Everything may come to its end."""
        self._hang(world, hangs=False)
        await world.comes_to(lambda: not world.waiting(), SECOND / 2)
        await self._end(world)

    def _hang(self, world: AnswerWorld, *, hangs: bool) -> None:
        if hangs != self._is_hanging:
            (world.notifier.hang if hangs else world.notifier.release)(self._chat)
        self._is_hanging = hangs

    async def _end(self, world: AnswerWorld) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.wait({self._task})


def _rendered(world: AnswerWorld, content: str, status: MessageStatus) -> RichText:
    notes = {MessageStatus.INTERRUPTED: TEXTS.interrupted, MessageStatus.CANCELLED: TEXTS.cancelled}
    if status is MessageStatus.FAILED:
        return RichText(TEXTS.failed)
    note = world.renderer.render(f"*{notes[status]}*" if status in notes else "")
    return RichText.of(*(part for part in (world.renderer.render(content), note) if part.text), separator="\n\n")


def _text(content: Outgoing) -> RichText:
    assert isinstance(content, SendText | EditText)
    return content.text
