"""`guildhall serve`: the web pages, the API and the sockets in one process."""

from pathlib import Path
from urllib.parse import urlsplit

import click

from entrypoints.cli.ending import Refused, complain
from entrypoints.cli.session import Invocation, pass_invocation, require_data_dir
from entrypoints.cli.whereabouts import running, taken, written_down
from entrypoints.listening import listener
from entrypoints.settings import Settings, require_rules


@click.command(name="serve")
@click.option("--host", help="The address to listen on.")
@click.option("--port", type=int, help="The port to listen on; 0 takes a free one.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="The folder of the database and the signing key.")
@click.option("--check", is_flag=True, help="Only say what keeps the address from being listened on; serve nothing.")
@pass_invocation
def command(invocation: Invocation, host: str | None, port: int | None, data_dir: Path | None, *, check: bool) -> None:
    """Serve until Ctrl-C or SIGTERM: then sockets are told, replies end or are kept as far as they came.

    \b
    Examples:
      guildhall serve
      guildhall serve --port 8001
      GUILDHALL_PUBLIC_URL=https://guild.example.org guildhall serve
    """
    invocation.data_dir = data_dir or invocation.data_dir
    settings = invocation.settings({"http.host": host, "http.port": port})
    require_rules(settings)
    refuse_second(settings)
    if check:
        listener(settings).close()
        return
    from entrypoints.runtime import serve

    require_data_dir(settings)
    for warning in warnings(settings):
        complain(warning)
    with written_down(settings):
        serve(settings)


def refuse_second(settings: Settings) -> None:
    """Raise `Refused` when what has the address is a server of this data folder."""
    if (address := running(settings)) and urlsplit(address).port == settings.http.port and taken(settings):
        raise Refused(
            f"Guildhall already runs on {address} with the data folder {settings.data_dir}. Open it there; or stop it, "
            "or choose another port with --port or GUILDHALL_HTTP_PORT."
        )


def warnings(settings: Settings) -> list[str]:
    """What will not work as it is set up, though it may be served."""
    if not settings.secure_cookies or settings.base_url.startswith("https://"):
        return []
    text = (
        f"warning: {settings.http.host} is listened on over plain http, and browsers keep the sign-in only over https. "
        "Put a TLS proxy in front and set GUILDHALL_PUBLIC_URL=https://…, or listen on 127.0.0.1."
    )
    return [text]
