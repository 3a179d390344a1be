"""The project's own sources, as the architecture tests read them."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
FLOORS = ("domain", "application", "adapters", "entrypoints")


@dataclass(frozen=True)
class Source:
    """One Python file: its path from the root of the project, and its text."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed file."""
        return ast.parse(self.text, self.path)

    @cached_property
    def names(self) -> dict[str, str]:
        """What each imported name stands for: `sleep` for `time.sleep`, `t` for `time`."""
        found: dict[str, str] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    found[alias.asname or alias.name.partition(".")[0]] = (
                        alias.name if alias.asname else alias.name.partition(".")[0]
                    )
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                for alias in node.names:
                    found[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        return found

    def imported(self, node: ast.expr) -> str:
        """The full name of what an expression took from an import; empty for anything else, local names included."""
        if isinstance(node, ast.Name):
            return self.names.get(node.id, "")
        if isinstance(node, ast.Attribute):
            owner = self.imported(node.value)
            return f"{owner}.{node.attr}" if owner else ""
        return ""

    def uses(self) -> Iterator[tuple[int, str]]:
        """Every import and every use of what was imported, in full, with its line."""
        yield from self.imports()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Name | ast.Attribute):
                yield node.lineno, self.imported(node)

    def imports(self) -> Iterator[tuple[int, str]]:
        """Every imported name in full, with its line."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                module = "." * node.level + (node.module or "")
                yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)

    def calls(self) -> Iterator[tuple[ast.Call, str]]:
        """Every call of something imported, with its full name."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call) and (name := self.imported(node.func)):
                yield node, name

    def cases(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        """The test functions."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
                yield node


def sources(*folders: str) -> list[Source]:
    """All Python files below the folders, generated ones left out."""
    paths = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return [Source(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) for path in paths]


def modules() -> set[str]:
    """The names of all modules and packages of the four floors."""
    found: set[str] = set()
    for source in sources(*FLOORS):
        parts = source.path.removesuffix(".py").removesuffix("/__init__").split("/")
        found.add(".".join(parts))
    return found
