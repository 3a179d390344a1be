"""Where signing in may lead."""

import pytest

from entrypoints.web.access import own_path, sign_in_path


@pytest.mark.parametrize("wanted", ["/chat/1", "/guides?q=a&category=risk", "/saved?unread=true#top", "/a:b"])
def test_next_path_own_page_kept(wanted: str) -> None:
    assert own_path(wanted) == wanted


@pytest.mark.parametrize(
    "wanted",
    [
        None,
        "",
        "guides",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "/a\nb",
        "/a\\b",
        "/\u2028x",
    ],
)
def test_next_path_of_elsewhere_becomes_chat(wanted: str | None) -> None:
    assert own_path(wanted) == "/chat"


def test_sign_in_path_wanted_page_escaped() -> None:
    assert sign_in_path("/guides", "q=a b&tag=c") == "/sign-in?next=%2Fguides%3Fq%3Da%20b%26tag%3Dc"
    assert sign_in_path("/chat", "") == "/sign-in?next=%2Fchat"
