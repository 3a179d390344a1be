"""Browsers and systems, told from what clients call themselves."""

import pytest

from entrypoints.web.user_agents import device

_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT} Chrome/140.0.0.0 Safari/537.36", "Chrome on Windows"),
        (
            f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT} Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
            "Edge on Windows",
        ),
        (f"Mozilla/5.0 (Linux; Android 15; Pixel 9) {_WEBKIT} Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
        (
            f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_WEBKIT} Version/18.0 Safari/605.1.15",
            "Safari on macOS",
        ),
        (
            f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) {_WEBKIT} CriOS/140.0 Mobile Safari/604.1",
            "Chrome on iPhone",
        ),
        ("curl/8.5.0", "curl/8.5.0"),
        ("x" * 400, "x" * 40 + "…"),
        ("", "Unknown device"),
        (None, "Unknown device"),
    ],
)
def test_device_named_by_browser_and_system(user_agent: str | None, words: str) -> None:
    assert device(user_agent) == words
