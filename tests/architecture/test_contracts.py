"""Every import contract names real modules, and catches a violation planted in a copy of the tree."""

import fnmatch
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.sources import FLOORS, ROOT, modules

PLANTS = {
    "floors": [
        ("domain/planted.py", "import application"),
        ("domain/planted.py", "def late():\n    import adapters"),
        ("application/planted.py", "import adapters.sql"),
        ("application/chat/planted.py", "import entrypoints"),
        ("adapters/sql/planted.py", "import entrypoints.settings"),
        ("adapters/planted/__init__.py", "from entrypoints import settings"),
    ],
    "composition": [
        ("entrypoints/planted.py", "import adapters.sql"),
        ("entrypoints/cli/planted.py", "from adapters import memory"),
        ("entrypoints/http/planted.py", "import adapters"),
        ("application/planted.py", "import adapters.memory"),
    ],
    "ports": [
        ("adapters/sql/planted.py", "import application.chat"),
        ("adapters/planted/__init__.py", "from application.guides import x"),
        ("adapters/memory/planted.py", "import application.realtime"),
    ],
    "ports-first": [
        ("application/ports/planted.py", "import application.chat"),
        ("application/ports/planted.py", "from application.identity import x"),
        ("application/words.py", "import application.guides"),
    ],
    "technologies": [
        ("adapters/memory/planted.py", "import adapters.sql"),
        ("adapters/planted/__init__.py", "from adapters.memory import x"),
        ("adapters/security/planted.py", "import adapters.websocket"),
        ("adapters/telegram/planted.py", "import adapters.testing"),
    ],
    "deliveries": [
        ("entrypoints/http/planted.py", "from entrypoints import web"),
        ("entrypoints/web/planted.py", "import entrypoints.http"),
        ("entrypoints/worker/__init__.py", "import entrypoints.cli"),
        ("entrypoints/worker/__init__.py", "import entrypoints.http"),
        ("entrypoints/http/planted.py", "import entrypoints.runtime"),
    ],
}


def contracts() -> dict[str, dict[str, Any]]:
    """The contracts of pyproject.toml by id."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return {one["id"]: one for one in config["tool"]["importlinter"]["contracts"]}


def expressions(contract: dict[str, Any]) -> Iterator[str]:
    """What a contract says of modules, exceptions left out; a layer in parentheses need not exist yet."""
    for key in ("layers", "modules", "source_modules", "forbidden_modules", "protected_modules", "allowed_importers"):
        for entry in contract.get(key, []):
            yield from (name.strip() for name in entry.split("|"))


def required(contract: dict[str, Any]) -> list[str]:
    """What has to match a module."""
    return [name for name in expressions(contract) if not name.startswith("(")]


def unmatched(names: Iterable[str], real: set[str]) -> list[str]:
    """The expressions that match no module: nothing at all, or for a wildcard less than two."""
    return [name for name in names if len(matches(name, real)) < (2 if "*" in name else 1)]


def matches(expression: str, real: set[str]) -> set[str]:
    """The modules that an expression names; `*` stands for one part."""
    depth = expression.count(".")
    return {name for name in fnmatch.filter(real, expression) if name.count(".") == depth}


def lint(tree: Path, contract: str) -> subprocess.CompletedProcess[str]:
    """Check one contract in a tree, in a process of its own: this one has imported the real packages."""
    command = "from importlinter.cli import lint_imports_command as lint; lint()"
    return subprocess.run(
        [sys.executable, "-c", command, "--no-logo", "--no-cache", "--contract", contract],
        cwd=tree,
        env=os.environ | {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the sources and the contracts."""
    for floor in FLOORS:
        shutil.copytree(
            ROOT / floor, tmp_path / floor, ignore=shutil.ignore_patterns("__pycache__", "samples", "static")
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.mark.parametrize("contract", contracts())
def test_contract_expressions_match_real_modules(contract: str) -> None:
    names = required(contracts()[contract])

    assert len(names) > 1 or "*" in names[0]
    assert unmatched(names, modules()) == []


def test_contract_testing_may_import_other_adapters(tree: Path) -> None:
    (tree / "adapters/testing/planted.py").write_text("import adapters.sql\nfrom adapters import websocket\n")

    result = lint(tree, "technologies")

    assert result.returncode == 0, result.stdout + result.stderr


def test_contract_expression_without_module_is_caught() -> None:
    real = {"adapters", "adapters.sql", "adapters.sql.guides"}

    assert unmatched(["adapters.sql", "adapters.nosuch", "adapters.*"], real) == ["adapters.nosuch", "adapters.*"]


def test_contract_every_adapter_package_is_covered() -> None:
    packages = {f"adapters.{path.parent.name}" for path in (ROOT / "adapters").glob("*/__init__.py")}
    (expression,) = contracts()["technologies"]["modules"]

    assert packages
    assert packages <= matches(expression, modules())


def test_contract_every_delivery_is_covered() -> None:
    packages = {f"entrypoints.{path.parent.name}" for path in (ROOT / "entrypoints").glob("*/__init__.py")}

    assert packages
    assert packages <= {name.strip("()") for name in expressions(contracts()["deliveries"])}


def test_contract_helpers_of_adapters_are_held_apart() -> None:
    allowed = {line.partition(" -> ")[2].removesuffix(".**") for line in contracts()["ports"]["ignore_imports"]}

    assert allowed == set(contracts()["ports-first"]["source_modules"])


def test_contract_every_contract_has_plants() -> None:
    assert set(PLANTS) == set(contracts())


@pytest.mark.parametrize("contract", PLANTS)
def test_contract_real_tree_keeps_it(contract: str, tree: Path) -> None:
    result = lint(tree, contract)

    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("contract", "path", "text"), [(contract, *plant) for contract, plants in PLANTS.items() for plant in plants]
)
def test_contract_planted_violation_breaks_it(contract: str, path: str, text: str, tree: Path) -> None:
    planted = tree / path
    planted.parent.mkdir(exist_ok=True)
    planted.write_text(text + "\n")

    result = lint(tree, contract)

    assert result.returncode == 1, result.stdout + result.stderr
    assert path.removesuffix(".py").removesuffix("/__init__").replace("/", ".") in result.stdout
    assert "BROKEN" in result.stdout
