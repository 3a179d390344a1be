"""What goes on when the handlers of a connection have ended."""

import weakref
from typing import Any

import pytest

from entrypoints.http import lasting


class Held:
    """Something that a handler holds."""


def scope() -> Any:
    return {"type": "websocket", "headers": [(b"cookie", b"a")], "state": {}, "extensions": {}, "path": "/"}


async def nothing(*_: object) -> Any:
    raise AssertionError("Nobody reads or writes here.")


async def test_lasting_rest_goes_on_when_the_handler_is_gone() -> None:
    asked, seen = scope(), []

    async def handler(given: Any, _receive: Any, _send: Any) -> None:
        held = Held()
        watched = weakref.ref(held)
        taken = lasting.take_lasting(given)
        assert taken is not None
        assert (taken.receive, taken.send) == (nothing, nothing)

        async def rest() -> None:
            seen.append((watched(), given["headers"], given["path"]))

        taken.rest = rest

    await lasting.run(handler, asked, nothing, nothing)

    assert seen == [(None, [], "/")]


async def test_lasting_application_that_leaves_nothing_keeps_its_scope() -> None:
    asked = scope()

    async def handler(*_: object) -> None:
        return

    await lasting.run(handler, asked, nothing, nothing)

    assert asked == scope()


async def test_lasting_application_that_fails_goes_on_with_nothing() -> None:
    gone_on = []

    async def handler(given: Any, _receive: Any, _send: Any) -> None:
        taken = lasting.take_lasting(given)
        assert taken is not None

        async def rest() -> None:
            gone_on.append(True)

        taken.rest = rest
        raise ValueError("failed")

    with pytest.raises(ValueError, match="failed"):
        await lasting.run(handler, scope(), nothing, nothing)

    assert gone_on == []
