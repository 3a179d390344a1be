"""Members for those who run the community: finding them, and what they may do."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from application.identity.members import MemberService
from application.ports.identity import MemberView
from application.ports.inbox import Handled
from application.ports.system import Clock
from domain.identity import Actor, Grant, GrantSource, MemberId, Role
from domain.telegram import Button, EntityKind, Keyboard, RichText
from entrypoints.telegram_bot.callbacks import callback, read_id
from entrypoints.telegram_bot.registry import Command, Handler
from entrypoints.telegram_bot.request import Request
from entrypoints.telegram_bot.rooms.member_buttons import Action, Place, Will
from entrypoints.telegram_bot.rooms.member_page import listed, name_of, shown
from entrypoints.telegram_bot.rooms.paging import nth_page
from entrypoints.telegram_bot.rooms.room import label

REASON = "in the bot"


class MembersRoom:
    """Lists members, shows one, and changes what one may do, after a question.

    The use cases decide who may do what, by the role that the admin has when a button is pressed. What was done already
    is not done again, so that a press bears repeating.
    """

    def __init__(self, members: MemberService, clock: Clock) -> None:
        self._members = members
        self._clock = clock

    def commands(self) -> Sequence[Command]:
        """None: /admin leads here."""
        return []

    def buttons(self) -> Mapping[str, Handler]:
        """Of this room."""
        return {"members": self.page, "member": self.member, "rights": self.question, "change": self.change}

    async def page(self, request: Request) -> Handled:
        """A page of all members, or of those whose name, email or Telegram id holds the words."""
        return await self._list(request, Place.read(request.arguments))

    async def find(self, request: Request) -> Handled:
        """The first page for words that were typed."""
        return await self._list(request, Place.typed(request.argument))

    async def member(self, request: Request) -> Handled:
        """One member, with what the admin may change."""
        member_id = _member(request)
        if member_id is None:
            return request.stale()
        return request.answered(*await self._shown(request, member_id, Place.read(request.arguments[1:])))

    async def question(self, request: Request) -> Handled:
        """Asks before anything is changed. Where there is nothing to change any more, the member is shown."""
        texts, member_id, action = request.texts.members, _member(request), _action(request)
        if member_id is None or action is None:
            return request.stale()
        place = Place.read(request.arguments[2:])
        member = await self._members.get(request.actor, member_id)
        if action not in await self._actions(request.actor, member):
            return request.answered(*await self._shown(request, member_id, place))
        asked = texts.questions[action.will.name].format(name=name_of(member), role=_role(request, action))
        rows = (
            (Button(texts.yes, data=place.data("change", member_id, action)),),
            (Button(texts.no, data=place.data("member", member_id)),),
        )
        return request.answered(asked, rows)

    async def change(self, request: Request) -> Handled:
        """What was confirmed."""
        texts, member_id, action = request.texts.members, _member(request), _action(request)
        if member_id is None or action is None:
            return request.stale()
        await self._do(request.actor, member_id, action)
        text, keyboard = await self._shown(request, member_id, Place.read(request.arguments[2:]))
        said = texts.done[action.will.name].format(role=_role(request, action))
        return request.noted(said, [request.say(text, keyboard)])

    async def _do(self, actor: Actor, member_id: MemberId, action: Action) -> None:
        member, role = await self._members.get(actor, member_id), action.role
        is_held = role in _held(await self._members.grants(actor, member_id), self._clock.now())
        match action.will:
            case Will.GRANT if role is not None and not is_held:
                await self._members.grant(actor, member_id, role, REASON)
            case Will.REVOKE if role is not None and is_held:
                await self._members.revoke(actor, member_id, role)
            case Will.BAN if member.is_active:
                await self._members.ban(actor, member_id, REASON)
            case Will.UNBAN if not member.is_active:
                await self._members.unban(actor, member_id)

    async def _list(self, request: Request, place: Place) -> Handled:
        texts, guides = request.texts.members, request.texts.guides
        found = await nth_page(
            lambda cursor, limit: self._members.page(request.actor, search=place.words, cursor=cursor, limit=limit),
            place.page,
        )
        back = (Button(texts.back, data=callback("admin")),)
        if not found.items:
            return request.answered(texts.none.format(words=place.words), (back,))
        place = Place(found.page, place.words)
        rows: Keyboard = tuple(
            (Button(label(listed(each, request.texts)), data=place.data("member", each.id)),) for each in found.items
        )
        title = texts.found.format(words=place.words) if place.words else texts.title
        parts: list[RichText | str] = [RichText.formatted(title, EntityKind.BOLD)]
        if place.fits:
            parts[0] = RichText.of(parts[0], found.note(guides))
            rows += found.buttons(guides, lambda page: Place(page, place.words).data("members"))
        elif found.has_more:
            parts.append(texts.more)
        return request.answered(RichText.of(*parts, texts.how, separator="\n"), (*rows, back))

    async def _shown(self, request: Request, member_id: MemberId, place: Place) -> tuple[RichText, Keyboard]:
        texts = request.texts.members
        member = await self._members.get(request.actor, member_id)
        grants = await self._members.grants(request.actor, member_id)
        actions = await self._actions(request.actor, member)
        rows = tuple(
            (
                Button(
                    texts.actions[each.will.name].format(role=_role(request, each)),
                    data=place.data("rights", member_id, each),
                ),
            )
            for each in actions
        )
        text = shown(member, grants, request.texts, is_own=member_id == request.actor.member_id)
        return text, (*rows, (Button(texts.back, data=place.data("members")),))

    async def _actions(self, actor: Actor, member: MemberView) -> Sequence[Action]:
        """What this admin may do about the member as they are now. Nobody changes their own rights."""
        if member.id == actor.member_id:
            return []
        held = _held(await self._members.grants(actor, member.id), self._clock.now())
        roles = (Role.SUBSCRIBER, Role.ADMIN) if actor.role >= Role.OWNER else (Role.SUBSCRIBER,)
        actions = [Action(Will.REVOKE if role in held else Will.GRANT, role) for role in roles]
        if member.role < Role.ADMIN or actor.role >= Role.OWNER:
            actions.append(Action(Will.BAN if member.is_active else Will.UNBAN))
        return actions


def _held(grants: Sequence[Grant], now: datetime) -> set[Role | None]:
    """The roles that could be revoked: what a subscription gave cannot."""
    return {each.role for each in grants if each.is_valid(now) and each.source is not GrantSource.SUBSCRIPTION}


def _role(request: Request, action: Action) -> str:
    return "" if action.role is None else request.texts.roles[action.role.name]


def _member(request: Request) -> MemberId | None:
    found = read_id(request.arguments[0]) if request.arguments else None
    return None if found is None else MemberId(found)


def _action(request: Request) -> Action | None:
    return Action.read(request.arguments[1]) if len(request.arguments) > 1 else None
