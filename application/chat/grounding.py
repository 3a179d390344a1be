"""Grounding: the passages of guides a reply may quote, the guides it may suggest, and the citations of what it used."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from application.guides.search import FoundPassages, PassageFinder
from application.ports.chat import GroundingPassage, NearGuide, PromptMessage
from application.ports.identity import MemberQueries
from application.ports.system import Clock
from domain.chat import Citation, MessageRole, SessionSnapshot
from domain.identity import Role

MAX_PASSAGES = 6
MAX_QUOTE = 400
CONTEXT_QUESTIONS = 2

_MARK = re.compile(r"\[(\d{1,2})\]")
# A word longer than this is cut: text without spaces has no words to keep whole.
_CUT_WORD = re.compile(r"\s+\S{0,60}\Z")


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a reply rests on: numbered passages, or, without any, the guides that come near, best first."""

    passages: Sequence[GroundingPassage] = ()
    near: Sequence[NearGuide] = ()


class Grounding:
    """Finds what every participant of a session may read."""

    def __init__(self, finder: PassageFinder, members: MemberQueries, clock: Clock) -> None:
        self._finder = finder
        self._members = members
        self._clock = clock

    async def grounds(self, session: SessionSnapshot, conversation: Sequence[PromptMessage]) -> Grounds:
        """Grounds for the reply to the last question; empty ones when the session goes without the guides."""
        questions = [turn.content for turn in conversation if turn.role is MessageRole.USER]
        if not questions or not session.settings.grounding:
            return Grounds()
        role = await self._common_role(session)
        earlier = questions[-1 - CONTEXT_QUESTIONS : -1]
        found = await self._finder.find(questions[-1], role, MAX_PASSAGES, context=earlier)
        return grounds(found)

    async def _common_role(self, session: SessionSnapshot) -> Role:
        # Who is banned counts as well: they read the conversation again once the ban is lifted.
        now = self._clock.now()
        members = [await self._members.view(member, now) for member in session.participants]
        return min((member.role for member in members if member is not None), default=Role.PUBLIC)


def grounds(found: FoundPassages) -> Grounds:
    """What was found as numbered passages; only what comes near when it does not answer the question."""
    if not found.confident:
        near = [NearGuide(each.candidate.guide_id, each.candidate.guide_title) for each in found.near]
        return Grounds(near=near)
    passages = [
        GroundingPassage(
            number,
            ranked.candidate.guide_id,
            ranked.candidate.guide_title,
            ranked.candidate.passage.heading,
            ranked.candidate.passage.line,
            ranked.candidate.passage.text,
            ranked.score,
        )
        for number, ranked in enumerate(found.passages, start=1)
    ]
    return Grounds(passages)


def citations_used(text: str, passages: Sequence[GroundingPassage]) -> tuple[Citation, ...]:
    """Citations of the passages whose mark `[number]` stands in the text, by number."""
    used = {int(mark) for mark in _MARK.findall(text)}
    return tuple(
        Citation(
            number=passage.number,
            guide_id=passage.guide_id,
            guide_title=passage.guide_title,
            heading=passage.heading,
            line=passage.line,
            quote=_shortened(passage.text),
        )
        for passage in passages
        if passage.number in used
    )


def _shortened(text: str) -> str:
    """At most `MAX_QUOTE` characters; what is cut ends after a whole word and with "…"."""
    if len(text) <= MAX_QUOTE:
        return text
    return _CUT_WORD.sub("", text[:MAX_QUOTE])[: MAX_QUOTE - 1] + "…"
