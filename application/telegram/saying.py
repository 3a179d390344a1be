"""Saying one thing, once, whatever becomes of it."""

import logging
from datetime import timedelta

from application.ports.sending import Ambiguous, Delivery, Notifier
from application.ports.system import Clock
from application.telegram.waking import within
from domain.telegram import Outgoing, SendDraft

DEADLINE = timedelta(seconds=30)
_log = logging.getLogger(__name__)


async def said(notifier: Notifier, clock: Clock, content: Outgoing | SendDraft) -> Delivery:
    """What came of it. A notifier that raises, or takes longer than `DEADLINE`, leaves that open."""
    try:
        return await within(clock, DEADLINE, notifier.send(content))
    except Exception as error:  # noqa: BLE001 - what is said outlasts whatever it is
        _log.exception("notifier_failed")
        return Ambiguous(f"{type(error).__name__}: {error}")
