"""A guide's body on its page."""

from datetime import UTC, datetime
from uuid import UUID

from adapters.text.markdown import MarkdownRenderer
from application.ports.guides import GuideSummary, GuideView
from domain.guides import Difficulty, GuideId
from domain.identity import Role
from entrypoints.web.passages import readable_body

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def view(body: str | None, title: str = "Stops & limits") -> GuideView:
    """A guide with this body."""
    summary = GuideSummary(
        id=GuideId(UUID(int=1)),
        title=title,
        description="",
        content_url=None,
        category="risk",
        difficulty_level=Difficulty.BEGINNER,
        tags=(),
        minimum_role=Role.PUBLIC,
        views_count=0,
        is_active=True,
        version=1,
        created_at=NOW,
        updated_at=NOW,
    )
    return GuideView(summary=summary, body=body, source_path=None)


def test_body_own_title_not_shown_twice() -> None:
    body = readable_body(view("# Stops & *Limits*\n\nText.\n\n## More\n\nWords.\n"), MarkdownRenderer())

    assert body is not None
    assert "<h1" not in body.html
    assert body.html.startswith('<a id="l0"></a>')
    assert 'id="l2"' in body.html


def test_body_other_first_heading_stays() -> None:
    body = readable_body(view("# Something else\n\nText.\n"), MarkdownRenderer())

    assert body is not None
    assert "Something else</h1>" in body.html


def test_body_passages_start_where_citations_point() -> None:
    body = readable_body(view("Before.\n\n## One\n\nText.\n\n## Two\n\nText.\n"), MarkdownRenderer())

    assert body is not None
    assert body.starts == [0, 2, 6]
    assert all(f'id="l{line}"' in body.html for line in body.starts)


def test_body_absent_gives_nothing_to_show() -> None:
    assert readable_body(view(None), MarkdownRenderer()) is None
