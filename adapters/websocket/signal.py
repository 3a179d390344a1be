"""An event that costs next to nothing while nobody waits for it: each socket has several."""

import asyncio


class Signal:
    """What `asyncio.Event` does, without the room that one keeps for many who wait."""

    __slots__ = ("_is_set", "_waiting")

    def __init__(self, *, is_set: bool = False) -> None:
        self._is_set = is_set
        self._waiting: tuple[asyncio.Future[None], ...] = ()

    def is_set(self) -> bool:
        """Whether nobody has to wait."""
        return self._is_set

    def set(self) -> None:
        """Let everybody go on who waits, and whoever comes."""
        self._is_set = True
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)

    def clear(self) -> None:
        """Make whoever comes from now on wait."""
        self._is_set = False

    async def wait(self) -> None:
        """Return once it is set, if only for a moment."""
        if self._is_set:
            return
        waiter = asyncio.get_running_loop().create_future()
        self._waiting = (*self._waiting, waiter)
        try:
            await waiter
        finally:
            self._waiting = tuple(each for each in self._waiting if each is not waiter)
