"""The wheel is whole: what is built, installed and run is all of the product, with nothing from the working tree."""

import os
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Collection
from pathlib import Path

import pytest

from tests.architecture.sources import FLOORS, ROOT

# What to find in the wheel for each pattern below a folder of the sources.
CARRIED = {
    "adapters/sql/migrations": ["*.py", "*.mako"],
    "entrypoints/web/templates": ["*.html"],
    "entrypoints/web/static": ["*.js", "*.css"],
    "entrypoints/samples/guides": ["*.md"],
}


def absent(expected: Collection[str], files: Collection[str]) -> list[str]:
    """What is expected and not there."""
    return sorted(set(expected) - set(files))


def run(*command: object, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=os.environ | env,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without the network."""
    folder = tmp_path_factory.mktemp("wheel")
    built = run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    assert built.returncode == 0, built.stdout + built.stderr
    (found,) = folder.glob("guildhall-*.whl")
    return found


@pytest.fixture(scope="module")
def files(wheel: Path) -> list[str]:
    """The names of the files in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel installed and nothing else."""
    folder = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target", folder, wheel]
    result = run(*pip, cwd=folder)
    assert result.returncode == 0, result.stdout + result.stderr
    return folder


@pytest.mark.parametrize("folder", CARRIED)
def test_packaging_wheel_data_files_carried(folder: str, files: list[str]) -> None:
    expected = {
        pattern: [path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob(pattern)]
        for pattern in CARRIED[folder]
    }

    assert all(expected.values()), f"nothing to carry: {expected}"
    assert absent([name for names in expected.values() for name in names], files) == []


def test_packaging_wheel_code_and_types_carried(files: list[str]) -> None:
    code = [path.relative_to(ROOT).as_posix() for floor in FLOORS for path in (ROOT / floor).rglob("*.py")]
    typed = [f"{floor}/py.typed" for floor in FLOORS]

    assert absent([*code, *typed], files) == []


def test_packaging_wheel_nothing_but_the_floors(files: list[str]) -> None:
    folders = {name.partition("/")[0] for name in files}

    assert {folder for folder in folders if not folder.endswith(".dist-info")} == set(FLOORS)


def test_packaging_wheel_licence_carried(files: list[str]) -> None:
    assert [name for name in files if name.endswith(".dist-info/licenses/LICENSE")]


def test_packaging_planted_gap_caught() -> None:
    assert absent(["domain/py.typed", "domain/chat.py"], ["domain/chat.py"]) == ["domain/py.typed"]


def test_packaging_installed_packages_import_from_there(installed: Path, tmp_path: Path) -> None:
    script = (
        f"import sys; sys.path.insert(0, {str(installed)!r})\n"
        f"import {', '.join(FLOORS)}, entrypoints.container, domain.chat\n"
        f"print(*[module.__file__ for module in ({', '.join(FLOORS)})], sep='\\n')"
    )

    result = run(sys.executable, "-I", "-c", script, cwd=tmp_path)

    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == [str(installed / floor / "__init__.py") for floor in FLOORS]


def test_packaging_installed_command_tells_version(installed: Path, tmp_path: Path) -> None:
    result = run(
        sys.executable, "-P", installed / "bin" / "guildhall", "--version", cwd=tmp_path, PYTHONPATH=str(installed)
    )

    assert result.returncode == 0, result.stderr
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] in result.stdout
