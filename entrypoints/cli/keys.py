"""`guildhall keys`: the keys that sign tokens."""

import click

from entrypoints.cli.ending import Refused
from entrypoints.cli.session import Invocation, pass_invocation, prepare_data_dir


@click.group(name="keys")
def command() -> None:
    """The keys that sign tokens: rotate.

    \b
    Examples:
      guildhall keys rotate
    """


@command.command()
@click.option("--at-once", is_flag=True, help="Drop all former keys now, as when one has leaked: access tokens end.")
@pass_invocation
def rotate(invocation: Invocation, *, at_once: bool) -> None:
    """Make a new key that signs from now on. Nobody is signed out; a running server notices within half a minute.

    Former keys are kept until the tokens they signed have ended, and dropped at the next rotation after that. With
    --at-once a running server may accept them for half a minute more, unless it is restarted.

    \b
    Examples:
      guildhall keys rotate
      guildhall keys rotate --at-once
    """
    settings = invocation.settings()
    if settings.secret_key is not None:
        raise Refused(
            "the key comes from the settings: give the new one as GUILDHALL_SECRET_KEY and the former one in "
            "GUILDHALL_PREVIOUS_SECRET_KEYS, restart, and take it out after an hour"
        )
    from entrypoints.container import sql_container

    prepare_data_dir(settings)
    container = sql_container(settings)
    rotation = container.rotate_keys(container.clock().now(), at_once=at_once)
    click.echo(f"New key: {rotation.current}. Kept: {_listed(rotation.kept)}. Dropped: {_listed(rotation.dropped)}.")
    if rotation.dropped:
        click.echo(
            "A running server may accept a dropped key for "
            f"{rotation.noticed_within.total_seconds():.0f} seconds more; restart it to end that now."
        )


def _listed(kids: tuple[str, ...]) -> str:
    return ", ".join(kids) or "none"
