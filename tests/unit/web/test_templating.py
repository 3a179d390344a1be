"""What templates make of values."""

from datetime import UTC, datetime

import pytest

from entrypoints.web.assets import assets
from entrypoints.web.templating import day, marked, words


def test_snippet_marks_become_elements_and_text_is_escaped() -> None:
    assert marked("<b>a</b> \ue000stop\ue001 & \ue000loss\ue001") == (
        "&lt;b&gt;a&lt;/b&gt; <mark>stop</mark> &amp; <mark>loss</mark>"
    )


def test_snippet_lone_mark_stays_text() -> None:
    assert marked("a \ue000b") == "a \ue000b"


def test_date_written_without_leading_zero() -> None:
    assert day(datetime(2026, 3, 5, tzinfo=UTC)) == "5 March 2026"


def test_name_of_category_reads_as_words() -> None:
    assert words("risk-control_basics") == "Risk control basics"


def test_static_address_carries_version_of_all_files() -> None:
    known = assets()

    assert known.url("css/base.css") == f"/static/{known.version}/css/base.css"
    with pytest.raises(KeyError, match="does not exist"):
        known.url("css/absent.css")
