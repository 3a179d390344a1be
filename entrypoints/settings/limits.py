"""How much one member or address may take of the instance."""

from typing import Annotated

from entrypoints.settings.kinds import Whole
from entrypoints.settings.section import Section, setting

MOST = 1_000_000


class LimitSettings(Section, frozen=True, kw_only=True):
    """Each counts in one process. 0 lifts a limit, on loopback only."""

    messages_per_minute: Annotated[
        int,
        setting(Whole(0, MOST), "Messages that a member may post, replies asked for again included. 0: no limit."),
    ] = 30
    searches_per_minute: Annotated[
        int, setting(Whole(0, MOST), "Searches that a member may make, of guides and of messages. 0: no limit.")
    ] = 60
    sessions_per_hour: Annotated[
        int, setting(Whole(0, MOST), "Chat sessions that a member may begin. 0: no limit.")
    ] = 60
    exports_per_hour: Annotated[
        int,
        setting(Whole(0, MOST), "Exports that a member may make, of their data and of conversations. 0: no limit."),
    ] = 20
    exports_at_once: Annotated[
        int, setting(Whole(1, 100), "Exports that are worked on at the same time; the others take turns with them.")
    ] = 2
    sockets_per_member: Annotated[int, setting(Whole(0, MOST), "Sockets that a member may hold open. 0: no limit.")] = (
        50
    )
    strangers_per_address: Annotated[
        int, setting(Whole(0, MOST), "Sockets from one address that have not said yet who they are. 0: no limit.")
    ] = 50
