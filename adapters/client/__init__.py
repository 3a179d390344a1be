"""A client of the socket protocol: reconnects, resumes and deduplicates, so that nobody has to write it again.

```python
tokens = PasswordTokens("https://guildhall.example", "ann", password)
async with RealtimeClient("wss://guildhall.example/api/v1/ws", tokens) as client:
    async for event in client.subscribe("guides"):
        print(event.type, event.body)
```
"""

from adapters.client.backoff import Backoff
from adapters.client.errors import ClientError, RequestRefused, SignedOut, SubscriptionRefused
from adapters.client.events import Event, Place
from adapters.client.realtime import RealtimeClient
from adapters.client.requests import MessageAck
from adapters.client.subscription import Subscription
from adapters.client.tokens import PasswordTokens, TokenSource
from adapters.client.transcript import Transcript

__all__ = [
    "Backoff",
    "ClientError",
    "Event",
    "MessageAck",
    "PasswordTokens",
    "Place",
    "RealtimeClient",
    "RequestRefused",
    "SignedOut",
    "Subscription",
    "SubscriptionRefused",
    "TokenSource",
    "Transcript",
]
