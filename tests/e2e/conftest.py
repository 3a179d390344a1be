"""Instances as operators have them: a data folder, and the command `guildhall` on it."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

COMMAND = (sys.executable, "-m", "entrypoints.cli.main")
REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def problems(self) -> list[str]:
        """The lines on standard error."""
        return self.err.splitlines()


def clean_environment() -> dict[str, str]:
    """Ours, without anybody's settings."""
    unwanted = ("GUILDHALL_", "TELEGRAM_", "COV_")
    return {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}


@dataclass(frozen=True)
class Instance:
    """An instance whose data is in `folder`; its commands run as processes."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.folder / "guildhall.db"

    @property
    def environment(self) -> dict[str, str]:
        """The environment of this instance's processes."""
        return {
            **clean_environment(),
            "PYTHONPATH": str(REPOSITORY),
            "GUILDHALL_DATA_DIR": str(self.folder),
            **self.settings,
        }

    def start(
        self,
        *arguments: object,
        under: tuple[str, ...] = (),
        text_input: bool = False,
        output: int = subprocess.PIPE,
    ) -> "subprocess.Popen[str]":
        """A command that runs, `under` a program that restricts it; the caller waits for it."""
        return subprocess.Popen(
            [*under, *COMMAND, *map(str, arguments)],
            env=self.environment,
            cwd=self.folder.parent,
            stdin=subprocess.PIPE if text_input else subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: object, given: str = "", under: tuple[str, ...] = ()) -> Outcome:
        """A command's outcome; `given` is its standard input."""
        process = self.start(*arguments, under=under, text_input=True)
        out, err = process.communicate(given, timeout=60)
        return Outcome(process.returncode, out, err)


@pytest.fixture(scope="session")
def prepared_instance(tmp_path_factory: pytest.TempPathFactory) -> Instance:
    """An instance with the newest schema, an owner and the sample guides; copied, never used."""
    instance = Instance(tmp_path_factory.mktemp("prepared") / "data")
    outcome = instance.run("init")
    assert outcome.code == 0, outcome.err
    return instance


@pytest.fixture
def instance(prepared_instance: Instance, tmp_path: Path) -> Instance:
    """A fresh copy of a prepared instance."""
    return Instance(shutil.copytree(prepared_instance.folder, tmp_path / "data"))


@pytest.fixture
def empty_instance(tmp_path: Path) -> Instance:
    """An instance on which nothing was ever run. Its processes embed nothing: that is most of the time of `init`."""
    return Instance(tmp_path / "data", {"GUILDHALL_GUIDES_SEMANTIC": "off"})
