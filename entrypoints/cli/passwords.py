"""Passwords, asked for at a terminal or read from a pipe: on the command line everybody on the machine sees them."""

import sys

import click

from domain.errors import Invalid


def new_password() -> str:
    """A password typed twice without echo, or the one line of a piped standard input; raises `Invalid` without any."""
    if sys.stdin.isatty():
        answer: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
        return answer
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise Invalid.of("password", "expected one line on standard input, or a terminal to ask at")
    return line
