"""The socket that the server listens on, and why there is none."""

import errno
import os
import socket

from application.ports.system import CannotStart
from entrypoints.settings import Settings

_BACKLOG = 2048


def listener(settings: Settings) -> socket.socket:
    """Listen on the configured address. Raises `CannotStart` with what to do."""
    host, port = settings.http.host, settings.http.port
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise CannotStart(
            f"{host}:{port} cannot be listened on: {reason(error)}. "
            "Stop what uses it, or choose another with --host, --port or GUILDHALL_HTTP_PORT."
        ) from error
    # What is accepted inherits it; asyncio's own loop sets it on no socket made this way, and small answers wait.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def reason(error: OSError) -> str:
    """Why an address cannot be listened on, in words."""
    if error.errno == errno.EADDRINUSE:
        return "it is in use"
    # `create_server` adds what it attempted; errors of names are numbered below zero, and known to themselves alone.
    return os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or str(error)
