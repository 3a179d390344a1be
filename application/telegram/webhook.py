"""The door of the webhook: who may bring updates."""

import hmac
import logging
from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final, Literal, NoReturn

from application.addresses import neighbourhood
from application.ports.limits import Attempt, Limit, RateLimiter
from application.ports.observability import TelegramMetrics
from application.telegram.intake import UpdateIntake
from domain.errors import NotAllowed, TooLarge, TooManyRequests

MAX_BODY: Final = 1_048_576
REFUSALS = Limit(30, timedelta(minutes=1))
SIGNATURE_PREFIX = "sha256="

Fault = Literal["address", "secret", "size", "signature"]

_log = logging.getLogger(__name__)


class Webhook:
    """Takes in what Telegram brings, or a relay in its place.

    In this order: the caller's address is among `networks` (none lets all in), the secret is the one Telegram was
    given, the body is small enough and, where a signature key is set, signed with it. Then it is kept, whatever it is.
    Failures of these checks are limited per address.
    """

    def __init__(
        self,
        intake: UpdateIntake,
        limiter: RateLimiter,
        metrics: TelegramMetrics,
        bot_id: int,
        *,
        networks: Sequence[IPv4Network | IPv6Network] = (),
        secret: str | None = None,
        signature_key: str | None = None,
    ) -> None:
        self._intake = intake
        self._limiter = limiter
        self._metrics = metrics
        self._bot_id = bot_id
        self._networks = tuple(networks)
        self._secret = None if secret is None else secret.encode()
        self._signature_key = None if signature_key is None else signature_key.encode()

    async def admit(self, address: str | None, secret: bytes | None, length: int | None) -> None:
        """Before the body is read: `length` is what the caller says it has, in bytes.

        Raises `NotAllowed`, `TooLarge`, and `TooManyRequests` in their place after too many of them.
        """
        if (fault := self.fault_of_caller(address, secret, length)) is not None:
            await self._refuse(fault, address)

    async def receive(self, address: str | None, body: bytes, signature: str | None = None) -> None:
        """Keep the body, which was admitted; return once it is committed.

        Raises `TooLarge`, `NotAllowed` for a false signature, and `Unavailable` when nothing was kept.
        """
        if (fault := self.fault_of_body(body, signature)) is not None:
            await self._refuse(fault, address)
        await self.keep([body])

    def fault_of_caller(self, address: str | None, secret: bytes | None, length: int | None) -> Fault | None:
        """What `admit` would refuse; nothing is counted."""
        if not self._is_let_in(address):
            return "address"
        if self._secret is not None and not hmac.compare_digest(secret or b"", self._secret):
            return "secret"
        return "size" if length is not None and length > MAX_BODY else None

    def fault_of_body(self, body: bytes, signature: str | None) -> Fault | None:
        """What `receive` would refuse; nothing is counted."""
        if len(body) > MAX_BODY:
            return "size"
        if self._signature_key is not None and not self._is_signed(body, signature):
            return "signature"
        return None

    async def keep(self, bodies: Sequence[bytes]) -> None:
        """Keep bodies in which there is no fault, nor in their callers; return once all of them are committed.

        Raises `Unavailable` when nothing was kept.
        """
        await self._intake.receive(self._bot_id, bodies)

    def _is_let_in(self, address: str | None) -> bool:
        if not self._networks:
            return True
        try:
            found = ip_address(address or "")
        except ValueError:
            return False
        return any(found in network for network in self._networks)

    def _is_signed(self, body: bytes, signature: str | None) -> bool:
        expected = hmac.new(self._signature_key or b"", body, sha256).hexdigest()
        return hmac.compare_digest((signature or "").encode(), f"{SIGNATURE_PREFIX}{expected}".encode())

    async def _refuse(self, fault: Fault, address: str | None) -> NoReturn:
        self._metrics.verification_failed(fault)
        _log.warning("webhook_refused", extra={"reason": fault, "client": address})
        place = neighbourhood(address)
        if place is not None:
            try:
                await self._limiter.acquire([Attempt(f"webhook:{place}", REFUSALS)])
            except TooManyRequests:
                self._metrics.verification_failed("limit")
                raise
        raise _refusal(fault)


def _refusal(fault: Fault) -> NotAllowed | TooLarge:
    match fault:
        case "address":
            return NotAllowed("Calls from this address are not expected.")
        case "secret":
            return NotAllowed("The secret is missing or is not ours.")
        case "size":
            return TooLarge(f"Expected at most {MAX_BODY} bytes.", limit_bytes=MAX_BODY)
        case "signature":
            return NotAllowed("The signature of the body is missing or false.")
