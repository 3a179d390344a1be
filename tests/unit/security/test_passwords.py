"""Password hashes."""

import asyncio
import logging
import os
import sys
import threading
from collections.abc import Iterator

import pytest
from argon2 import extract_parameters
from argon2.profiles import CHEAPEST, RFC_9106_LOW_MEMORY

from adapters.security.passwords import YIELDING_PRIORITY, Argon2PasswordHasher


@pytest.fixture
def hasher() -> Iterator[Argon2PasswordHasher]:
    made = Argon2PasswordHasher(CHEAPEST)
    yield made
    made.close()


async def test_password_of_its_hash_verifies_and_another_does_not(hasher: Argon2PasswordHasher) -> None:
    stored = await hasher.hash("correct horse")
    assert await hasher.verify(stored, "correct horse")
    assert not await hasher.verify(stored, "correct horsE")
    assert not await hasher.verify(stored, "")
    assert stored != await hasher.hash("correct horse")


async def test_password_hash_by_default_is_argon2id_of_rfc_9106() -> None:
    hasher = Argon2PasswordHasher()
    stored = await hasher.hash("correct horse")
    hasher.close()
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert extract_parameters(stored) == RFC_9106_LOW_MEMORY


async def test_password_without_account_costs_a_real_verification(
    hasher: Argon2PasswordHasher, caplog: pytest.LogCaptureFixture
) -> None:
    real = await hasher.hash("x")
    assert not await hasher.verify(None, "anything")
    # A stand-in that argon2 could not read would be logged, and would return at once.
    assert not caplog.records
    assert extract_parameters(hasher._nobody) == extract_parameters(real)


@pytest.mark.parametrize("stored", ["", "garbage", "$argon2id$", "$argon2id$v=19$m=8,t=1,p=1$###$###", "жжж", "\ud800"])
async def test_password_with_unreadable_hash_is_false_and_logged(
    hasher: Argon2PasswordHasher, caplog: pytest.LogCaptureFixture, stored: str
) -> None:
    with caplog.at_level(logging.WARNING):
        assert not await hasher.verify(stored, "hunter2-hunter2")
    assert [record.message for record in caplog.records] == ["stored_password_hash_unusable"]
    assert "hunter2" not in str(caplog.records[0].__dict__)


async def test_password_in_any_unicode_form_is_the_same(hasher: Argon2PasswordHasher) -> None:
    stored = await hasher.hash("cafe\u0301 \U0001f511")
    assert await hasher.verify(stored, "caf\u00e9 \U0001f511")
    assert await hasher.verify(await hasher.hash("half \ud800"), "half \ud800")


async def test_passwords_hashed_at_once_use_at_most_two_threads() -> None:
    hasher = Argon2PasswordHasher(CHEAPEST)
    await asyncio.gather(*(hasher.hash("x") for _ in range(20)))
    threads = len(hasher._threads._threads)
    hasher.close()
    assert 1 <= threads <= 2


class PriorityWatch(Argon2PasswordHasher):
    """Remembers the priority of the thread that hashes."""

    def __init__(self) -> None:
        super().__init__(CHEAPEST)
        self.priorities: list[int] = []

    def _matches(self, stored: str, password: bytes) -> bool:
        self.priorities.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        return super()._matches(stored, password)


async def test_password_verified_yielding_runs_at_a_low_priority_and_lowers_no_other() -> None:
    ordinary = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    # Only Linux gives each thread a priority of its own.
    lowest = YIELDING_PRIORITY if sys.platform == "linux" else ordinary
    hasher = PriorityWatch()
    for yielding in (True, False, True):
        assert not await hasher.verify(None, "guess", yielding=yielding)
    hasher.close()

    assert hasher.priorities == [lowest, ordinary, lowest]
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == ordinary
