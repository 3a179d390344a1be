"""Passwords: whether they belong to what is stored, and no more than that."""

from collections.abc import AsyncIterator, Callable

import pytest
from argon2 import Parameters, Type

from adapters.memory import PlainPasswordHasher
from adapters.security.passwords import Argon2PasswordHasher
from application.ports.identity import PasswordHasher

FAST = Parameters(type=Type.ID, version=19, salt_len=16, hash_len=32, time_cost=1, memory_cost=8, parallelism=1)
HASHERS: dict[str, Callable[[], PasswordHasher]] = {
    "memory": PlainPasswordHasher,
    "argon2": lambda: Argon2PasswordHasher(FAST),
}


@pytest.fixture(params=HASHERS)
async def hasher(request: pytest.FixtureRequest) -> AsyncIterator[PasswordHasher]:
    made = HASHERS[request.param]()
    yield made
    if isinstance(made, Argon2PasswordHasher):
        made.close()


@pytest.mark.parametrize("password", ["correct horse battery", "pässwörd \U0001f40e", " spaces kept ", "x" * 256, ""])
async def test_password_hasher_password_belongs_to_its_hash(hasher: PasswordHasher, password: str) -> None:
    assert await hasher.verify(await hasher.hash(password), password) is True


@pytest.mark.parametrize("other", ["correct horse batterY", "correct horse battery ", "", "\0"])
async def test_password_hasher_other_password_is_refused(hasher: PasswordHasher, other: str) -> None:
    assert await hasher.verify(await hasher.hash("correct horse battery"), other) is False


async def test_password_hasher_absent_account_is_refused(hasher: PasswordHasher) -> None:
    assert await hasher.verify(None, "correct horse battery") is False


@pytest.mark.parametrize("stored", ["", "no hash", "$argon2id$broken"])
async def test_password_hasher_unreadable_hash_is_refused(hasher: PasswordHasher, stored: str) -> None:
    assert await hasher.verify(stored, "correct horse battery") is False
