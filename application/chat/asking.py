"""One question, one answer, nothing kept: for the terminal and for scripts."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from application.chat.grounding import MAX_PASSAGES, citations_used, grounds
from application.guides.search import PassageFinder
from application.ports.chat import LanguageModels, ModelError, ModelFailure, ModelRequest, PromptMessage, ReplyEnd
from domain.chat import Citation, LLMProvider, MessageRole, SessionSettings, checked_content
from domain.errors import Invalid
from domain.identity import Actor


@dataclass(frozen=True, slots=True)
class Answer:
    """The whole answer and what it cites."""

    text: str
    citations: Sequence[Citation]


class Ask:
    """Answers a question from the guides that the actor may read. Guides are named, not linked."""

    def __init__(self, finder: PassageFinder, models: LanguageModels) -> None:
        self._finder = finder
        self._models = models

    async def answer(self, actor: Actor, question: str, provider: LLMProvider = LLMProvider.LOCAL) -> Answer:
        """The whole answer; raises as `stream` does."""
        answer = Answer("", ())
        async for piece in self.stream(actor, question, provider):
            if isinstance(piece, Answer):
                answer = piece
        return answer

    async def stream(
        self, actor: Actor, question: str, provider: LLMProvider = LLMProvider.LOCAL
    ) -> AsyncGenerator[str | Answer, None]:
        """The answer in pieces, and at the end as a whole; raises `Invalid`, and `ModelError` when the model fails."""
        question = checked_content(question, field="question")
        model = self._models.get(provider)
        if model is None:
            raise Invalid.of(
                "provider", f"{provider} is not configured here; expected one of {', '.join(self._models)}"
            )
        found = grounds(await self._finder.find(question, actor.role, MAX_PASSAGES))
        defaults = SessionSettings()
        request = ModelRequest(
            model=model.default_model,
            messages=[PromptMessage(MessageRole.USER, question)],
            passages=found.passages,
            grounded=True,
            temperature=defaults.temperature,
            max_tokens=defaults.max_tokens,
            near=found.near,
        )
        pieces: list[str] = []
        whole = False
        async with aclosing(model.stream(request)) as events:
            async for event in events:
                if isinstance(event, ReplyEnd):
                    whole = True
                    break
                pieces.append(event.text)
                yield event.text
        if not whole:
            raise ModelError(ModelFailure.BROKEN, "the stream ended before the answer did")
        text = "".join(pieces)
        yield Answer(text, citations_used(text, found.passages))
