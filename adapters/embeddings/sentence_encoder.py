"""all-MiniLM-L6-v2, a sentence encoder of 22 million weights, in this process and without the network."""

import asyncio
import threading
from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING

from adapters.embeddings._files import IMPORTED_AS, model_folder, vocabulary, weights
from adapters.embeddings._word_pieces import WordPieces
from application.ports.embedding import Embedder, EmbedderUnavailable, Embedding

if TYPE_CHECKING:
    from adapters.embeddings._transformer import Transformer

# What the model was trained on; the rest of a longer text is cut off. Reading further found no more, and takes longer.
MAX_TOKENS = 128


class _Loaded:
    """The model in memory."""

    def __init__(self, pieces: WordPieces, transformer: "Transformer") -> None:
        self._pieces = pieces
        self._transformer = transformer

    def encode(self, text: str) -> Embedding:
        """One text's vector."""
        return array("f", self._transformer.encode(self._pieces.ids(text, MAX_TOKENS)).tobytes())


class SentenceEncoder(Embedder):
    """Loads at first use and computes in a worker thread, so that starting costs nothing and the loop stays free.

    A model that cannot be loaded is not tried again before the next start.
    """

    model = "all-MiniLM-L6-v2"

    def __init__(self, package: str = IMPORTED_AS) -> None:
        self._package = package
        self._lock = threading.Lock()
        self._loaded: _Loaded | None = None
        self._problem: str | None = None

    async def load(self) -> None:
        await asyncio.to_thread(self._ready)

    async def embed(self, texts: Sequence[str]) -> Sequence[Embedding]:
        return await asyncio.to_thread(self._embed, texts)

    def _embed(self, texts: Sequence[str]) -> list[Embedding]:
        loaded = self._ready()
        return [loaded.encode(text) for text in texts]

    def _ready(self) -> _Loaded:
        with self._lock:
            if self._problem is not None:
                raise EmbedderUnavailable(self._problem)
            if self._loaded is None:
                try:
                    self._loaded = _load(self._package)
                except EmbedderUnavailable as error:
                    self._problem = str(error)
                    raise
            return self._loaded


def _load(package: str) -> _Loaded:
    folder = model_folder(package)
    pieces, tensors = WordPieces(vocabulary(folder)), weights(folder)
    # It imports numpy at its head: only once the weights have said how.
    from adapters.embeddings._transformer import Transformer

    return _Loaded(pieces, Transformer(tensors))
