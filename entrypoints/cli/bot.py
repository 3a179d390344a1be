"""`guildhall bot`: the bot alone, on the terminal too; its webhook and its inbox."""

import sys

import click

from entrypoints.cli.bot_inbox import inbox
from entrypoints.cli.bot_webhook import webhook
from entrypoints.cli.session import Invocation, pass_invocation, require_data_dir


@click.group(name="bot", invoke_without_command=True)
@click.option("--console", is_flag=True, help="Speak with the bot here, without Telegram.")
@click.option(
    "--telegram-id",
    type=click.IntRange(1, 2**63 - 1),
    default=1,
    show_default=True,
    help="With --console: who you are, by Telegram's id. A new one is registered.",
)
@click.option("--name", default="Console", show_default=True, help="With --console: your first name.")
@click.option("--language", help="With --console: your language, such as en or de.")
@click.pass_context
def command(context: click.Context, *, console: bool, telegram_id: int, name: str, language: str | None) -> None:
    """Run the bot and the assistant without the web, until Ctrl-C or SIGTERM; it polls Telegram.

    With --console you speak with it in the terminal: lines are messages, a button's number presses it, Ctrl-D ends.
    Lines that come from a file or a pipe are read one after the other, each when the one before is answered.

    \b
    Examples:
      guildhall bot
      guildhall bot --console
      printf '/start\\n1\\n' | guildhall bot --console
      guildhall bot webhook set
      guildhall bot inbox list --state error
    """
    if context.invoked_subcommand is None:
        run(console=console, telegram_id=telegram_id, name=name, language=language)


@pass_invocation
def run(invocation: Invocation, *, console: bool, telegram_id: int, name: str, language: str | None) -> None:
    """Run it, as the group's options say."""
    from domain.identity import TelegramProfile
    from entrypoints.telegram_bot.alone import run_bot, run_console

    settings = invocation.settings()
    require_data_dir(settings)
    if console:
        profile = TelegramProfile(telegram_id, first_name=name, language=language)
        run_console(settings, profile, is_scripted=not sys.stdin.isatty())
    else:
        run_bot(settings)


command.add_command(webhook)
command.add_command(inbox)
