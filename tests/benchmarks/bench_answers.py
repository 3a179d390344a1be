"""Questions about the sample guides: see `tests/benchmarks/answers`."""

from tests.benchmarks.answers.bench_answers import run

__all__ = ["run"]
