"""The event that is told: 200 bytes of JSON, whoever tells it."""

import msgspec

SIZE = 200


def event(offset: int, epoch: str = "benchmark") -> bytes:
    """One event as it stands in a frame."""
    head = msgspec.json.encode({"type": "system_update", "channel": "system", "epoch": epoch, "offset": offset})
    return head[:-1] + b"," + payload(offset, epoch)[1:]


def payload(offset: int, epoch: str) -> bytes:
    """The event's own fields, as many bytes as are left."""
    place = msgspec.json.encode({"type": "system_update", "channel": "system", "epoch": epoch, "offset": offset})
    empty = b'{"change":"benchmark","text":""}'
    return empty[:-2] + b"x" * (SIZE - len(place) - len(empty) + 1) + empty[-2:]
