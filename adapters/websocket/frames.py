"""What leaves on a socket: each event is encoded once, and the same text goes to everybody."""

from collections.abc import Sequence

import msgspec

from application.ports.realtime import LoggedEvent
from domain.events import Channel

_encoder = msgspec.json.Encoder()


def frame(kind: str, /, **fields: object) -> str:
    """One frame. Fields that are None are left out."""
    body = {"type": kind, **{name: value for name, value in fields.items() if value is not None}}
    return _encoder.encode(body).decode()


def event_frame(event: LoggedEvent, epoch: str) -> str:
    """A durable event with its place in the log; the payload's bytes are spliced in as they are stored."""
    head = _encoder.encode({"type": event.type, "channel": event.channel, "epoch": epoch, "offset": event.offset})
    body = event.payload.strip()[1:]
    return (head[:-1] + (b"}" if body.lstrip() == b"}" else b"," + body)).decode()


def delta_head(channel: Channel, message_id: str, generation: int) -> str:
    """What every delta of a reply begins with."""
    fields = {"type": "message_delta", "channel": channel, "message_id": message_id, "generation": generation}
    return _encoder.encode(fields).decode()[:-1]


def delta_frame(head: str, position: int, text: str) -> str:
    """The next piece of a running reply."""
    return f'{head},"position":{position},"text":{_encoder.encode(text).decode()}}}'


def session_id_of(channel: Channel) -> str:
    """The session whose channel this is."""
    return channel.removeprefix("session:")


def several(frames: Sequence[str]) -> str:
    """Several frames as one: a JSON array."""
    return f"[{','.join(frames)}]"
