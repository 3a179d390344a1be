"""Passwords by argon2id."""

import asyncio
import base64
import logging
import os
import secrets
import sys
import threading
import unicodedata
from concurrent.futures import ThreadPoolExecutor

from argon2 import Parameters
from argon2 import PasswordHasher as Argon2
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
from argon2.profiles import RFC_9106_LOW_MEMORY

from application.ports.identity import PasswordHasher

YIELDING_PRIORITY = 10

_log = logging.getLogger(__name__)


class Argon2PasswordHasher(PasswordHasher):
    """argon2id with the low-memory profile of RFC 9106: 64 MiB and three passes a hash.

    At most `parallel` hashes run at once, in threads of their own, so that a flood of sign-ins takes neither the
    memory nor the threads of the rest; yielding ones run one at a time beside them, on Linux at a low priority.
    Passwords are compared in Unicode form NFC: two keyboards may write one letter differently.
    """

    def __init__(self, parameters: Parameters = RFC_9106_LOW_MEMORY, parallel: int = 2) -> None:
        self._argon2 = Argon2.from_parameters(parameters)
        self._nobody = _unmatchable(parameters)
        self._threads = ThreadPoolExecutor(parallel, thread_name_prefix="argon2")
        self._yielding = ThreadPoolExecutor(1, thread_name_prefix="argon2-yielding", initializer=_yield_to_others)

    async def hash(self, password: str) -> str:
        """The encoded hash, parameters included."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._argon2.hash, _octets(password))

    async def verify(self, password_hash: str | None, password: str, *, yielding: bool = False) -> bool:
        """Whether they belong together. None takes as long and is False; an unreadable hash is logged and False."""
        stored = self._nobody if password_hash is None else password_hash
        threads = self._yielding if yielding else self._threads
        return await asyncio.get_running_loop().run_in_executor(threads, self._matches, stored, _octets(password))

    def close(self) -> None:
        """Let the running hashes end and the threads go; nothing can be hashed afterwards."""
        self._threads.shutdown(cancel_futures=True)
        self._yielding.shutdown(cancel_futures=True)

    def _matches(self, stored: str, password: bytes) -> bool:
        try:
            return self._argon2.verify(stored, password)
        except VerifyMismatchError:
            return False
        except (VerificationError, InvalidHashError, UnicodeEncodeError) as error:
            _log.warning("stored_password_hash_unusable", extra={"reason": type(error).__name__})
            return False


def _yield_to_others() -> None:
    """Give the calling thread, and those that it starts, a tenth of what others get of a busy processor.

    Only Linux counts threads singly.
    """
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), YIELDING_PRIORITY)


def _octets(password: str) -> bytes:
    # JSON can carry half a surrogate pair; a password made of one is odd, not an error.
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")


def _unmatchable(parameters: Parameters) -> str:
    """A hash of the same cost as the real ones that no password is known for; making it costs nothing."""

    def part(size: int) -> str:
        return base64.b64encode(secrets.token_bytes(size)).rstrip(b"=").decode()

    cost = f"m={parameters.memory_cost},t={parameters.time_cost},p={parameters.parallelism}"
    return f"$argon2id$v={parameters.version}${cost}${part(parameters.salt_len)}${part(parameters.hash_len)}"
