"""Vectors of passages: kept with them, gone with them, and found by nearness."""

import asyncio
from array import array
from collections.abc import Sequence

import pytest

from application.ports.embedding import Embedding
from application.ports.guides import Nearest, PassageText
from domain.guides import Guide
from domain.identity import Role
from tests.contract.test_passage_queries import indexed, retire
from tests.support.backend import Backend
from tests.support.given import stored_guide

MODEL = "a-model"
EAST, NORTH = (1.0, 0.0), (0.0, 1.0)
# Between east and north, ever nearer to the north; exact in half precision.
TURNS = ((0.9375, 0.34375), (0.75, 0.65625), (0.5, 0.8671875), (0.25, 0.96875))


def vector(values: Sequence[float]) -> Embedding:
    return array("f", values)


async def lacking(backend: Backend, model: str = MODEL, limit: int = 100) -> list[PassageText]:
    return list(await backend.passages.lacking_vectors(model, limit))


async def keep(backend: Backend, vectors: Sequence[tuple[PassageText, Sequence[float]]], model: str = MODEL) -> int:
    async with backend.unit_of_work() as work:
        kept = await work.passages.keep_vectors(model, [(text, vector(values)) for text, values in vectors])
        await work.commit()
    return kept


async def turned(backend: Backend, title: str, *turns: Sequence[float], model: str = MODEL, **fields: object) -> Guide:
    """A guide with a passage for each of the vectors."""
    guide = await stored_guide(backend, title, **fields)
    await indexed(backend, guide, *((f"word{number}",) for number in range(len(turns))))
    texts = [text for text in await lacking(backend, model) if text.key[0] == guide.id]
    assert await keep(backend, list(zip(texts, turns, strict=True)), model) == len(turns)
    return guide


async def near(
    backend: Backend, question: Sequence[float] = EAST, role: Role = Role.PUBLIC, limit: int = 10, **options: object
) -> Nearest:
    return await backend.passages.nearest(vector(question), MODEL, role, limit, **options)


def titles(nearest: Nearest) -> list[tuple[str, int]]:
    return [(candidate.guide_title, candidate.passage.position) for candidate in nearest.found]


async def test_passage_vectors_are_lacking_until_kept(backend: Backend) -> None:
    guide = await stored_guide(backend, "A")
    await indexed(backend, guide, ("stop", "loss"), ("size",))
    found = await lacking(backend)
    assert found == [
        PassageText((guide.id, 0), "A", "Part 0", "stop loss"),
        PassageText((guide.id, 1), "A", "Part 1", "size"),
    ]
    assert await backend.passages.count_lacking_vectors(MODEL) == 2
    assert await lacking(backend, limit=1) == found[:1]
    assert await keep(backend, [(found[0], EAST)]) == 1
    assert await lacking(backend) == found[1:]
    assert await backend.passages.count_lacking_vectors(MODEL) == 1


async def test_passage_vectors_none_to_keep_changes_nothing(backend: Backend) -> None:
    assert await keep(backend, []) == 0


async def test_passage_vectors_nearest_come_first_with_their_similarity(backend: Backend) -> None:
    guide = await turned(backend, "A", NORTH, *TURNS, EAST)
    nearest = await near(backend)
    assert titles(nearest) == [("A", place) for place in (5, 1, 2, 3, 4, 0)]
    assert nearest.similarities == {(guide.id, place): turn[0] for place, turn in enumerate((NORTH, *TURNS, EAST))}
    assert nearest.found[0].passage.terms == ("word5",)
    assert nearest.found[0].key == (guide.id, 5)


async def test_passage_vectors_limit_cuts_the_farthest(backend: Backend) -> None:
    await turned(backend, "A", *TURNS)
    nearest = await near(backend, limit=2)
    assert titles(nearest) == [("A", 0), ("A", 1)]


async def test_passage_vectors_equally_near_stand_by_guide_and_place(backend: Backend) -> None:
    first, second = await stored_guide(backend, "first"), await stored_guide(backend, "second")
    for guide in (second, first):
        await indexed(backend, guide, *((f"word{number}",) for number in range(12)))
    texts = await lacking(backend)
    await keep(backend, [(text, TURNS[0]) for text in reversed(texts)])
    everything = [("first", place) for place in range(12)] + [("second", place) for place in range(12)]
    assert titles(await near(backend, limit=100)) == everything
    assert titles(await near(backend, limit=3)) == everything[:3]


@pytest.mark.parametrize(
    ("role", "expected"), [(Role.PUBLIC, ["PUBLIC"]), (Role.ADMIN, ["ADMIN", "PUBLIC", "SUBSCRIBER"])]
)
async def test_passage_vectors_find_only_what_the_role_may_read(
    backend: Backend, role: Role, expected: list[str]
) -> None:
    guides = {minimum: await turned(backend, minimum.name, EAST, role=minimum) for minimum in Role}
    every_key = [(guide.id, 0) for guide in guides.values()]
    nearest = await near(backend, role=role, known=every_key)
    assert sorted(title for title, _ in titles(nearest)) == expected
    assert set(nearest.similarities) == {(guides[minimum].id, 0) for minimum in Role if minimum <= role}


async def test_passage_vectors_role_filter_comes_before_the_limit(backend: Backend) -> None:
    for number in range(6):
        await turned(backend, f"hidden {number}", *[EAST] * 10, role=Role.OWNER)
    await turned(backend, "open", NORTH, TURNS[3])
    assert titles(await near(backend, limit=1)) == [("open", 1)]
    assert titles(await near(backend, limit=2)) == [("open", 1), ("open", 0)]


async def test_passage_vectors_of_guide_raised_out_of_reach_are_not_found(backend: Backend) -> None:
    guide = await turned(backend, "A", EAST)
    assert titles(await near(backend)) == [("A", 0)]
    other = await stored_guide(backend, "B", role=Role.SUBSCRIBER)
    async with backend.unit_of_work() as work:
        loaded = await work.guides.get(guide.id)
        loaded.revise(other.content, backend.clock.now())
        await work.guides.save(loaded)
        await work.commit()
    nearest = await near(backend, known=[(guide.id, 0)])
    assert (titles(nearest), nearest.similarities) == ([], {})
    assert titles(await near(backend, role=Role.SUBSCRIBER)) == [("B", 0)]


async def test_passage_vectors_category_narrows_what_is_found(backend: Backend) -> None:
    risk = await turned(backend, "a", EAST)
    trading = await turned(backend, "b", NORTH, category="trading")
    nearest = await near(backend, category="trading", known=[(risk.id, 0)])
    assert titles(nearest) == [("b", 0)]
    assert nearest.similarities == {(risk.id, 0): 1.0, (trading.id, 0): 0.0}


async def test_passage_vectors_whole_guides_have_similarities_beyond_the_limit(backend: Backend) -> None:
    guide, other = await turned(backend, "A", *TURNS), await turned(backend, "B", *TURNS[2:])
    await turned(backend, "C", TURNS[3])
    bare = await stored_guide(backend, "D", terms=("stop",))
    nearest = await near(backend, limit=1)
    assert titles(nearest) == [("A", 0)]
    own = {(guide.id, place): turn[0] for place, turn in enumerate(TURNS)}
    assert nearest.similarities == own
    known = [(guide.id, 9), (other.id, 1), (bare.id, 0), (backend.ids.new(), 0)]
    assert (await near(backend, limit=1, known=known)).similarities == own | {(other.id, 0): 0.5, (other.id, 1): 0.25}


async def test_passage_vectors_of_retired_guide_wait_for_its_return(backend: Backend) -> None:
    guide = await turned(backend, "A", EAST)
    other = await stored_guide(backend, "B", terms=("stop",))
    await retire(backend, guide)
    await retire(backend, other)
    nearest = await near(backend, role=Role.OWNER, known=[(guide.id, 0)])
    assert (titles(nearest), nearest.similarities) == ([], {})
    assert await lacking(backend) == []
    assert await backend.passages.count_lacking_vectors(MODEL) == 0
    await retire(backend, guide, restore=True)
    await retire(backend, other, restore=True)
    assert titles(await near(backend)) == [("A", 0)]
    assert [text.guide_title for text in await lacking(backend)] == ["B"]


async def test_passage_vectors_go_with_replaced_passages(backend: Backend) -> None:
    guide = await turned(backend, "A", EAST, NORTH)
    assert len((await near(backend)).found) == 2
    await indexed(backend, guide, ("new",))
    nearest = await near(backend, known=[(guide.id, 0)])
    assert (titles(nearest), nearest.similarities) == ([], {})
    (text,) = await lacking(backend)
    assert text.text == "new"
    await keep(backend, [(text, NORTH)])
    assert (await near(backend)).similarities == {(guide.id, 0): 0.0}


async def test_passage_vectors_go_with_deleted_guide(backend: Backend) -> None:
    guide = await turned(backend, "A", EAST, NORTH)
    await near(backend)
    async with backend.unit_of_work() as work:
        loaded = await work.guides.get(guide.id)
        loaded.delete()
        await work.guides.delete(loaded)
        await work.commit()
    assert titles(await near(backend)) == []
    later = await stored_guide(backend, "B", terms=("new",))
    assert titles(await near(backend)) == []
    assert [text.key for text in await lacking(backend)] == [(later.id, 0)]


async def test_passage_vectors_of_changed_or_absent_passages_are_not_kept(backend: Backend) -> None:
    guide = await stored_guide(backend, "A")
    await indexed(backend, guide, ("old",), ("same",))
    old, same = await lacking(backend)
    await indexed(backend, guide, ("new",), ("same",))
    absent = PassageText((backend.ids.new(), 0), "A", "Part 0", "old")
    retitled = PassageText(same.key, "Another title", same.heading, same.text)
    beyond = PassageText((guide.id, 7), same.guide_title, same.heading, same.text)
    assert await keep(backend, [(old, EAST), (absent, EAST), (retitled, EAST), (beyond, EAST)]) == 0
    assert await keep(backend, [(old, EAST), (same, NORTH)]) == 1
    assert titles(await near(backend)) == [("A", 1)]


async def test_passage_vectors_of_another_model_are_neither_found_nor_enough(backend: Backend) -> None:
    guide = await turned(backend, "A", EAST, model="another")
    nearest = await near(backend, known=[(guide.id, 0)])
    assert (titles(nearest), nearest.similarities) == ([], {})
    (text,) = await lacking(backend)
    await keep(backend, [(text, NORTH)])
    assert (await near(backend)).similarities == {(guide.id, 0): 0.0}
    assert [text.key for text in await lacking(backend, "another")] == [(guide.id, 0)]


async def test_passage_vectors_of_one_model_are_kept_once(backend: Backend) -> None:
    guide = await turned(backend, "A", EAST)
    assert await keep(backend, [(PassageText((guide.id, 0), "A", "Part 0", "word0"), NORTH)]) == 0
    assert (await near(backend)).similarities == {(guide.id, 0): 1.0}


async def test_passage_vectors_rolled_back_are_not_found(backend: Backend) -> None:
    await stored_guide(backend, "A", terms=("stop",))
    (text,) = await lacking(backend)
    async with backend.unit_of_work() as work:
        await work.passages.keep_vectors(MODEL, [(text, vector(EAST))])
    assert titles(await near(backend)) == []
    assert await lacking(backend) == [text]


async def test_passage_vectors_written_by_many_at_once_are_all_found(backend: Backend) -> None:
    guides = [await stored_guide(backend, f"{number}", terms=("stop",)) for number in range(8)]
    texts = await lacking(backend)
    looks: list[int] = []

    async def look() -> None:
        while len(looks) < 50:
            looks.append(len((await near(backend, limit=50)).found))
            await asyncio.sleep(0)

    looking = asyncio.create_task(look())
    kept = await asyncio.gather(*(keep(backend, [(text, EAST)]) for text in texts for _ in range(2)))
    await looking
    assert sum(kept) == len(texts)
    assert {key[0] for key in (await near(backend, limit=50)).similarities} == {guide.id for guide in guides}
    assert looks == sorted(looks)


async def test_passage_vectors_of_empty_library_find_nothing(backend: Backend) -> None:
    nearest = await near(backend, known=[(backend.ids.new(), 0)])
    assert (titles(nearest), nearest.similarities) == ([], {})
    assert await lacking(backend) == []
