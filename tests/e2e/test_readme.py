"""The scripts of the README and of the page about the library run as they stand there."""

import re
import subprocess
import sys
from pathlib import Path

from tests.e2e.conftest import REPOSITORY, clean_environment

README = (REPOSITORY / "README.md").read_text()
LIBRARY = (REPOSITORY / "docs/library.md").read_text(encoding="utf-8")


def _blocks(language: str, page: str = README) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def _run(script: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    file = folder / "script.py"
    file.write_text(script)
    environment = {**clean_environment(), "PYTHONPATH": str(REPOSITORY), "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        [sys.executable, "-W", "error", str(file)],
        cwd=folder,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def test_readme_script_runs_and_prints_what_it_says(tmp_path: Path) -> None:
    (script,) = _blocks("python")
    (printed,) = _blocks("text")
    done = _run(script, tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, printed, "")


def test_readme_script_leaves_nothing_behind(tmp_path: Path) -> None:
    (script,) = _blocks("python")
    assert _run(script, tmp_path).returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["script.py"]


def test_library_scripts_run_as_they_stand_there(tmp_path: Path) -> None:
    on_sqlite, with_a_clock = (block for block in _blocks("python", LIBRARY) if "asyncio.run(main())" in block)
    done = _run(on_sqlite, tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "invalid ['title']\n{'risk': 1}\n", "")
    assert (tmp_path / "house" / "guildhall.db").exists()
    done = _run(with_a_clock, tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "2026-01-05 12:00:00+00:00\n", "")


def test_readme_commands_are_those_of_the_command_line() -> None:
    named = set(re.findall(r"`guildhall (\w+)", README))
    listed = subprocess.run(
        [sys.executable, "-m", "entrypoints.cli.main", "--help"],
        cwd=REPOSITORY,
        env=clean_environment(),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=True,
    )
    known = set(re.findall(r"^  (\w+)  ", listed.stdout.partition("Commands:")[2], re.MULTILINE))
    assert named == known
