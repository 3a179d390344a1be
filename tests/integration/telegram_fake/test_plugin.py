"""The plugin as a library user has it: the documentation's test, in a folder and a process of its own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
BLOCKS = re.findall(r"^```python\n(.*?)^```$", (ROOT / "docs/library.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
(OPT_IN,) = (block for block in BLOCKS if block.startswith("pytest_plugins"))
(EXAMPLE,) = (block for block in BLOCKS if "fake_telegram: FakeTelegram" in block)


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Python there, with the project importable and nothing of its configuration."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=os.environ
        | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(("conftest", "outcome"), [(OPT_IN, "1 passed"), ("", "fixture 'fake_telegram' not found")])
def test_plugin_example_of_the_documentation_runs_when_named(tmp_path: Path, conftest: str, outcome: str) -> None:
    (tmp_path / "conftest.py").write_text(conftest)
    (tmp_path / "test_example.py").write_text(EXAMPLE)

    result = run(
        tmp_path, "-m", "pytest", "-p", "no:cacheprovider", "-p", "pytest_asyncio.plugin", "--rootdir", str(tmp_path)
    )

    assert outcome in result.stdout, result.stdout + result.stderr


def test_plugin_fake_itself_needs_neither_pytest_nor_a_client(tmp_path: Path) -> None:
    command = (
        "import sys, adapters.testing.telegram; print({'pytest', 'pytest_asyncio', 'telegram'} & set(sys.modules))"
    )

    result = run(tmp_path, "-c", command)

    assert result.stdout.strip() == "set()", result.stderr


def test_plugin_server_start_does_not_import_the_fake(tmp_path: Path) -> None:
    command = "import sys, entrypoints.cli.main, entrypoints.container; print('adapters.testing' in sys.modules)"

    result = run(tmp_path, "-c", command)

    assert result.stdout.strip() == "False", result.stderr
