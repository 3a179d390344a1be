"""Announcements within one process."""

import logging
from collections.abc import Callable

from application.ports.realtime import Announcement, Bus, Listener

logger = logging.getLogger(__name__)


class InMemoryBus(Bus):
    """Tells every listener at once, in the order they began to listen.

    A listener that raises is logged; the publisher and the other listeners do not notice.
    """

    def __init__(self) -> None:
        self._listeners: dict[object, Listener] = {}

    def publish(self, announcement: Announcement) -> None:
        for listener in tuple(self._listeners.values()):
            try:
                listener(announcement)
            except Exception:
                logger.exception("bus listener failed", extra={"announcement": type(announcement).__name__})

    def listen(self, listener: Listener) -> Callable[[], None]:
        key = object()
        self._listeners[key] = listener

        def stop() -> None:
            self._listeners.pop(key, None)

        return stop
