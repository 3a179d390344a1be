"""Nothing that a reader is told depends on a guide beyond their reach."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.memory.embedder import WordEmbedder
from application.guides.library import GuideDraft
from domain.identity import Role
from tests.support.backend import memory_backend
from tests.support.reading import Shelf

WORDS = ("stop", "stops", "loss", "trailing", "thornbury", "thornburg", "position", "914711", "the", "account")
ASKED = (*WORDS, "thornbry", "posit", "trialing", "914712", "where", "qqzzxxvv")

texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(" ".join)
drafts = st.builds(
    GuideDraft,
    title=st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join),
    category=st.sampled_from(["risk", "platform"]),
    body=st.lists(texts, min_size=1, max_size=3).map(
        lambda each: "\n\n".join(f"## {text}\n\n{text}." for text in each)
    ),
    minimum_role=st.sampled_from(Role),
)
questions = st.lists(st.sampled_from(ASKED), min_size=1, max_size=4).map(" ".join)


async def seen(
    drafts: Sequence[GuideDraft], reach: Role, role: Role, queries: Sequence[str], *, meaning: bool
) -> object:
    """What the role sees of a library that holds those of the guides that `reach` may read, under the same ids."""
    backend = memory_backend()
    shelf = Shelf(backend, WordEmbedder() if meaning else None)
    for draft in drafts:
        if draft.minimum_role <= reach:
            await shelf.add(draft)
        else:
            backend.ids.new()
    return await shelf.seen_by(role, queries)


@settings(max_examples=20)
@given(
    drafts=st.lists(drafts, min_size=1, max_size=8),
    role=st.sampled_from([Role.PUBLIC, Role.SUBSCRIBER, Role.ADMIN]),
    queries=st.lists(questions, min_size=1, max_size=3),
    meaning=st.booleans(),
)
async def test_search_in_any_library_tells_only_of_guides_in_reach(
    drafts: list[GuideDraft], role: Role, queries: list[str], meaning: bool
) -> None:
    whole = await seen(drafts, Role.OWNER, role, queries, meaning=meaning)
    assert whole == await seen(drafts, role, role, queries, meaning=meaning)
