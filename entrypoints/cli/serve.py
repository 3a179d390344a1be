"""`guildhall serve`: the web pages, the API and the sockets in one process."""

from pathlib import Path

import click

from entrypoints.cli.session import Invocation, pass_invocation, prepare_data_dir, refusals


@click.command(name="serve")
@click.option("--host", help="The address to listen on.")
@click.option("--port", type=int, help="The port to listen on; 0 takes a free one.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="The folder of the database and the signing key.")
@pass_invocation
def command(invocation: Invocation, host: str | None, port: int | None, data_dir: Path | None) -> None:
    """Serve until Ctrl-C or SIGTERM: then sockets are told, replies end or are kept as far as they came."""
    invocation.data_dir = data_dir or invocation.data_dir
    settings = invocation.settings({"http.host": host, "http.port": port})
    from entrypoints.runtime import serve

    with refusals():
        prepare_data_dir(settings)
        serve(settings)
