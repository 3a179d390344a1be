"""A session's messages as its events tell them, running replies included. No socket, no clock."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from adapters.client.events import Event

STREAMING = "streaming"
_MESSAGE_EVENTS = frozenset({"new_message", "message_updated", "message_completed"})


@dataclass(slots=True)
class _Running:
    """What a generation of a reply has said so far."""

    generation: int
    text: str = ""


class Transcript:
    """Folds a channel's events, applied in order, into messages; applying one twice changes nothing."""

    def __init__(self, messages: Iterable[Mapping[str, Any]] = ()) -> None:
        self._messages: dict[str, Mapping[str, Any]] = {}
        self._running: dict[str, _Running] = {}
        self.load(messages)

    @property
    def messages(self) -> list[Mapping[str, Any]]:
        """The messages as they were last told, in the order of `seq`."""
        return sorted(self._messages.values(), key=lambda message: int(message["seq"]))

    def text(self, message_id: str) -> str:
        """What the message says by now, a running reply as far as it got; raises `KeyError` for an unknown one."""
        running = self._running.get(message_id)
        return running.text if running is not None else str(self._messages[message_id]["content"])

    def load(self, messages: Iterable[Mapping[str, Any]]) -> None:
        """Begin anew from messages that were read by HTTP. Running replies come again with the next snapshot."""
        self._messages.clear()
        self._running.clear()
        for message in messages:
            self._put(message)

    def apply(self, event: Event) -> bool:
        """Take an event of the session's channel; False when a piece before it is missing: `resubscribe` then."""
        if event.type in _MESSAGE_EVENTS:
            self._put(event.body["message"])
        elif event.type == "message_snapshot" and self._is_under_way(event.body):
            self._running[event.body["message_id"]] = _Running(event.body["generation"], event.body["text"])
        elif event.type == "message_delta" and self._is_under_way(event.body):
            return self._grow(event.body)
        return True

    def _grow(self, piece: Mapping[str, Any]) -> bool:
        known = self._running.get(piece["message_id"])
        if known is None or known.generation < piece["generation"]:
            known = _Running(piece["generation"])
        missing = piece["position"] - len(known.text)
        if missing > 0:
            return False
        known.text += piece["text"][-missing:] if missing else piece["text"]
        self._running[piece["message_id"]] = known
        return True

    def _put(self, message: Mapping[str, Any]) -> None:
        known = self._messages.get(message["id"])
        if known is not None and known["version"] >= message["version"]:
            return
        self._messages[message["id"]] = message
        running = self._running.get(message["id"])
        if running is not None and not self._is_ahead(running.generation, message):
            del self._running[message["id"]]

    def _is_under_way(self, piece: Mapping[str, Any]) -> bool:
        """Whether a piece belongs to what is written now, not to an earlier generation or to one that has ended."""
        running, message = self._running.get(piece["message_id"]), self._messages.get(piece["message_id"])
        if running is not None and running.generation > piece["generation"]:
            return False
        return message is None or self._is_ahead(piece["generation"], message)

    @staticmethod
    def _is_ahead(generation: int, message: Mapping[str, Any]) -> bool:
        current = int(message["generation"])
        return generation > current or (generation == current and message["status"] == STREAMING)
