"""The numbers that weigh what a search finds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PassageTotals:
    """How many passages a role may find, and how many terms they have together."""

    passages: int
    terms: int
