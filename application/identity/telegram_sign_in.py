"""Signing in with what Telegram signed: the Login Widget's fields or a Mini App's `initData`."""

from collections.abc import Mapping
from dataclasses import replace

from application.identity._opening import SignedIn, SignInOpener
from application.identity._telegram_members import again, member_of
from application.identity._telegram_proving import ProofRefused, TelegramProving, TelegramSigned
from application.ports.linking import TelegramProof
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.errors import InvalidToken
from domain.identity import GUEST, Device


class TelegramSignIn:
    """Signs in whom Telegram vouches for.

    The proof is at most 15 minutes old and not from the future, but for 30 seconds that clocks may differ by. Each
    proof works once. An unknown Telegram account gets a member without an email. Every refusal reads the same.
    """

    def __init__(
        self, unit_of_work: UnitOfWorkFactory, proving: TelegramProving, opener: SignInOpener, clock: Clock, ids: Ids
    ) -> None:
        self._unit_of_work = unit_of_work
        self._proving = proving
        self._opener = opener
        self._clock = clock
        self._ids = ids

    async def with_widget(self, fields: Mapping[str, object], device: Device) -> SignedIn:
        """Sign in with the Login Widget's fields.

        Raises `InvalidToken`, `TooManyRequests` after too many failures from one address and after 60 sign-ins of one
        account there in an hour, `Unavailable` without a bot.
        """
        return await self._sign_in("telegram_widget", fields, device)

    async def with_mini_app(self, init_data: str, device: Device) -> SignedIn:
        """Sign in with a Mini App's `initData`; raises as `with_widget`."""
        return await self._sign_in("telegram_mini_app", init_data, device)

    async def _sign_in(self, method: str, signed: TelegramSigned, device: Device) -> SignedIn:
        async with self._proving.attempt(method, replace(GUEST, device=device), refused()):
            proof = self._proving.read(signed)
            await self._opener.admit(f"telegram:{proof.profile.telegram_id}", None, device, method)
            return await again(lambda: self._spend(method, proof, device))

    async def _spend(self, method: str, proof: TelegramProof, device: Device) -> SignedIn:
        now = self._clock.now()
        async with self._unit_of_work() as work:
            await self._proving.spend(work, proof)
            member = await member_of(work, proof.profile, self._ids, now, device)
            if not member.is_active:
                await work.commit()
                raise ProofRefused("banned", member.id)
            if member.telegram is not None and member.telegram.described(proof.profile, now):
                member.changed(now)
                await work.members.save(member, now)
            signed_in = await self._opener.open(work, member, device, method)
            await work.commit()
        return signed_in


def refused() -> InvalidToken:
    """One answer for a false, old, future, used and banned account's proof."""
    return InvalidToken("Telegram did not vouch for this sign-in; sign in again from Telegram.")
