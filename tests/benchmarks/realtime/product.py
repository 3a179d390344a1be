"""The real server, as `guildhall serve` runs it, with a connection for commands beside it.

`python -m tests.benchmarks.realtime.product PORT CONTROL_PORT [model]`, its data as `GUILDHALL_DATA_DIR` says. With
`model` a paced one answers in place of the guide reader, and the worker takes as many replies at once as are asked for.

`tell` announces one event of the channel `system` on the process's bus, which is what a commit does after its
transaction: the database is not what is measured.
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Mapping

from dependency_injector import providers

from application.chat import worker
from application.ports.realtime import LoggedEvent
from domain.chat import LLMProvider
from domain.events import SYSTEM
from domain.identity import Role
from entrypoints.container import Container, sql_container
from entrypoints.listening import listener
from entrypoints.runtime import _loop_factory, server_of
from entrypoints.settings import load_settings
from tests.benchmarks.realtime.control import Command, obey
from tests.benchmarks.realtime.events import payload
from tests.benchmarks.realtime.replies import PacedModel


async def _events(container: Container) -> Mapping[str, Command]:
    epoch, bus, clock = await container.event_log().epoch(), container.bus(), container.clock()
    offset = (await container.event_log().positions([SYSTEM])).get(SYSTEM, 0)

    def tell() -> None:
        nonlocal offset
        offset += 1
        event = LoggedEvent(SYSTEM, offset, "system_update", payload(offset, epoch), Role.PUBLIC, clock.now())
        bus.publish(event)

    return {"tell": tell}


async def _serve(container: Container, control_port: int, with_model: bool) -> None:
    model = PacedModel()
    if with_model:
        container.language_models.override(providers.Dict({LLMProvider.LOCAL: providers.Object(model)}))
        worker.MAX_RUNNING = 1_000
    server, listening = server_of(container), listener(container.settings())
    commands = {"cpu": lambda: str(time.process_time()), **model.commands, **await _events(container)}
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn tells nobody
        await asyncio.sleep(0.05)
    control = await obey(control_port, commands)
    try:
        await serving
    finally:
        control.close()
        await container.database().dispose()


def main(port: int, control_port: int, with_model: bool) -> None:
    """Serve until SIGTERM."""
    container = sql_container(load_settings(os.environ, overrides={"http.port": port}))
    container.configure_logging()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(container, control_port, with_model))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), "model" in sys.argv[3:])
