"""Runs the benchmarks: `python -m tests.benchmarks [NAME…]`.

A benchmark is a module `bench_<name>.py` beside this file with a function `run()`, plain or async, that returns
`Result`s. All figures go into a table and into `build/bench.json`. Exit code 1 when a figure misses its bound, 2 when
a name is unknown.
"""

import asyncio
import importlib
import inspect
import json
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.benchmarks.result import Result

HERE = Path(__file__).parent
REPORT = Path("build/bench.json")


def names() -> list[str]:
    """The benchmarks there are."""
    return sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))


def measure(name: str) -> Sequence[Result]:
    """Run one benchmark."""
    found = importlib.import_module(f"tests.benchmarks.bench_{name}").run()
    return asyncio.run(found) if inspect.iscoroutine(found) else found


def show(console: Console, results: Sequence[Result]) -> None:
    """Print a table of figures."""
    table = Table("benchmark", "figure", "value", "bound", "held")
    for result in results:
        held = {True: "yes", False: "[bold red]no[/]", None: ""}[result.held]
        table.add_row(result.benchmark, result.figure, f"{result.value:,.3f} {result.unit}", result.bound_text, held)
    console.print(table)
    for result in results:
        if result.note:
            console.print(f"{result.benchmark}, {result.figure}: {result.note}", markup=False)


def save(results: Sequence[Result]) -> None:
    """Write the figures and the machine they were taken on."""
    report = {
        "taken_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "python": platform.python_version(),
        "machine": platform.platform(),
        "results": [asdict(result) | {"held": result.held} for result in results],
    }
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps(report, indent=2) + "\n")


def main(wanted: Sequence[str]) -> int:
    """Run the named benchmarks, or all."""
    console = Console()
    there = names()
    unknown = [name for name in wanted if name not in there]
    if unknown:
        known = ", ".join(there) or "none"
        console.print(f"No benchmark is called {', '.join(unknown)}; there are: {known}.", style="red")
        return 2
    results: list[Result] = []
    for name in wanted or there:
        console.print(f"Measuring {name} …")
        results.extend(measure(name))
    show(console, results)
    save(results)
    console.print(f"Written to {REPORT}.")
    return 1 if any(result.held is False for result in results) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
