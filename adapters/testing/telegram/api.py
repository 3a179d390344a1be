"""A call of the Bot API, from its parameters to its answer: recorded, limited, spoilt by faults."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from adapters.testing.telegram.arguments import Arguments
from adapters.testing.telegram.bodies import read_arguments
from adapters.testing.telegram.errors import ApiError, Json, bad_request
from adapters.testing.telegram.faults import Answer, Faults, Script
from adapters.testing.telegram.limits import RateLimits
from adapters.testing.telegram.methods import GET_UPDATES, METHODS, NAMES
from adapters.testing.telegram.state import BotState, Described

_STAYS_OPEN = {"close", "logout"}


@dataclass(slots=True, eq=False)
class Request:
    """A call as it came. `status` is that of the answer: nothing while there is none, and after a broken connection."""

    method: str
    arguments: Arguments
    at: datetime
    status: int | None = None
    description: str | None = None
    was_applied: bool = False
    """Whether the call did its work, whatever the caller was told."""
    is_over: bool = False

    def __getitem__(self, name: str) -> str:
        """A parameter as text; raises `KeyError` when it was not sent."""
        return self.arguments.values[name]


class BotApi:
    """Answers calls on one bot's state. `requests` has all of them, oldest first."""

    def __init__(self, state: BotState, faults: Faults, limits: RateLimits | None = None) -> None:
        self.state = state
        self.faults = faults
        self.limits = limits
        self.requests: list[Request] = []
        state.webhook.on_reply = self._call_by_webhook

    async def handle(self, method: str, arguments: Arguments) -> Answer | None:
        """The answer to a call; nothing when the connection has to break."""
        request = Request(NAMES.get(method.lower(), method), arguments, self.state.clock.now())
        self.requests.append(request)
        self.state.world.stir()
        try:
            answer = await self._answer(method.lower(), request)
        finally:
            request.is_over = True
            self.state.world.stir()
        request.status = answer.status if answer is not None else None
        return answer

    async def _answer(self, method: str, request: Request) -> Answer | None:
        script = self.faults.take(method, request.arguments.chat_id())
        if script is None:
            return await self._truth(method, request)
        if script.fault.delay:
            await self.state.clock.sleep(script.fault.delay)
        if script.fault.after_effect:
            return await _strike(script, await self._truth(method, request))
        if script.fault.resets or script.fault.answer is not None:
            return await _strike(script, None)
        await _strike(script, None)
        return await self._truth(method, request)

    async def _truth(self, method: str, request: Request) -> Answer:
        try:
            result = await self.call(method, request.arguments)
        except ApiError as error:
            return self._refusal(request, error)
        request.was_applied = True
        body: Json = {"ok": True, "result": result}
        if isinstance(result, Described):
            request.description = result.description
            body = {"ok": True, "result": result.result, "description": result.description}
        return Answer(200, msgspec.json.encode(body))

    def _refusal(self, request: Request, error: ApiError) -> Answer:
        request.description = error.description
        headers = {"content-type": "application/json"}
        if "retry_after" in error.parameters:
            headers["retry-after"] = str(error.parameters["retry_after"])
        return Answer(error.code, msgspec.json.encode(error.body()), headers)

    async def call(self, method: str, arguments: Arguments) -> Any:
        """What a method gives back; raises `ApiError`. The name is in lower case."""
        if self.state.is_logged_out and method not in _STAYS_OPEN:
            raise bad_request("Logged out")
        if method == GET_UPDATES:
            is_set = self.state.webhook.target is not None
            return await self.state.polling.get_updates(arguments, webhook_is_set=is_set)
        known = METHODS.get(method)
        if known is None:
            raise ApiError(404, "Not Found: method not found" if method else "Not Found")
        if self.limits is not None:
            self.limits.check(method, arguments.chat_id())
        self.state.is_closed = self.state.is_closed and method == "close"
        return known(self.state, arguments)

    async def _call_by_webhook(self, content_type: str, body: bytes) -> None:
        """A webhook may answer with a call: what comes of it is not told."""
        try:
            arguments = read_arguments(b"", content_type, body)
        except ApiError:
            return  # an answer that is no call is no error for Telegram
        method = arguments.text("method")
        is_other = method.lower().startswith("get") or method.lower() in {"setwebhook", "deletewebhook", *_STAYS_OPEN}
        if method and not is_other:
            await self.handle(method, arguments)


async def _strike(script: Script, truth: Answer | None) -> Answer | None:
    if script.fault.hangs:
        await script.wait()
    if script.fault.resets:
        return None
    return script.fault.answer or truth
