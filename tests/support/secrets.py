"""Every secret of the settings, found by type: one that is added is covered without being named."""

import string
from functools import cache
from typing import Any, get_args, get_type_hints
from urllib.parse import quote

from hypothesis import strategies as st

from entrypoints.settings import Secret, Settings
from entrypoints.settings.addresses import Address
from entrypoints.settings.fields import Field, fields
from entrypoints.settings.problems import Unfit

# Cannot stand in a line by chance.
MARKER = "Zq7Xv9Kw3"

_WORD = string.ascii_letters + string.digits + "_-"


@cache
def secret_fields() -> list[Field]:
    """The settings whose type holds a `Secret`."""
    return [field for field in fields() if _mentions_secret(_type_of(field))]


@cache
def address_fields() -> list[Field]:
    """The settings that are an address which may carry a password."""
    return [field for field in fields() if isinstance(field.kind, Address) and not field.kind.origin]


@cache
def values_of(field: Field) -> st.SearchStrategy[str]:
    """Values that the setting takes, each with the marker in it."""
    anything = st.text(st.characters(codec="utf-8", exclude_characters=",", exclude_categories=["C", "Z"]), max_size=20)
    word = st.text(_WORD, max_size=20)
    long = "x" * 32
    forms = {
        f"\"'\\{MARKER}{long}": st.builds("{}{}{}{}".format, anything, st.just(MARKER), anything, st.just(long)),
        f"-{MARKER}": st.builds("{}{}{}".format, word, st.just(MARKER), word),
        f"1:{MARKER}": st.builds("{}:{}{}".format, st.integers(1, 10**12), st.just(MARKER), word),
    }
    taken = [form for sample, form in forms.items() if _takes(field, sample)]
    assert taken, f"{field.toml} takes none of the forms above; add one"
    return taken[0].filter(lambda value: _takes(field, value))


@cache
def addresses_of(field: Field) -> st.SearchStrategy[str]:
    """Addresses with the marker in the password, and in a parameter that is one."""
    assert isinstance(field.kind, Address)
    password = st.text(st.characters(codec="utf-8"), max_size=12).map(lambda text: quote(f"{MARKER}{text}", safe=""))
    form = st.builds(
        "{}://user:{}@host.example/x?password={}".format, st.sampled_from(field.kind.schemes), password, password
    )
    return form.filter(lambda value: _takes(field, value))


def _takes(field: Field, value: str) -> bool:
    try:
        field.kind.read(value)
    except Unfit:
        return False
    return True


def _type_of(field: Field) -> Any:
    holder: Any = Settings
    for name in field.path[:-1]:
        holder = get_type_hints(holder)[name]
    return get_type_hints(holder)[field.path[-1]]


def _mentions_secret(kind: Any) -> bool:
    return kind is Secret or any(_mentions_secret(part) for part in get_args(kind))


@st.composite
def secret_settings(draw: st.DrawFn) -> tuple[Field, str]:
    """Any secret of the settings with a value."""
    field = draw(st.sampled_from([*secret_fields(), *address_fields()]))
    return field, draw(addresses_of(field) if isinstance(field.kind, Address) else values_of(field))
