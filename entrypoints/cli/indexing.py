"""`guildhall guides index`: the search index made complete, or made anew."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import Progress, TaskID

from application.guides.reindexing import Reindexed
from application.ports.embedding import EmbedderUnavailable
from domain.identity import OPERATOR
from entrypoints.cli.ending import Refused, complain
from entrypoints.cli.session import Invocation, pass_invocation
from entrypoints.container import Container

# More threads than that gain little, and a machine has other work.
MAX_THREADS = 4


@click.command(name="index")
@click.option("--all", "everything", is_flag=True, help="Divide and analyse every guide again, too.")
@pass_invocation
def index(invocation: Invocation, *, everything: bool) -> None:
    """Give every passage of the guides that has none its vector, by which questions in other words find it.

    `import` and a running server do that by themselves. With --all the whole search index is made anew: do it after an
    update whose notes ask for it. It may be stopped at any time; run it again for the rest.

    \b
    Examples:
      guildhall guides index
      guildhall guides index --all
    """

    async def rebuild(container: Container) -> int:
        done = 0
        with _bar("Indexing", None) as (progress, task):
            async for step in container.guide_reindexing().rebuild(OPERATOR):
                done = _advanced(progress, task, step)
        return done

    async def complete(container: Container) -> int:
        await container.passage_embedding().require_embedder()
        return await _embed(container)

    if everything:
        click.echo(f"{invocation.run(rebuild)} guides indexed anew.")
    try:
        click.echo(f"{invocation.run(complete)} passages embedded.")
    except EmbedderUnavailable as error:
        raise Refused(f"questions are answered by words only: {error}") from error


async def embed_after_import(container: Container) -> None:
    """Embed what lacks a vector; where nothing can be embedded, say so and go on."""
    try:
        await _embed(container)
    except EmbedderUnavailable as error:
        if container.settings().guides.semantic == "on":
            complain(f"note: questions are answered by words only: {error}")


async def _embed(container: Container) -> int:
    embedding = container.passage_embedding()
    total, done = await embedding.count_lacking(), 0
    with _bar("Embedding", total) as (progress, task):
        async for more in embedding.embed_lacking(OPERATOR, at_once=min(os.cpu_count() or 1, MAX_THREADS)):
            done += more
            progress.update(task, completed=done)
    return done


def _advanced(progress: Progress, task: TaskID, step: Reindexed) -> int:
    progress.update(task, total=step.total, completed=step.done)
    return step.done


@contextmanager
def _bar(title: str, total: int | None) -> Iterator[tuple[Progress, TaskID]]:
    """A progress bar on a terminal's standard error."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        yield progress, progress.add_task(title, total=total)
