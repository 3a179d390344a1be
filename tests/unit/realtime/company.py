"""Two members who share a session, and what its sockets are told of who is there."""

from domain.chat import ChatSession
from domain.events import Channel, session_channel
from domain.identity import Actor
from tests.unit.realtime.world import Frame, Peer, World, turns

LONGER_THAN_A_FLAP = 5.0


class Company(World):
    """Ada and Ben share a session; Ada's socket hears it."""

    async def __aenter__(self) -> "Company":
        await super().__aenter__()
        self.ada, self.ben = await self.member(), await self.member(name="ben")
        self.shared: ChatSession = await self.session(self.ada, self.ben)
        self.channel: Channel = session_channel(self.shared.id)
        self.first = await self.present(self.ada)
        return self

    async def present(self, actor: Actor) -> Peer:
        """A new socket that hears the session."""
        peer = self.peer(actor)
        await peer.subscribe(self.channel)
        await turns(5)
        return peer

    def told(self, peer: Peer) -> list[tuple[str, object]]:
        """What a socket was told of who is there."""
        return [(frame["type"], of_whom(frame)) for frame in peer.of_type("presence", "user_joined", "user_left")]


def of_whom(frame: Frame) -> object:
    return frame.get("user_id", frame.get("user_ids"))


def ids(*actors: Actor) -> list[str]:
    return sorted(str(actor.member_id) for actor in actors)


def is_empty(world: World) -> bool:
    presence = world.hub._passing.presence
    roster = presence._roster
    return not any((presence._here, presence._leases, presence._changed, roster._holders, roster._away_since))
