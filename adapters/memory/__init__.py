"""Everything in memory: what fast tests run on, with the rules of the real thing.

Copies on read and on write, stages until the commit, and keeps the same uniqueness, versions and order as SQL.
"""

from adapters.memory.audit import InMemoryAuditQueries
from adapters.memory.bus import InMemoryBus
from adapters.memory.chat import InMemoryChatQueries
from adapters.memory.embedder import WordEmbedder
from adapters.memory.event_log import InMemoryEventLog
from adapters.memory.guides import InMemoryGuideQueries
from adapters.memory.identity import InMemoryMemberQueries
from adapters.memory.identity_sweep import InMemoryIdentitySweep
from adapters.memory.language_model import Script, ScriptedLanguageModel
from adapters.memory.member_export import InMemoryMemberExport
from adapters.memory.notifier import InMemoryNotifier
from adapters.memory.pacer import InMemoryPacer, Pace
from adapters.memory.passages import InMemoryPassageQueries
from adapters.memory.security import InMemoryTokenIssuer, PlainPasswordHasher
from adapters.memory.store import MemoryStore
from adapters.memory.system import ManualClock, SequentialIds
from adapters.memory.telegram import InMemoryTelegramProofs
from adapters.memory.telegram_updates import InMemoryUpdateInbox, InMemoryUpdateQueries
from adapters.memory.unit_of_work import InMemoryUnitOfWork

__all__ = [
    "InMemoryAuditQueries",
    "InMemoryBus",
    "InMemoryChatQueries",
    "InMemoryEventLog",
    "InMemoryGuideQueries",
    "InMemoryIdentitySweep",
    "InMemoryMemberExport",
    "InMemoryMemberQueries",
    "InMemoryNotifier",
    "InMemoryPacer",
    "InMemoryPassageQueries",
    "InMemoryTelegramProofs",
    "InMemoryTokenIssuer",
    "InMemoryUnitOfWork",
    "InMemoryUpdateInbox",
    "InMemoryUpdateQueries",
    "ManualClock",
    "MemoryStore",
    "Pace",
    "PlainPasswordHasher",
    "Script",
    "ScriptedLanguageModel",
    "SequentialIds",
    "WordEmbedder",
]
