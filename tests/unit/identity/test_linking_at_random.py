"""Whatever both sides do in whatever order: accounts have one member each, and nobody gains what nobody gave."""

import asyncio
from datetime import timedelta
from typing import Final

from hypothesis import event, given, settings
from hypothesis import strategies as st

from application.identity.link_views import LinkCode
from domain.errors import GuildhallError
from domain.identity import Actor, GrantId, Member, MemberId, Role, TelegramProfile
from tests.support.backend import memory_backend
from tests.support.linking import PASSWORD, LinkingWorld

WEB: Final = ("ada", "eve")
TELEGRAM: Final = (TelegramProfile(42, "ann"), TelegramProfile(43, "bob"))
ROLES = (Role.PUBLIC, Role.SUBSCRIBER, Role.ADMIN)
_STEPS = ("request", "present", "confirm", "complete", "decline", "withdraw", "link", "link", "unlink", "wait")


class Community:
    """Two web accounts, two Telegram accounts, and the codes that were asked for."""

    def __init__(self, roles: list[Role]) -> None:
        self.world, self.roles = LinkingWorld(memory_backend()), roles
        self.codes: dict[int, LinkCode] = {}
        self.confirmed: set[tuple[int, int]] = set()
        self.links = 0

    async def begin(self) -> None:
        """Everybody is there, each alone."""
        for place, name in enumerate(WEB):
            await self.world.web(name, self.roles[place])
        for place, profile in enumerate(TELEGRAM):
            await self.world.telegram_member(profile, self.roles[2 + place])
        self.given = {grant.id for member in await self.everybody() for grant in member.grants}

    async def everybody(self) -> list[Member]:
        """The members behind the four accounts, each once."""
        found: dict[MemberId, Member] = {}
        async with self.world.backend.unit_of_work() as work:
            members = [await work.members.by_username(name) for name in WEB]
            members += [await work.members.by_telegram_id(profile.telegram_id) for profile in TELEGRAM]
        for member in members:
            assert member is not None
            found[member.id] = member
        return list(found.values())

    async def act(self, step: str, web: int, telegram: int) -> None:
        """One step of either side; a refusal changes nothing."""
        linking, profile, code = self.world.linking, TELEGRAM[telegram], self.codes.get(web)
        async with self.world.backend.unit_of_work() as work:
            member = await work.members.by_username(WEB[web])
        assert member is not None
        actor = Actor(member.id, member.effective_role(self.world.backend.clock.now()))
        if step == "wait":
            self.world.backend.clock.advance(timedelta(minutes=4))
        elif step == "unlink":
            await linking.unlink(actor)
        elif step in {"request", "link"}:
            self.codes[web] = await linking.request(actor, PASSWORD if step == "link" else None)
            self.confirmed -= {(web, 0), (web, 1)}
            if step == "link":
                await linking.present(profile, self.codes[web].code)
                await self._answer("confirm", actor, web, telegram)
        elif code is not None and step == "present":
            await linking.present(profile, code.code)
        elif code is not None:
            await self._answer(step, actor, web, telegram)

    async def _answer(self, step: str, actor: Actor, web: int, telegram: int) -> None:
        linking, request_id = self.world.linking, self.codes[web].request_id
        telegram_id = TELEGRAM[telegram].telegram_id
        if step == "confirm":
            self.confirmed.add((web, telegram))
            self.links += (await linking.confirm(telegram_id, request_id)).member_id is not None
        elif step == "complete":
            self.links += (await linking.complete(actor, request_id, PASSWORD)).member_id is not None
        elif step == "decline":
            await linking.decline(telegram_id, request_id)
        else:
            await linking.withdraw(actor, request_id)

    async def check(self) -> None:
        """What always holds."""
        now, members = self.world.backend.clock.now(), await self.everybody()
        grants: list[GrantId] = [grant.id for member in members for grant in member.grants]
        assert sorted(grants) == sorted(self.given)
        for member in members:
            assert member.effective_role(now) == max((grant.role for grant in member.grants), default=Role.PUBLIC)
            if member.user is not None:
                linked = member.telegram.telegram_id if member.telegram else None
                assert member.user.telegram_user_id == linked
            if member.user is not None and member.telegram is not None:
                web, telegram = WEB.index(str(member.user.username)), member.telegram.telegram_id - 42
                assert (web, telegram) in self.confirmed


@settings(max_examples=100)
@given(
    st.lists(st.sampled_from(ROLES), min_size=4, max_size=4),
    st.lists(st.tuples(st.sampled_from(_STEPS), st.integers(0, 1), st.integers(0, 1)), min_size=5, max_size=40),
)
def test_linking_over_any_steps_keeps_accounts_whole_and_grants_as_given(
    roles: list[Role], steps: list[tuple[str, int, int]]
) -> None:
    async def run() -> None:
        community = Community(roles)
        await community.begin()
        for step, web, telegram in steps:
            before = [(member.id, member.version) for member in await community.everybody()]
            try:
                await community.act(step, web, telegram)
            except GuildhallError:
                assert [(member.id, member.version) for member in await community.everybody()] == before
            await community.check()

        event(f"links: {min(community.links, 3)}")

    asyncio.run(run())
