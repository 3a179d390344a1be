"""No embedder, where somebody wants none."""

from collections.abc import Sequence

from application.ports.embedding import Embedder, EmbedderUnavailable, Embedding


class SwitchedOff(Embedder):
    """Refuses everything, with the reason."""

    model = "none"

    def __init__(self, reason: str) -> None:
        self._reason = reason

    async def load(self) -> None:
        raise EmbedderUnavailable(self._reason)

    async def embed(self, texts: Sequence[str]) -> Sequence[Embedding]:
        raise EmbedderUnavailable(self._reason)
