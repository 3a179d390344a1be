"""How long a client waits before it tries again."""

from adapters.client import Backoff
from adapters.client.backoff import FLOOD, GOING_AWAY, NOT_SIGNED_IN


def test_backoff_of_breaks_in_a_row_doubles_up_to_the_longest() -> None:
    backoff = Backoff(chance=lambda: 1.0)

    assert [backoff.next(1006) for _ in range(8)] == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


def test_backoff_with_any_luck_stays_within_half_of_its_bound() -> None:
    chances = iter([0.0, 0.5, 1.0])
    backoff = Backoff(first=8.0, longest=8.0, chance=lambda: next(chances))

    assert [backoff.next(1006) for _ in range(3)] == [4.0, 6.0, 8.0]


def test_backoff_after_a_connection_that_held_begins_anew() -> None:
    backoff = Backoff(chance=lambda: 1.0)
    for _ in range(5):
        backoff.next(1006)
    backoff.succeeded()

    assert backoff.next(1006) == 0.5


def test_backoff_of_a_server_that_goes_away_follows_its_hint() -> None:
    backoff = Backoff(chance=lambda: 0.5)

    assert backoff.next(GOING_AWAY, 3.0) == 3.0
    assert backoff.next(GOING_AWAY) == 0.75


def test_backoff_after_a_flood_is_the_longest() -> None:
    assert Backoff(chance=lambda: 1.0).next(FLOOD) == 30.0


def test_backoff_of_a_token_that_ended_waits_only_when_a_new_one_was_refused_too() -> None:
    backoff = Backoff(chance=lambda: 1.0)

    assert [backoff.next(NOT_SIGNED_IN) for _ in range(3)] == [0.0, 1.0, 2.0]


def test_backoff_after_thousands_of_tries_is_still_the_longest() -> None:
    backoff = Backoff(chance=lambda: 1.0, tries=5_000)

    assert backoff.next(1006) == 30.0
