"""What the hubs of several processes tell each other."""

from domain.events import Channel

HUBS = Channel("hubs")
"""The channel of their announcements on the bus. No socket can subscribe to it."""
