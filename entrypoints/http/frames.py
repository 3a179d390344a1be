"""What clients say on a socket: one JSON object a frame, its `type` says which."""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from domain.errors import Invalid, Malformed, TooLarge
from entrypoints.http.refusals import refused_value

Token = Annotated[str, Meta(min_length=1, max_length=8_192)]
ChannelName = Annotated[str, Meta(min_length=1, max_length=100)]
Epoch = Annotated[str, Meta(max_length=100)]
Offset = Annotated[int, Meta(ge=0, le=2**63 - 1)]
RequestId = Annotated[str, Meta(min_length=1, max_length=200, pattern="^[ -~]*$")]


class _Frame(msgspec.Struct, tag_field="type", forbid_unknown_fields=True):
    """Base of all client frames."""


class Authenticate(_Frame, tag="authenticate"):
    """Who the client is: an access token. Sent again before the token ends, it keeps the socket open."""

    token: Token


class Subscribe(_Frame, tag="subscribe"):
    """Hear a channel; with `epoch` and `offset`, what was missed since then comes first."""

    channel: ChannelName
    epoch: Epoch | None = None
    offset: Offset | None = None


class Unsubscribe(_Frame, tag="unsubscribe"):
    """Hear a channel no longer."""

    channel: ChannelName


class Ping(_Frame, tag="ping"):
    """Are you there? Answered with `pong`."""


class Pong(_Frame, tag="pong"):
    """The answer to the server's `ping`."""


class SendMessage(_Frame, tag="send_message"):
    """Write to a session. The same `request_id` again gives the same answer and writes nothing."""

    session_id: UUID
    content: str
    request_id: RequestId


class TypingStart(_Frame, tag="typing_start"):
    """The member writes."""

    session_id: UUID


class TypingStop(_Frame, tag="typing_stop"):
    """The member writes no longer."""

    session_id: UUID


class Cancel(_Frame, tag="cancel"):
    """Stop a reply, keeping what arrived."""

    message_id: UUID
    request_id: RequestId | None = None


ClientFrame = Authenticate | Subscribe | Unsubscribe | Ping | Pong | SendMessage | TypingStart | TypingStop | Cancel


class _Reference(msgspec.Struct):
    request_id: str | None = None
    channel: str | None = None


_decoder: msgspec.json.Decoder[ClientFrame] = msgspec.json.Decoder(ClientFrame)
_references = msgspec.json.Decoder(_Reference)
_TYPES = "authenticate, subscribe, unsubscribe, ping, pong, send_message, typing_start, typing_stop, cancel"


def decode_frame(data: str | bytes, limit: int) -> ClientFrame:
    """The frame. Raises `TooLarge` over `limit` bytes, `Malformed` for what is no text frame of JSON, `Invalid`."""
    if len(data) > limit or (isinstance(data, str) and len(data.encode()) > limit):
        raise TooLarge(f"A frame holds at most {limit} bytes; send less at once.", limit_bytes=limit)
    if isinstance(data, bytes):
        raise Malformed("The frame is binary; send JSON in text frames.")
    try:
        return _decoder.decode(data)
    except msgspec.ValidationError as error:
        if "`$.type`" in str(error) or "`type`" in str(error):
            raise Invalid.of("type", f"expected one of {_TYPES}") from error
        raise refused_value(str(error)) from error
    except (ValueError, RecursionError) as error:
        raise Malformed("The frame cannot be read; send one JSON object.") from error


def reference_of(data: str | bytes) -> dict[str, str]:
    """What a refused frame said about itself, so that its sender knows which one is meant."""
    try:
        reference = _references.decode(data)
    except (ValueError, RecursionError):
        return {}
    named = {"request_id": reference.request_id, "channel": reference.channel}
    return {name: value[:200] for name, value in named.items() if value is not None}
