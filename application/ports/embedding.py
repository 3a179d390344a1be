"""What finding by meaning needs from outside: an encoder."""

from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    Embedding = array[float]
else:
    Embedding = array


class EmbedderUnavailable(Exception):
    """Nothing can be embedded in this installation: the message says what is missing and what to do."""


class Embedder(Protocol):
    """Turns text into vectors of length 1, near each other where the texts mean the same."""

    @property
    def model(self) -> str:
        """Names the model. Vectors of two names cannot be compared."""
        ...

    async def load(self) -> None:
        """Be ready to embed; raises `EmbedderUnavailable`."""
        ...

    async def embed(self, texts: Sequence[str]) -> Sequence[Embedding]:
        """A vector for each text, of floats (type code f); the same text always gives the same one.

        Never blocks the event loop. An empty text has a vector, too; of a long one the beginning counts. Raises
        `EmbedderUnavailable`.
        """
        ...
