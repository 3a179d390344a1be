"""Many sockets that have something to write, written one after another."""

import asyncio
import logging
from typing import Protocol

logger = logging.getLogger(__name__)


class Writer(Protocol):
    """Has something to write."""

    def write(self) -> None:
        """Write what can be written without waiting."""
        ...


class EndOfTurn:
    """Writes, at the end of the present turn of the loop, what was put in it: one call of the loop for all sockets."""

    __slots__ = ("_due",)

    def __init__(self) -> None:
        self._due: list[Writer] = []

    def add(self, writer: Writer) -> None:
        """This one has something to write."""
        if not self._due:
            asyncio.get_running_loop().call_soon(self._write)
        self._due.append(writer)

    def _write(self) -> None:
        due, self._due = self._due, []
        for writer in due:
            try:
                writer.write()
            except Exception:
                logger.exception("frames_not_written")
