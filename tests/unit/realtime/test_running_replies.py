"""Running replies: a snapshot, then every character once, whatever happens on the way."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from application.chat.running import RunningReply
from application.ports.chat import ReplyJob
from application.ports.realtime import ReplyDelta
from domain.chat import ChatMessage, ChatMessageId, ChatSession
from domain.identity import Actor
from tests.support.apart import run_apart
from tests.unit.realtime.world import Peer, World, turns

STEP = st.one_of(
    st.tuples(st.just("append"), st.text("aß€😀 ", min_size=1, max_size=5)),
    st.tuples(st.just("append"), st.text("aß€😀 ", min_size=1, max_size=5)),
    st.tuples(st.just("lose"), st.text("bx", min_size=1, max_size=3)),
    st.tuples(st.just("tell"), st.none()),
    st.tuples(st.just("join"), st.none()),
    st.tuples(st.just("turns"), st.none()),
    st.tuples(st.just("again"), st.none()),
)


@dataclass
class Watcher:
    """A client that follows one session and keeps the texts of its replies."""

    peer: Peer
    texts: dict[tuple[str, int], str] = field(default_factory=dict)
    ended: dict[str, tuple[int, str]] = field(default_factory=dict)
    read: int = 0

    def apply(self) -> None:
        for frame in self.peer.frames[self.read :]:
            if frame["type"] == "message_snapshot":
                self.texts[frame["message_id"], frame["generation"]] = frame["text"]
            elif frame["type"] == "message_delta":
                key = (frame["message_id"], frame["generation"])
                assert frame["position"] == len(self.texts.get(key, "")), "a delta does not follow what was told"
                assert self.ended.get(frame["message_id"], (0, ""))[0] < frame["generation"], "a delta came late"
                self.texts[key] = self.texts.get(key, "") + frame["text"]
            elif frame["type"] == "message_completed":
                message = frame["message"]
                self.ended[message["id"]] = (message["generation"], message["content"])
        self.read = len(self.peer.frames)


class Writing:
    """A world with one session and one reply at a time."""

    def __init__(self, world: World, owner: Actor, session: ChatSession) -> None:
        self.world, self.owner, self.session = world, owner, session
        self.message: ChatMessage | None = None
        self.running: RunningReply | None = None

    async def begin(self) -> None:
        world, now = self.world, self.world.clock.now()
        self.message = ChatMessage.reply(ChatMessageId(world.ids.new()), self.session, 1, now)
        self.message.begin(now)
        world.commit(*self.message.collect_events())
        self.running = world.running.start(self.job, now)

    @property
    def job(self) -> ReplyJob:
        assert self.message is not None
        return ReplyJob(self.message.id, self.session.id, self.message.generation)

    def append(self, text: str) -> None:
        assert self.running is not None
        self.running.append(text, self.world.clock.now)

    def do(self, name: str, text: str) -> None:
        if name == "again":
            self.complete()
            self.regenerate()
        else:
            self.append(text)
            if name == "lose":
                self.world.bus.lose(True)
                self.world.running.tell()
                self.world.bus.lose(False)

    def complete(self) -> None:
        assert self.message is not None
        assert self.running is not None
        self.message.complete(self.running.text, self.world.clock.now())
        self.world.commit(*self.message.collect_events())
        self.world.running.stop(self.running)

    def regenerate(self) -> None:
        assert self.message is not None
        self.message.regenerate(self.session)
        self.message.begin(self.world.clock.now())
        self.world.commit(*self.message.collect_events())
        self.running = self.world.running.start(self.job, self.world.clock.now())

    async def watch(self) -> Watcher:
        watcher = Watcher(self.world.peer(self.owner))
        await watcher.peer.subscribe(f"session:{self.session.id}")
        return watcher


async def _writing(world: World) -> Writing:
    owner = await world.member()
    writing = Writing(world, owner, await world.session(owner))
    await writing.begin()
    return writing


async def _play(steps: list[tuple[str, object]]) -> None:
    async with World() as world:
        writing = await _writing(world)
        watchers = [await writing.watch()]
        for name, value in steps:
            if name == "join":
                watchers.append(await writing.watch())
            elif name == "tell":
                world.running.tell()
            elif name == "turns":
                await turns(3)
            else:
                writing.do(name, str(value))
            for watcher in watchers:
                watcher.apply()
        writing.append("!")
        world.running.tell()
        await world.pass_time(0.1)
        for watcher in watchers:
            watcher.apply()
            _expect_exact(writing, watcher)
        writing.complete()
        await world.pass_time(0.1)
        for watcher in watchers:
            watcher.apply()
            assert watcher.ended[str(writing.job.message_id)] == (writing.job.generation, writing.message.content)


def _expect_exact(writing: Writing, watcher: Watcher) -> None:
    assert writing.running is not None
    told = watcher.texts[str(writing.job.message_id), writing.job.generation]
    assert told == writing.running.text


@given(st.lists(STEP, min_size=5, max_size=30))
def test_reply_any_interleaving_is_told_exactly(steps: list[tuple[str, object]]) -> None:
    run_apart(_play(steps))

    assert steps


async def test_reply_deltas_come_at_once_first_and_then_together() -> None:
    async with World() as world:
        writing = await _writing(world)
        watcher = await writing.watch()
        for piece in ("Risk", " 1", " %"):
            writing.append(piece)
        await turns(5)
        first = [delta["text"] for delta in watcher.peer.of_type("message_delta")]
        world.running.tell()
        world.running.tell()
        await turns(5)

        deltas = watcher.peer.of_type("message_delta")

    assert first == ["Risk"]
    assert [(delta["position"], delta["text"]) for delta in deltas] == [(0, "Risk"), (4, " 1 %")]
    assert deltas[0]["channel"] == f"session:{writing.session.id}"


async def test_reply_snapshot_holds_what_was_not_told_yet_and_nobody_misses_or_repeats_it() -> None:
    async with World() as world:
        writing = await _writing(world)
        early = await writing.watch()
        writing.append("Risk")
        writing.append(" 1")
        late = await writing.watch()
        writing.append(" %")
        world.running.tell()
        await turns(5)

        kinds = ("message_snapshot", "message_delta")
        told = [[frame["text"] for frame in watcher.peer.of_type(*kinds)] for watcher in (early, late)]

    assert told == [["", "Risk", " 1", " %"], ["Risk 1", " %"]]


async def test_reply_lost_delta_is_made_good_by_one_snapshot_for_everybody() -> None:
    async with World() as world:
        writing = await _writing(world)
        watchers = [await writing.watch(), await writing.watch()]
        writing.append("Risk")
        writing.do("lose", " 1")
        for piece in (" %", " of it"):
            writing.append(piece)
            world.running.tell()
        await turns(5)

        kinds = ("message_snapshot", "message_delta")
        told = [[(f["type"], f["text"]) for f in watcher.peer.of_type(*kinds)][1:] for watcher in watchers]

    assert told == [[("message_delta", "Risk"), ("message_snapshot", "Risk 1 %"), ("message_delta", " of it")]] * 2


async def test_reply_end_comes_after_its_last_delta() -> None:
    async with World() as world:
        writing = await _writing(world)
        watcher = await writing.watch()
        writing.append("Risk 1 %")
        writing.complete()
        await turns(5)

        types = watcher.peer.types()

    assert types[-2:] == ["message_delta", "message_completed"]


async def test_reply_delta_after_the_end_is_dropped() -> None:
    async with World() as world:
        writing = await _writing(world)
        watcher = await writing.watch()
        running = writing.running
        writing.complete()
        assert running is not None
        running.append("late", world.clock.now)
        await world.pass_time(0.1)

        deltas = watcher.peer.of_type("message_delta")

    assert deltas == []


async def test_reply_cancelled_but_still_listed_gives_no_snapshot() -> None:
    async with World() as world:
        writing = await _writing(world)
        first = await writing.watch()
        writing.append("Risk")
        assert writing.message is not None
        writing.message.cancel("Risk", world.clock.now())
        world.commit(*writing.message.collect_events())

        second = await writing.watch()
        await turns(5)
        last = first.peer.types()[-1]

    assert last == "message_completed"
    assert second.peer.of_type("message_snapshot") == []


async def test_reply_of_another_process_is_told_from_its_beginning_only() -> None:
    async with World() as world:
        owner = await world.member()
        session = await world.session(owner)
        writing = Writing(world, owner, session)
        message_id = ChatMessageId(world.ids.new())
        early = await writing.watch()
        world.bus.publish(ReplyDelta(session.id, message_id, 1, 0, "Risk"))
        await world.pass_time(0.1)
        late = await writing.watch()
        world.bus.publish(ReplyDelta(session.id, message_id, 1, 4, " 1 %"))
        await world.pass_time(0.1)

        told = [[delta["text"] for delta in watcher.peer.of_type("message_delta")] for watcher in (early, late)]

    assert told == [["Risk", " 1 %"], []]


async def test_reply_of_an_older_generation_is_dropped() -> None:
    async with World() as world:
        writing = await _writing(world)
        watcher = await writing.watch()
        writing.complete()
        writing.regenerate()
        writing.append("new")
        job = writing.job
        world.bus.publish(ReplyDelta(job.session_id, job.message_id, job.generation - 1, 0, "old"))
        await world.pass_time(0.1)

        deltas = watcher.peer.of_type("message_delta")

    assert [delta["text"] for delta in deltas] == ["new"]


async def test_reply_repeated_piece_is_cut_to_what_is_new() -> None:
    async with World() as world:
        writing = await _writing(world)
        watcher = await writing.watch()
        writing.append("Risk 1")
        job = writing.job
        world.bus.publish(ReplyDelta(job.session_id, job.message_id, job.generation, 4, " 1 %"))
        await world.pass_time(0.1)

        texts = [delta["text"] for delta in watcher.peer.of_type("message_delta")]

    assert texts == ["Risk 1", " %"]


async def test_reply_memory_of_ended_ones_is_bounded() -> None:
    async with World() as world:
        writing = await _writing(world)
        watcher = await writing.watch()
        for _ in range(80):
            writing.append("x")
            writing.complete()
            await writing.begin()
        writing.append("y")
        await world.pass_time(0.1)
        watcher.apply()

    assert len(watcher.ended) == 80
    assert watcher.texts[str(writing.job.message_id), 1] == "y"
