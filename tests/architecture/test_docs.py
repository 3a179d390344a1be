"""What the documentation names exists: files, make targets, settings."""

import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from entrypoints.settings.reference import reference
from tests.architecture.sources import FLOORS, ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "docs/decisions").glob("*.md"))]
OTHER_NAMES = {
    "GUILDHALL_CONFIG",
    "GUILDHALL_REQUIRE_SERVICES",
    "GUILDHALL_TEST_POSTGRES_URL",
    "GUILDHALL_TEST_REDIS_URL",
}

_FILE = re.compile(rf"`((?:{'|'.join(FLOORS)}|tests|docs|\.ci)/[\w./-]*)`")
_TARGET = re.compile(r"`make ([a-z-]+)|^make ([a-z-]+)", re.MULTILINE)
_SETTING = re.compile(r"\bGUILDHALL_[A-Z_]+\b")
_LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")


def absent_files(text: str) -> Iterator[str]:
    """Paths of the project that are not there; what is built on demand does not count."""
    yield from (
        name for name in _FILE.findall(text) if not name.startswith("docs/_build") and not (ROOT / name).exists()
    )


def absent_targets(text: str) -> Iterator[str]:
    """Targets that the Makefile does not have."""
    there = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    yield from (name for pair in _TARGET.findall(text) for name in pair if name and name not in there)


def absent_settings(text: str) -> Iterator[str]:
    """Settings that nothing reads."""
    there = {row.env for row in reference()} | OTHER_NAMES
    yield from (name for name in _SETTING.findall(text) if name not in there)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_docs_named_things_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = [link for link in _LINK.findall(text) if not (page.parent / link).exists()]

    assert [*absent_files(text), *absent_targets(text), *absent_settings(text), *links] == []


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (absent_files, "see `domain/nosuch.py`"),
        (absent_targets, "run `make nosuch`"),
        (absent_settings, "set `GUILDHALL_NOSUCH=1`"),
    ],
)
def test_docs_planted_name_caught(check: Callable[[str], Iterator[str]], text: str) -> None:
    assert len(list(check(text))) == 1


def test_docs_reference_has_every_room_of_the_domain_and_every_port() -> None:
    rooms = [path for path in (ROOT / "domain").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()]
    ports = (ROOT / "application/ports").glob("*.py")
    there = {f"domain.{path.stem}" for path in rooms} | {f"application.ports.{path.stem}" for path in ports}

    told = re.findall(r"^\.\. automodule:: (\S+)$", (ROOT / "docs/api.md").read_text(), re.MULTILINE)

    assert sorted(told) == sorted(name for name in there if not name.endswith("__init__"))


def test_docs_decisions_name_their_code() -> None:
    records = sorted((ROOT / "docs/decisions").glob("0*.md"))
    numbers = [int(record.name.split("-")[0]) for record in records]
    silent = [
        record.name for record in records if not _FILE.search(record.read_text().partition("**Enforced by.**")[2])
    ]

    assert numbers == list(range(1, len(records) + 1))
    assert silent == []


def test_docs_version_of_changelog_is_known() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    changelog = (ROOT / "CHANGELOG.md").read_text()

    assert re.search(rf"^## (Unreleased|{re.escape(version)})", changelog, re.MULTILINE)
