"""What the log leaves out."""

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.observability.redaction import MASK, Redaction


def redacted(event: dict[str, Any], *secrets: str) -> dict[str, Any]:
    return dict(Redaction(secrets)(None, "info", event))


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "old_password",
        "passwordHash",
        "token",
        "access_token",
        "Authorization",
        "authorisation",
        "Cookie",
        "set-cookie",
        "secret_key",
        "X-Telegram-Bot-Api-Secret-Token",
        "api_key",
        "apikey",
        "x-csrf-token",
        "client_credentials",
    ],
)
@pytest.mark.parametrize("value", ["hunter2", b"hunter2", ["hunter2"], {"a": "hunter2"}, 7])
def test_redaction_of_telling_name_masks_any_value(key: str, value: object) -> None:
    assert redacted({key: value}) == {key: MASK}


def test_redaction_of_counts_and_flags_leaves_them() -> None:
    event = {"tokens_used": 5, "max_tokens": 8192, "password": None, "has_password": True, "status": 200, "ms": 1.5}
    assert redacted(event) == event


def test_redaction_inside_nested_values_reaches_every_level() -> None:
    event = {"headers": [{"Authorization": "Bearer abc"}, ("x", {"inner": {"cookie": "c"}})], "set": {"plain"}}
    assert redacted(event) == {
        "headers": [{"Authorization": MASK}, ["x", {"inner": {"cookie": MASK}}]],
        "set": ["plain"],
    }


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Authorization: Bearer abcdef.ghijkl-mnop", "Authorization: Bearer **********"),
        ("postgresql://me:hun@ter/2@db/x failed", "postgresql://**********@db/x failed"),
        ("https://api.telegram.org/bot123456:" + "A" * 35 + "/getMe", "https://api.telegram.org/bot**********/getMe"),
        ("token eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.", "token **********"),
        ("/link?token=abc&next=/", "/link?token=**********&next=/"),
        ("the basic questions of risk", "the basic questions of risk"),
        ("12:30:45 mail to a@b.org", "12:30:45 mail to a@b.org"),
    ],
)
def test_redaction_of_text_masks_what_looks_like_a_secret(text: str, left: str) -> None:
    assert redacted({"event": text}) == {"event": left}


def test_redaction_of_very_deep_or_endless_values_ends() -> None:
    endless: list[object] = []
    endless.append(endless)
    assert "…" in str(redacted({"deep": endless}))


def test_redaction_of_objects_masks_inside_their_text() -> None:
    class Odd:
        def __str__(self) -> str:
            return "holds hunter2-hunter2"

    assert redacted({"odd": Odd()}, "hunter2-hunter2") == {"odd": f"holds {MASK}"}


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.text(string.ascii_letters + string.punctuation, min_size=8),
    st.dictionaries(st.text(), _values),
    st.text(),
    st.text(),
)
def test_redaction_of_known_secret_leaves_it_nowhere(
    secret: str, event: dict[str, Any], before: str, after: str
) -> None:
    event["event"] = f"{before} {secret} {after}"
    event["nested"] = [{"told": event["event"]}]
    assert secret in MASK or secret not in redacted(event, secret)["event"]
    assert secret in MASK or secret not in redacted(event, secret)["nested"][0]["told"]
