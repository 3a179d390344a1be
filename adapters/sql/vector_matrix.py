"""Vectors in memory as numpy has them: half precision, in blocks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from application.ports.embedding import Embedding

BLOCK = 8_192
DIGITS = 6

Halves = NDArray[np.float16]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Ranking:
    """Every vector's similarity."""

    ids: NDArray[np.int64]
    similarities: Floats

    def steps(self, first: int) -> Iterator[Mapping[int, float]]:
        """The nearest `first` and their likes, then the next, four times as many each time: similarity by id."""
        count, beyond = max(first, 1), np.float32(np.inf)
        while len(self.ids):
            near = self.similarities
            least = near.min() if count >= len(near) else np.partition(near, len(near) - count)[len(near) - count]
            chosen = (near >= least) & (near < beyond)
            yield dict(
                zip(self.ids[chosen].tolist(), np.round(near[chosen].astype(float), DIGITS).tolist(), strict=True)
            )
            if count >= len(near):
                return
            count, beyond = count * 4, least


class VectorMatrix:
    """Grows at its end. What was handed out before stays as it was, so that a search and a growth may overlap."""

    def __init__(self) -> None:
        self._blocks: tuple[tuple[NDArray[np.int64], Halves], ...] = ()

    def __len__(self) -> int:
        return sum(len(ids) for ids, _ in self._blocks)

    def append(self, ids: Sequence[int], vectors: Sequence[bytes]) -> None:
        """Add rows; small blocks at the end become one."""
        block = np.array(ids, np.int64), _matrix(vectors)
        kept = self._blocks
        if kept and len(kept[-1][0]) + len(ids) <= BLOCK:
            *before, last = kept
            block = np.concatenate([last[0], block[0]]), np.concatenate([last[1], block[1]])
            kept = tuple(before)
        self._blocks = (*kept, block)

    def ranking(self, question: Embedding) -> Ranking:
        """How near each row is to the question."""
        blocks = self._blocks
        if not blocks:
            return Ranking(np.empty(0, np.int64), np.empty(0, np.float32))
        asked = np.frombuffer(question, np.float32)
        # Halves are widened a block at a time: the whole at once would take twice the memory.
        near: Floats = np.concatenate([vectors.astype(np.float32) @ asked for _, vectors in blocks])
        # Rounded, so that equal vectors are equally near wherever they stand in a block.
        np.round(near, DIGITS, out=near)
        return Ranking(np.concatenate([ids for ids, _ in blocks]), near)

    @staticmethod
    def similarities(question: Embedding, vectors: Sequence[bytes]) -> list[float]:
        """How near each of these is."""
        if not vectors:
            return []
        near = _matrix(vectors).astype(np.float32) @ np.frombuffer(question, np.float32)
        return [round(each, DIGITS) for each in near.tolist()]


def _matrix(vectors: Sequence[bytes]) -> Halves:
    return np.frombuffer(b"".join(vectors), "<f2").astype(np.float16, copy=False).reshape(len(vectors), -1)
