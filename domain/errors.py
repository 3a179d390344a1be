"""Every way a rule can refuse. Each error has a stable `code`; entrypoints own the tables from code to answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field of the input that does not hold: where it is, what was expected."""

    field: str
    message: str


class GuildhallError(Exception):
    """Base of all errors that a caller may show. `message` says what happened, what was expected and what to do.

    Where `details` names a `rule`, it is stable, as `code` is: for entrypoints that say it in words of their own.
    """

    code: ClassVar[str]

    def __init__(self, message: str, **details: object) -> None:
        super().__init__(message)
        self.message = message
        self.details: Mapping[str, object] = details

    @property
    def public_message(self) -> str:
        """What a client over the network is told."""
        return self.message


class Malformed(GuildhallError):
    """The input cannot be read at all."""

    code = "malformed"


class NotSignedIn(GuildhallError):
    """Nobody is signed in, or the proof of it does not hold. Never says which part was wrong."""

    code = "not_signed_in"


class InvalidCredentials(NotSignedIn):
    """The account and the password do not belong together, whichever of the two is wrong."""

    code = "invalid_credentials"


class InvalidToken(NotSignedIn):
    """A token is forged, ended, used up or not one of ours."""

    code = "invalid_token"


class NotAllowed(GuildhallError):
    """The actor's role does not reach, and the existence of the thing is no secret."""

    code = "not_allowed"


class NotFound(GuildhallError):
    """Absent, or somebody else's: the two look the same from outside."""

    code = "not_found"


class Conflict(GuildhallError):
    """The change contradicts what is already there."""

    code = "conflict"


class StaleVersion(Conflict):
    """The object changed since it was read."""

    code = "stale_version"


class TooLarge(GuildhallError):
    """The input is larger than the limit in `details["limit_bytes"]`."""

    code = "too_large"


class Invalid(GuildhallError):
    """Well-formed, but one or more fields break a rule. `fields` names each of them."""

    code = "invalid"

    def __init__(self, message: str, fields: Sequence[FieldError] = (), **details: object) -> None:
        super().__init__(message, **details)
        self.fields = tuple(fields)

    @classmethod
    def of(cls, field: str, message: str) -> "Invalid":
        """One field's refusal."""
        return cls(f"{field}: {message}", [FieldError(field, message)])


class TooManyRequests(GuildhallError):
    """A limit was reached; try again after `retry_after`."""

    code = "too_many_requests"

    def __init__(self, message: str, retry_after: timedelta, **details: object) -> None:
        super().__init__(message, **details)
        self.retry_after = retry_after


class Unavailable(GuildhallError):
    """Something this needs does not answer now. Nothing was changed.

    `message` says what the operator has to mend, for the log and the terminal. Clients hear it where it `is_public`.
    """

    code = "unavailable"

    def __init__(self, message: str, *, is_public: bool = False, **details: object) -> None:
        super().__init__(message, **details)
        self.is_public = is_public

    @property
    def public_message(self) -> str:
        """That it does not work, and no more, unless the message was written for clients."""
        return self.message if self.is_public else "Something this needs does not answer now; try again later."


class Checks:
    """Collects the refusals of several fields, so that one answer names them all."""

    def __init__(self) -> None:
        self._fields: list[FieldError] = []

    def require(self, holds: bool, field: str, message: str) -> None:
        """Note a refusal of `field` unless the condition holds."""
        if not holds:
            self._fields.append(FieldError(field, message))

    def finish(self) -> None:
        """Raise `Invalid` with every refusal noted so far."""
        if self._fields:
            raise Invalid("; ".join(f"{error.field}: {error.message}" for error in self._fields), self._fields)
