"""What a client is told when something is refused."""


class ClientError(Exception):
    """Base of what the client raises. `code` is the server's stable error code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class SignedOut(ClientError):
    """The sign-in has ended, and no new token was to be had: nothing comes any more."""


class SubscriptionRefused(ClientError):
    """The channel is none of the member's, or does not exist."""


class RequestRefused(ClientError):
    """A message or a cancel was refused; nothing was changed."""


class Disconnected(Exception):
    """A socket broke, could not be opened, or was closed. `code` is that of the close frame, 1006 without one."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(f"{code} {reason}".strip())
        self.code = code
        self.reason = reason
