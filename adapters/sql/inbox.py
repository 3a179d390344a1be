"""The bot's inbox takes updates in: those that come together are kept by one commit."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from adapters.sql.database import Database
from adapters.sql.inbox_writing import PostgresqlRows, Row, SqliteRows
from application.ports.inbox import UpdateInbox
from application.ports.realtime import Bus, UpdatesArrived
from domain.telegram import InboxUpdate

# Rows of one group; what comes after them goes into the next. A single call is never divided.
GROUP = 500


@dataclass(slots=True, eq=False)
class _Call:
    """The rows of one caller, and how many of them were new once they are kept."""

    rows: Sequence[Row]
    outcome: asyncio.Future[int]
    is_over: bool = False


class SqlUpdateInbox(UpdateInbox):
    """While a group is being committed the next one gathers, so that a disk's flush is shared by all who wait for it.

    A caller that is cancelled leaves when its group is committed or not; its rows are kept with the others'.
    """

    def __init__(self, database: Database, bus: Bus) -> None:
        self._rows = SqliteRows(database) if database.is_sqlite else PostgresqlRows(database)
        self._bus = bus
        self._waiting: list[_Call] = []
        self._writing: asyncio.Task[None] | None = None

    async def commit(self, updates: Sequence[InboxUpdate]) -> int:
        if not updates:
            return 0
        call = _Call([self._rows.row(update) for update in updates], asyncio.get_running_loop().create_future())
        self._waiting.append(call)
        if self._writing is None:
            self._begin()
        try:
            return await call.outcome
        except asyncio.CancelledError:
            await self._until_over(call)
            raise

    def _begin(self) -> None:
        group: list[_Call] = []
        count = 0
        while self._waiting and (not group or count + len(self._waiting[0].rows) <= GROUP):
            group.append(self._waiting.pop(0))
            count += len(group[-1].rows)
        self._writing = asyncio.create_task(self._write(group))

    async def _write(self, group: Sequence[_Call]) -> None:
        try:
            new = await self._rows.insert(list(chain.from_iterable(call.rows for call in group)))
        except BaseException as error:
            self._go_on()
            for call in group:
                _end(call, error)
            if not isinstance(error, Exception):
                raise
        else:
            self._go_on()
            for bot_id in dict.fromkeys(row.bot_id for call in group for row in call.rows if row.id in new):
                self._bus.publish(UpdatesArrived(bot_id))
            for call in group:
                _end(call, sum(row.id in new for row in call.rows))

    def _go_on(self) -> None:
        # Before anybody hears: what they do then takes as long as the disk does.
        self._writing = None
        if self._waiting:
            self._begin()

    async def _until_over(self, call: _Call) -> None:
        while not call.is_over and self._writing is not None:
            try:
                await asyncio.wait({self._writing})
            except asyncio.CancelledError:
                # The first cancellation is raised anyway; a second one adds nothing.
                continue


def _end(call: _Call, outcome: int | BaseException) -> None:
    call.is_over = True
    if call.outcome.done():
        return
    if isinstance(outcome, int):
        call.outcome.set_result(outcome)
    else:
        call.outcome.set_exception(outcome)
