"""Candidates for a question, and the numbers that weigh them."""

import pytest

from domain.errors import GuildhallError
from domain.guides import Difficulty, Guide, GuideId
from domain.identity import Role
from tests.support.backend import Backend
from tests.support.given import passage, stored_guide


async def indexed(backend: Backend, guide: Guide, *terms: tuple[str, ...], title: tuple[str, ...] = ()) -> None:
    async with backend.unit_of_work() as work:
        passages = [passage(each, position=position, title_terms=title) for position, each in enumerate(terms)]
        await work.passages.replace(guide.id, passages)
        await work.commit()


async def found(backend: Backend, terms: list[str], role: Role = Role.PUBLIC, **options: object) -> list[object]:
    candidates = await backend.passages.candidates(terms, role, 50, **options)
    return sorted((candidate.guide_title, candidate.passage.position) for candidate in candidates.found)


async def retire(backend: Backend, guide: Guide, *, restore: bool = False) -> None:
    async with backend.unit_of_work() as work:
        loaded = await work.guides.get(guide.id)
        if restore:
            loaded.restore(backend.clock.now())
        else:
            loaded.retire(backend.clock.now())
        await work.guides.save(loaded)
        await work.commit()


async def test_passage_queries_candidate_carries_passage_and_guide(backend: Backend) -> None:
    guide = await stored_guide(backend, category="trading", difficulty_level=Difficulty.ADVANCED)
    await indexed(backend, guide, ("stop", "loss", "stop"), title=("posit", "size"))
    (candidate,) = (await backend.passages.candidates(["stop"], Role.PUBLIC, 10)).found
    assert candidate.passage == passage(("stop", "loss", "stop"), title_terms=("posit", "size"))
    assert (candidate.guide_id, candidate.guide_title) == (guide.id, "Position sizing")
    assert (candidate.category, candidate.difficulty_level) == ("trading", Difficulty.ADVANCED)


async def test_passage_queries_any_term_of_text_or_title_finds(backend: Backend) -> None:
    await indexed(backend, await stored_guide(backend, "a"), ("stop", "loss"), ("take", "profit"), ("none",))
    await indexed(backend, await stored_guide(backend, "b"), ("other",), title=("profit",))
    assert await found(backend, ["loss", "profit", "absent"]) == [("a", 0), ("a", 1), ("b", 0)]


async def test_passage_queries_terms_match_whole_and_exactly(backend: Backend) -> None:
    await indexed(backend, await stored_guide(backend, "a"), ("stops", "stop2", "größe", "x_y", "42"))
    assert await found(backend, ["stop"]) == []
    for term in ("stops", "größe", "x_y", "42"):
        assert await found(backend, [term]) == [("a", 0)]


@pytest.mark.parametrize("term", ["or", "and", "not", "near", "a*", "'", '"', "\\", ":*", "(", "%", "", "&|!"])
async def test_passage_queries_terms_are_never_operators(backend: Backend, term: str) -> None:
    await indexed(backend, await stored_guide(backend, "a"), ("apple",))
    assert await found(backend, [term]) == []
    assert await found(backend, [term, "apple"]) == [("a", 0)]


async def test_passage_queries_without_terms_find_nothing(backend: Backend) -> None:
    await indexed(backend, await stored_guide(backend), ("stop",))
    assert await found(backend, []) == []


@pytest.mark.parametrize(
    ("role", "expected"), [(Role.PUBLIC, ["PUBLIC"]), (Role.ADMIN, ["ADMIN", "PUBLIC", "SUBSCRIBER"])]
)
async def test_passage_queries_find_only_what_the_role_may_read(
    backend: Backend, role: Role, expected: list[str]
) -> None:
    for minimum in Role:
        await stored_guide(backend, minimum.name, role=minimum, terms=("stop",))
    assert [title for title, _ in await found(backend, ["stop"], role)] == expected


async def test_passage_queries_role_filter_comes_before_the_limit(backend: Backend) -> None:
    for number in range(5):
        await stored_guide(backend, f"hidden {number}", role=Role.OWNER, terms=("stop", "stop"))
    await stored_guide(backend, "open", terms=("stop", "and", "other", "words"))
    (candidate,) = (await backend.passages.candidates(["stop"], Role.PUBLIC, 1)).found
    assert candidate.guide_title == "open"


async def test_passage_queries_category_narrows_what_is_found_not_the_numbers(backend: Backend) -> None:
    await stored_guide(backend, "a", terms=("stop",))
    await stored_guide(backend, "b", category="trading", terms=("stop",))
    narrowed = await backend.passages.candidates(["stop"], Role.PUBLIC, 10, category="trading")
    assert [candidate.guide_title for candidate in narrowed.found] == ["b"]
    assert (narrowed.passage_count, narrowed.frequencies) == (2, {"stop": 2})


async def test_passage_queries_numbers_are_of_the_active_passages_in_reach(backend: Backend) -> None:
    await indexed(backend, await stored_guide(backend, "a"), ("stop", "loss", "stop"), ("loss",), title=("risk",))
    await indexed(backend, await stored_guide(backend, "b", role=Role.OWNER), ("stop", "risk"))
    await indexed(backend, await stored_guide(backend, "c", role=Role.SUBSCRIBER), ("absent",) * 6)
    asked = ["stop", "loss", "risk", "absent"]
    whole = await backend.passages.candidates(asked, Role.OWNER, 10)
    assert whole.frequencies == {"stop": 2, "loss": 2, "risk": 3, "absent": 1}
    assert (whole.passage_count, whole.average_length) == (4, 3.0)
    candidates = await backend.passages.candidates(asked, Role.PUBLIC, 10)
    assert candidates.frequencies == {"stop": 1, "loss": 2, "risk": 2, "absent": 0}
    assert (candidates.passage_count, candidates.average_length) == (2, 2.0)


async def test_passage_queries_empty_library_has_no_numbers(backend: Backend) -> None:
    candidates = await backend.passages.candidates(["stop"], Role.OWNER, 10)
    assert (list(candidates.found), candidates.passage_count, candidates.average_length) == ([], 0, 0.0)
    assert candidates.frequencies == {"stop": 0}


async def test_passage_queries_limit_keeps_the_likeliest(backend: Backend) -> None:
    for number in range(6):
        await stored_guide(backend, f"common {number}", terms=("stop", "word", "word", "word"))
    await stored_guide(backend, "rare", terms=("stop", "trailing"))
    candidates = await backend.passages.candidates(["stop", "trailing"], Role.PUBLIC, 3)
    assert len(candidates.found) == 3
    assert candidates.found[0].guide_title == "rare"


async def test_passage_queries_replaced_passages_are_forgotten(backend: Backend) -> None:
    guide = await stored_guide(backend, "a")
    await indexed(backend, guide, ("old",), ("older",))
    await indexed(backend, guide, ("new", "words"))
    assert await found(backend, ["old", "older"]) == []
    candidates = await backend.passages.candidates(["new", "old"], Role.PUBLIC, 10)
    assert (candidates.passage_count, candidates.average_length) == (1, 2.0)
    assert candidates.frequencies == {"new": 1, "old": 0}


async def test_passage_queries_retired_guide_is_out_until_restored(backend: Backend) -> None:
    guide = await stored_guide(backend, "a", terms=("stop",))
    await stored_guide(backend, "b", terms=("stop", "loss", "word"))
    await retire(backend, guide)
    out = await backend.passages.candidates(["stop"], Role.OWNER, 10)
    assert ([one.guide_title for one in out.found], out.passage_count, out.average_length) == (["b"], 1, 3.0)
    assert out.frequencies == {"stop": 1}
    await retire(backend, guide, restore=True)
    back = await backend.passages.candidates(["stop"], Role.PUBLIC, 10)
    assert (len(back.found), back.passage_count, back.average_length) == (2, 2, 2.0)


async def test_passage_queries_passages_of_a_retired_guide_wait_for_its_return(backend: Backend) -> None:
    guide = await stored_guide(backend, "a", terms=("old",))
    await retire(backend, guide)
    await indexed(backend, guide, ("new",))
    assert await found(backend, ["new", "old"], Role.OWNER) == []
    await retire(backend, guide, restore=True)
    assert await found(backend, ["new", "old"]) == [("a", 0)]


async def test_passage_queries_retitled_guide_is_found_under_its_new_title(backend: Backend) -> None:
    guide = await stored_guide(backend, "Before", terms=("stop",))
    other = await stored_guide(backend, "After", category="trading", role=Role.SUBSCRIBER)
    async with backend.unit_of_work() as work:
        loaded = await work.guides.get(guide.id)
        loaded.revise(other.content, backend.clock.now())
        await work.guides.save(loaded)
        await work.commit()
    assert await found(backend, ["stop"]) == []
    assert await found(backend, ["stop"], Role.SUBSCRIBER, category="trading") == [("After", 0)]


async def test_passage_queries_rolled_back_passages_are_not_found(backend: Backend) -> None:
    guide = await stored_guide(backend, "a", terms=("old",))
    async with backend.unit_of_work() as work:
        await work.passages.replace(guide.id, [passage(("new",))])
    assert await found(backend, ["old", "new"]) == [("a", 0)]
    assert (await backend.passages.candidates(["new"], Role.PUBLIC, 10)).frequencies == {"new": 0}


async def test_passage_queries_vocabulary_is_the_most_frequent_first(backend: Backend) -> None:
    await indexed(backend, await stored_guide(backend, "a"), ("position", "posit"), ("position",), ("other",))
    await indexed(backend, await stored_guide(backend, "b"), ("pos_1",), title=("position",))
    words = await backend.passages.vocabulary("pos", Role.PUBLIC, 10)
    assert words[0] == "position"
    assert set(words[1:]) == {"pos_1", "posit"}
    assert list(await backend.passages.vocabulary("pos", Role.PUBLIC, 1)) == ["position"]


async def test_passage_queries_vocabulary_holds_and_counts_only_what_is_in_reach(backend: Backend) -> None:
    await indexed(backend, await stored_guide(backend, "a"), ("stopped", "stopping"), ("stopping",))
    hidden = await stored_guide(backend, "b", role=Role.ADMIN)
    await indexed(backend, hidden, *[("stopped", "stopgap")] * 3)
    assert list(await backend.passages.vocabulary("stop", Role.SUBSCRIBER, 10)) == ["stopping", "stopped"]
    assert list(await backend.passages.vocabulary("stop", Role.ADMIN, 10)) == ["stopped", "stopgap", "stopping"]


@pytest.mark.parametrize("prefix", ["zzz", "%", "_", "'", '"'])
async def test_passage_queries_vocabulary_prefix_is_literal(backend: Backend, prefix: str) -> None:
    await stored_guide(backend, terms=("stop",))
    assert list(await backend.passages.vocabulary(prefix, Role.PUBLIC, 10)) == []


async def test_passage_queries_vocabulary_forgets_what_is_gone(backend: Backend) -> None:
    guide = await stored_guide(backend, "a")
    await indexed(backend, guide, ("stopping",))
    await indexed(backend, guide, ("stopped",))
    await retire(backend, await stored_guide(backend, "b", terms=("stopgap",)))
    assert list(await backend.passages.vocabulary("stop", Role.PUBLIC, 10)) == ["stopped"]


async def test_passage_queries_passages_of_unknown_guide_are_refused(backend: Backend) -> None:
    async with backend.unit_of_work() as work:
        with pytest.raises(GuildhallError):
            await work.passages.replace(GuideId(backend.ids.new()), [passage(("stop",))])
