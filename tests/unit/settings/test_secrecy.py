"""Secrets stay secret, whatever is wrong with them."""

import copy
import pickle
import traceback
from pathlib import Path

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from rich.pretty import pretty_repr

from entrypoints.settings import ReferenceRow, Secret, Settings, SettingsError, describe, load_settings, reference

SECRETS = [row.env for row in reference() if "secret" in row.type] + ["TELEGRAM_BOT_TOKEN"]
ADDRESSES = [row.env for row in reference() if row.type == "URL"]
NAMES = [row.env for row in reference()] + ["TELEGRAM_BOT_TOKEN", "GUILDHALL_UNKNOWN", "GUILDHALL_CONFIG"]
# Ordinary words of the messages can stand in a drawn value by chance; a marker cannot.
MARKER = "Zq7Xv9Kw3"


def everything_shown(environ: dict[str, str]) -> str:
    """All that a user, a log or a traceback could see of these settings."""
    try:
        settings = load_settings(environ)
    except SettingsError as error:
        lines = traceback.format_exception(error)
        return "\n".join([*lines, str(error), repr(error), *error.problems])
    return "\n".join([repr(settings), str(settings), pretty_repr(settings), str(describe(settings))])


def test_secret_shown_anywhere_is_masked() -> None:
    secret = Secret(MARKER)
    assert f"{secret} {secret!r} {[secret]} {secret:>20}".count("**********") == 4
    assert MARKER not in f"{secret} {secret!r} {[secret]} {pretty_repr(secret)}"
    assert secret.reveal() == MARKER


def test_secret_leaves_the_process_in_no_encoding() -> None:
    secret = Secret(MARKER)
    for encode in (pickle.dumps, msgspec.json.encode, copy.deepcopy):
        with pytest.raises(TypeError):
            encode(secret)
    assert not hasattr(secret, "__dict__")


def test_secret_equality_is_by_value_and_type() -> None:
    assert Secret("é\ud800") == Secret("é\ud800")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1


def test_settings_shown_anywhere_mask_secrets_and_passwords() -> None:
    shown = everything_shown(
        {
            "GUILDHALL_SECRET_KEY": MARKER * 5,
            "GUILDHALL_PREVIOUS_SECRET_KEYS": f"{MARKER * 4},{MARKER * 6}",
            "GUILDHALL_TELEGRAM_BOT_TOKEN": f"1:{MARKER}",
            "GUILDHALL_OPENROUTER_API_KEY": MARKER,
            "GUILDHALL_TELEGRAM_WEBHOOK_SECRET": MARKER,
            "GUILDHALL_DATABASE_URL": f"postgresql://me:{MARKER}@h@db.example/x?password={MARKER}",
            "GUILDHALL_REDIS_URL": f"redis://:{MARKER}@{MARKER}@redis.example/0",
        }
    )
    assert MARKER not in shown
    assert "@db.example/x?password=**********" in shown
    assert "bot_token=**********" in shown


def test_settings_described_name_every_setting_once() -> None:
    described = describe(Settings())
    assert [line.partition(" = ")[0] for line in described] == [row.env for row in reference()]


def told_of(environ: dict[str, str]) -> list[str]:
    try:
        load_settings(environ)
    except SettingsError as error:
        return error.problems
    return []


@given(st.sampled_from(SECRETS), st.text(), st.text())
def test_secret_of_any_form_is_never_shown(name: str, before: str, after: str) -> None:
    assert MARKER not in everything_shown({name: f"{before}{MARKER}{after}"})


@given(st.sampled_from(ADDRESSES), st.sampled_from(["postgresql", "http", "redis", "x", ""]), st.text(), st.text())
def test_password_inside_any_address_is_never_shown(name: str, scheme: str, before: str, after: str) -> None:
    assert MARKER not in everything_shown({name: f"{scheme}://{before}:{MARKER}@{after}"})


@given(
    st.dictionaries(
        st.one_of(st.sampled_from(NAMES), st.text().map(lambda text: f"GUILDHALL_{text}")),
        st.one_of(st.text(), st.integers().map(str), st.floats().map(str), st.just("http://[")),
        max_size=6,
    )
)
def test_settings_of_any_environment_load_or_tell_each_problem(environ: dict[str, str]) -> None:
    try:
        settings = load_settings(environ)
    except SettingsError as error:
        told = error.problems
    else:
        told = describe(settings)
    assert told
    assert all(line.strip() and line.isprintable() for line in told)


_toml = st.recursive(
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)


@given(value=_toml, row=st.sampled_from(reference()))
def test_settings_of_any_toml_value_load_or_tell_the_problem(value: object, row: ReferenceRow, folder: Path) -> None:
    section, _, name = row.toml.rpartition(".")
    document: dict[str, object] = {section: {name: value}} if section else {name: value}
    encoded = _encoded(document)
    (folder / "guildhall.toml").write_bytes(encoded)
    assert all(problem.startswith("guildhall.toml") for problem in told_of({}))


def _encoded(document: dict[str, object]) -> bytes:
    """As TOML: JSON's scalars and arrays are TOML too, but for what TOML writes otherwise."""
    ((key, value),) = document.items()
    body = value if isinstance(value, dict) else {key: value}
    head = f"[{key}]\n" if isinstance(value, dict) else ""
    assume("null" not in msgspec.json.encode(body).decode())
    text = "\n".join(f"{name} = {msgspec.json.encode(item).decode()}" for name, item in body.items())
    return (head + text.replace("\x7f", "\\u007f")).encode()


@given(st.binary())
def test_settings_of_any_file_load_or_tell_the_problem(folder: Path, octets: bytes) -> None:
    (folder / "guildhall.toml").write_bytes(octets)
    assert all(problem.startswith("guildhall.toml") for problem in told_of({}))
