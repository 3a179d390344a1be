"""What is done again and again while the database is away: told once when that begins, and once when it is over."""

import logging

from domain.errors import Unavailable

logger = logging.getLogger(__name__)


class Outage:
    """One piece of regular work, and whether it waits for something that is away."""

    __slots__ = ("_is_on", "_work")

    def __init__(self, work: str) -> None:
        self._work = work
        self._is_on = False

    def lasts(self, error: Unavailable) -> None:
        """The work could not be done this time."""
        if not self._is_on:
            logger.warning("regular_work_waits", extra={"work": self._work, "reason": error.message})
        self._is_on = True

    def is_over(self) -> None:
        """The work was done; most of the time there was no outage."""
        if self._is_on:
            logger.info("regular_work_goes_on", extra={"work": self._work})
        self._is_on = False
