"""`guildhall serve`: the web pages, the API and the sockets in one process."""

from pathlib import Path

import click

from entrypoints.cli.ending import complain
from entrypoints.cli.session import Invocation, pass_invocation, prepare_data_dir
from entrypoints.cli.whereabouts import written_down
from entrypoints.settings import Settings


@click.command(name="serve")
@click.option("--host", help="The address to listen on.")
@click.option("--port", type=int, help="The port to listen on; 0 takes a free one.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="The folder of the database and the signing key.")
@pass_invocation
def command(invocation: Invocation, host: str | None, port: int | None, data_dir: Path | None) -> None:
    """Serve until Ctrl-C or SIGTERM: then sockets are told, replies end or are kept as far as they came.

    \b
    Examples:
      guildhall serve
      guildhall serve --port 8001
      GUILDHALL_PUBLIC_URL=https://guild.example.org guildhall serve
    """
    invocation.data_dir = data_dir or invocation.data_dir
    settings = invocation.settings({"http.host": host, "http.port": port})
    from entrypoints.runtime import serve

    prepare_data_dir(settings)
    for warning in warnings(settings):
        complain(warning)
    with written_down(settings):
        serve(settings)


def warnings(settings: Settings) -> list[str]:
    """What will not work as it is set up, though it may be served."""
    if not settings.secure_cookies or settings.base_url.startswith("https://"):
        return []
    text = (
        f"warning: {settings.http.host} is listened on over plain http, and browsers keep the sign-in only over https. "
        "Put a TLS proxy in front and set GUILDHALL_PUBLIC_URL=https://…, or listen on 127.0.0.1."
    )
    return [text]
