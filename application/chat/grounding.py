"""Grounding: the passages of guides a reply may quote, and the citations of those it used."""

import re
from collections.abc import Sequence

from application.guides.search import FoundPassages, PassageFinder
from application.ports.chat import GroundingPassage, PromptMessage
from application.ports.identity import MemberQueries
from application.ports.system import Clock
from domain.chat import Citation, MessageRole, SessionSnapshot
from domain.identity import Role

MAX_PASSAGES = 6
MAX_QUOTE = 400
CONTEXT_QUESTIONS = 2

_MARK = re.compile(r"\[(\d{1,2})\]")


class Grounding:
    """Finds passages that every participant of a session may read."""

    def __init__(self, finder: PassageFinder, members: MemberQueries, clock: Clock) -> None:
        self._finder = finder
        self._members = members
        self._clock = clock

    async def passages(
        self, session: SessionSnapshot, conversation: Sequence[PromptMessage]
    ) -> Sequence[GroundingPassage]:
        """Numbered passages for the last question; none when the library holds no answer to it."""
        questions = [turn.content for turn in conversation if turn.role is MessageRole.USER]
        if not questions or not session.settings.grounding:
            return ()
        role = await self._common_role(session)
        earlier = questions[-1 - CONTEXT_QUESTIONS : -1]
        found = await self._finder.find(questions[-1], role, MAX_PASSAGES, context=earlier)
        return numbered(found)

    async def _common_role(self, session: SessionSnapshot) -> Role:
        now = self._clock.now()
        actors = [await self._members.actor(member, None, now) for member in session.participants]
        return min((actor.role for actor in actors if actor is not None), default=Role.PUBLIC)


def numbered(found: FoundPassages) -> Sequence[GroundingPassage]:
    """What was found as numbered passages; none when it does not answer the question."""
    if not found.confident:
        return ()
    return [
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
            quote=passage.text[:MAX_QUOTE],
        )
        for passage in passages
        if passage.number in used
    )
