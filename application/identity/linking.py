"""Linking a web account and a Telegram account, from the code to the merge, and taking them apart again."""

from datetime import timedelta

from application.identity._auditing import Trail, is_news
from application.identity._link_codes import LinkCodes, possible_codes
from application.identity._linked import (
    Pair,
    linked_by,
    merge_pair,
    one_at_a_time,
    own_request,
    presented_request,
    unlink_member,
)
from application.identity._reauthentication import Reauthentication, check_same_password
from application.identity._telegram_members import again, member_of
from application.identity.link_views import LinkCode, LinkOutcome, LinkQuestion, LinkStatus, account_name, masked
from application.ports.identity import TokenIssuer
from application.ports.limits import Attempt, Limit, RateLimiter
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.errors import Conflict, GuildhallError, TooManyRequests
from domain.identity import (
    GUEST,
    OPEN_STATES,
    UNKNOWN_DEVICE,
    Actor,
    AuditAction,
    LinkRequest,
    LinkRequestId,
    LinkState,
    TelegramProfile,
    check_may_ask,
)

CODES = Limit(20, timedelta(hours=1))
REDEEMING = Limit(5, timedelta(minutes=15))


class LinkingService:
    """Makes a web account and a Telegram account one member where both sides agree, and two again.

    A signed-in web member asks for a code, sends it to the bot, and confirms there. The code has 8 characters, works
    for 10 minutes, once, and for the one Telegram account that sends it first. Where either side is ADMIN or OWNER
    the web side also enters the password, when asking or afterwards. A code is void once the web account has changed
    or was banned, and once the sign-in that asked for it has ended. The older of the two members stays, with what both
    own. After unlinking, everything stays with the web account and the Telegram account starts afresh.
    """

    def __init__(
        self,
        unit_of_work: UnitOfWorkFactory,
        reauthentication: Reauthentication,
        tokens: TokenIssuer,
        limiter: RateLimiter,
        trail: Trail,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._reauthentication = reauthentication
        self._codes = LinkCodes(tokens, clock, ids)
        self._limiter = limiter
        self._trail = trail
        self._clock = clock
        self._ids = ids

    async def request(self, actor: Actor, password: str | None = None) -> LinkCode:
        """A new code; an earlier one that is still open is declined.

        Raises `Conflict` without a web account, when it is linked already, and for ADMIN and above without a password;
        `InvalidCredentials` for a password that is given and wrong, `TooManyRequests`.
        """
        member_id = actor.require_member()
        await self._limiter.acquire([Attempt(f"link_code:{member_id}", CODES)])
        checked = None if password is None else await self._reauthentication.require(actor, password)
        async with one_at_a_time(self._unit_of_work) as work:
            member = await work.members.get(member_id)
            check_may_ask(member, self._clock.now())
            if checked is not None:
                check_same_password(member, checked)
            made = await self._codes.issue(work, actor, is_reauthenticated=checked is not None)
            await self._trail.record(work, AuditAction.LINK_REQUESTED, actor, member_id)
            await work.commit()
        return made

    async def status(self, actor: Actor, request_id: LinkRequestId) -> LinkStatus:
        """How far the actor's request has come; raises `NotFound`."""
        # One after the other, each alone: whoever asks every second must not stand in the way of links and bans.
        async with self._unit_of_work() as work:
            request = await own_request(work, actor, request_id)
        async with self._unit_of_work() as work:
            asked_in = None if request.sign_in_id is None else await work.sign_ins.get(request.sign_in_id)
        async with self._unit_of_work() as work:
            other = None if request.telegram_id is None else await work.members.by_telegram_id(request.telegram_id)
        return LinkStatus(
            request_id=request.id,
            state=request.state,
            is_expired=request.state in OPEN_STATES and request.is_over(asked_in, self._clock.now()),
            expires_at=request.expires_at,
            telegram_account=account_name(other.telegram) if other is not None and other.telegram else None,
        )

    async def present(self, profile: TelegramProfile, code: str) -> LinkQuestion:
        """A Telegram account sent a code in a private chat: what to ask it before linking.

        Raises `InvalidToken` for a code that is unknown, used, expired or another account's, `Conflict` and
        `NotAllowed` when the two cannot become one, `TooManyRequests` after five failures in a quarter of an hour.
        """
        attempts = [Attempt(f"link_redeem:{profile.telegram_id}", REDEEMING)]
        try:
            await self._limiter.acquire(attempts)
        except TooManyRequests as refusal:
            if await is_news(self._limiter, attempts[0].key):
                await self._note(refusal, profile.telegram_id)
            raise
        try:
            question = await again(lambda: self._present(profile, code))
        except GuildhallError as refusal:
            await self._note(refusal, profile.telegram_id)
            raise
        await self._limiter.release(attempts)
        return question

    async def confirm(self, telegram_id: int, request_id: LinkRequestId) -> LinkOutcome:
        """The Telegram account that sent the code agrees: both become one now, or once the web side's password is in.

        Asked again, it gives the same answer for as long as both are one.
        Raises `InvalidToken` for another account's request or one that does not hold any more, `Conflict` and
        `NotAllowed` as `present`.
        """
        now = self._clock.now()
        try:
            async with one_at_a_time(self._unit_of_work) as work:
                request = await presented_request(work, telegram_id, request_id)
                if (linked := await linked_by(work, request)) is not None:
                    return LinkOutcome(request.state, linked)
                pair = await Pair.of(work, request, now)
                is_agreed = request.confirm(telegram_id, needs_password=pair.asks_for_password(now), now=now)
                await work.link_requests.save(request)
                survivor = await merge_pair(work, pair, None, self._ids, now) if is_agreed else None
                outcome = LinkOutcome(request.state, survivor.id if survivor else None)
                await work.commit()
        except GuildhallError as refusal:
            await self._note(refusal, telegram_id)
            raise
        return outcome

    async def complete(self, actor: Actor, request_id: LinkRequestId, password: str) -> LinkOutcome:
        """The web side enters the password that the request waits for: both become one.

        Raises `NotFound`, `InvalidCredentials`, `TooManyRequests`, and `Conflict` when it does not wait for one.
        """
        async with self._unit_of_work() as work:
            # Not saved: this only asks whether it would do now, before anybody guesses passwords here.
            (await own_request(work, actor, request_id)).complete(self._clock.now())
        await self._reauthentication.require(actor, password)
        now = self._clock.now()
        try:
            async with one_at_a_time(self._unit_of_work) as work:
                request = await own_request(work, actor, request_id)
                pair = await Pair.of(work, request, now)
                request.complete(now)
                await work.link_requests.save(request)
                survivor = await merge_pair(work, pair, actor, self._ids, now)
                await work.commit()
        except GuildhallError as refusal:
            cause = refusal.code
            await self._trail.note(AuditAction.LINK_REFUSED, actor, actor.member_id, cause=cause)
            raise
        return LinkOutcome(request.state, survivor.id)

    async def decline(self, telegram_id: int, request_id: LinkRequestId) -> None:
        """The Telegram account does not want to be linked; the code is spent. Raises `InvalidToken` and `Conflict`.

        Asked again, nothing changes.
        """
        async with one_at_a_time(self._unit_of_work) as work:
            request = await presented_request(work, telegram_id, request_id)
            if request.state is LinkState.DECLINED:
                return
            if await linked_by(work, request) is not None:
                raise Conflict("These accounts are linked already.", rule="linked_already")
            await self._decline(work, request, await _telegram_side(work, telegram_id, self._clock), "declined")

    async def void(self, telegram_id: int, text: str) -> None:
        """A Telegram account wrote a code where others read it: the code is spent.

        Whatever else the text says changes nothing, and nobody learns whether there was a code in it.
        """
        for code in possible_codes(text):
            async with self._unit_of_work() as work:
                if await self._codes.known(work, code) is None:
                    continue
            async with one_at_a_time(self._unit_of_work) as work:
                request = await self._codes.known(work, code)
                if request is not None and request.state in OPEN_STATES:
                    await self._decline(work, request, await _telegram_side(work, telegram_id, self._clock), "exposed")

    async def withdraw(self, actor: Actor, request_id: LinkRequestId) -> None:
        """The web side does not want to link any more; the code is spent. Raises `NotFound` and `Conflict`."""
        async with one_at_a_time(self._unit_of_work) as work:
            await self._decline(work, await own_request(work, actor, request_id), actor, "withdrawn")

    async def unlink(self, actor: Actor) -> None:
        """Make the actor's two accounts two members again.

        Raises `Conflict` when they are not linked, or the web account has no password to sign in with afterwards. All
        the member's sign-ins but the one that asks end: Telegram may have opened any.
        """
        await unlink_member(self._unit_of_work, actor, actor.require_member(), self._ids, self._clock.now())

    async def _present(self, profile: TelegramProfile, code: str) -> LinkQuestion:
        now = self._clock.now()
        async with one_at_a_time(self._unit_of_work) as work:
            await member_of(work, profile, self._ids, now, UNKNOWN_DEVICE)
            request = await self._codes.find(work, code)
            request.present(profile.telegram_id, now)
            pair = await Pair.of(work, request, now)
            await work.link_requests.save(request)
            await work.commit()
        return LinkQuestion(
            request_id=request.id,
            account=masked(pair.web.user),
            web_role=pair.web.effective_role(now),
            telegram_role=pair.telegram.effective_role(now),
            needs_password=pair.asks_for_password(now) and not request.is_reauthenticated,
            expires_at=request.expires_at,
        )

    async def _decline(self, work: UnitOfWork, request: LinkRequest, actor: Actor, cause: str) -> None:
        request.decline(self._clock.now())
        await work.link_requests.save(request)
        await self._trail.record(work, AuditAction.LINK_REFUSED, actor, request.member_id, cause=cause)
        await work.commit()

    async def _note(self, refusal: GuildhallError, telegram_id: int) -> None:
        await self._trail.note_telegram(AuditAction.LINK_REFUSED, telegram_id, cause=refusal.code)


async def _telegram_side(work: UnitOfWork, telegram_id: int, clock: Clock) -> Actor:
    member = await work.members.by_telegram_id(telegram_id)
    return GUEST if member is None else Actor(member.id, member.effective_role(clock.now()))
