"""How often a group may ask something of the bot."""

from collections.abc import Sequence
from datetime import timedelta

from application.ports.limits import Attempt, Limit, RateLimiter
from domain.errors import TooManyRequests

# Telegram lets a bot say no more than this in a group.
OF_A_GROUP = Limit(20, timedelta(minutes=1))
REFUSALS = Limit(1, timedelta(minutes=1))


class GroupQuestions:
    """Counts what a group asks of the bot, commands as well as questions, and what each person does in groups.

    Nobody is registered there, so Telegram's ids count.
    """

    def __init__(self, limiter: RateLimiter, of_a_person: Limit | None) -> None:
        self._limiter = limiter
        self._of_a_person = of_a_person

    async def admit(self, chat_id: int, telegram_id: int) -> bool:
        """Count one more; False where one too many is passed over in silence.

        Raises `TooManyRequests` once a minute in a group: telling everybody would add to the crowd.
        """
        try:
            await self._limiter.acquire(self._attempts(chat_id, telegram_id))
        except TooManyRequests as refusal:
            try:
                await self._limiter.acquire([Attempt(f"group_refusals:{chat_id}", REFUSALS)])
            except TooManyRequests:
                return False
            raise refusal from None
        return True

    def _attempts(self, chat_id: int, telegram_id: int) -> Sequence[Attempt]:
        attempts = [Attempt(f"group_questions:{chat_id}", OF_A_GROUP)]
        if self._of_a_person is not None:
            attempts.append(Attempt(f"group_questions_of:{telegram_id}", self._of_a_person))
        return attempts
