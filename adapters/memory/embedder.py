"""An embedder without a model: texts are near each other as far as they share words."""

import math
import re
import zlib
from array import array
from collections.abc import Mapping, Sequence

from application.ports.embedding import Embedder, Embedding

_WORD = re.compile(r"\w+")


class WordEmbedder(Embedder):
    """Counts words. Words that `meanings` gives the same meaning count as the same word.

    `embedded` keeps what was asked for; the next calls raise the `errors` there are, one each.
    """

    def __init__(self, meanings: Mapping[str, str] | None = None, *, model: str = "words", width: int = 256) -> None:
        self._model = model
        self.embedded: list[str] = []
        self.errors: list[Exception] = []
        self._meanings = dict(meanings or {})
        self._width = width

    @property
    def model(self) -> str:
        return self._model

    async def load(self) -> None:
        self._fail()

    async def embed(self, texts: Sequence[str]) -> Sequence[Embedding]:
        self._fail()
        self.embedded += texts
        return [self._vector(text) for text in texts]

    def _fail(self) -> None:
        if self.errors:
            raise self.errors.pop(0)

    def _vector(self, text: str) -> Embedding:
        counts = [0.0] * self._width
        for word in _WORD.findall(text.casefold()) or [""]:
            counts[zlib.crc32(self._meanings.get(word, word).encode("utf-8", "replace")) % self._width] += 1
        length = math.hypot(*counts)
        return array("f", (count / length for count in counts))
