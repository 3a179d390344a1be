"""A request for each operation that is known to be good: ids of what exists, and secrets that hold."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from domain.identity import OPERATOR
from domain.telegram import Envelope, InboxUpdate, UpdateKey
from tests.integration.http.house import PASSWORD, Json
from tests.integration.http.openapi_world import Scene, new_name, new_profile
from tests.integration.http.test_chat_api import ended
from tests.support.routes import BODIES
from tests.support.telegram import Signer


@dataclass(frozen=True)
class Known:
    """The parts of a good request. `is_whole` says that its body takes no other field."""

    path: dict[str, str] = field(default_factory=dict)
    body: Json | None = None
    query: dict[str, str] = field(default_factory=dict)
    is_whole: bool = False


async def _session(scene: Scene) -> str:
    return str((await scene.house.session(scene.owned_by))["id"])


async def _reply(scene: Scene) -> str:
    return str((await scene.house.message(scene.owned_by, await _session(scene)))["reply_id"])


async def _reply_that_ended(scene: Scene) -> str:
    reply_id = await _reply(scene)
    await ended(scene.house, scene.owned_by, reply_id)
    return reply_id


async def _guide(scene: Scene) -> str:
    guide = await scene.house.guide(await scene.admin())
    guide_id = str(guide["summary"]["id"])
    await scene.ask("PUT", f"guides/{guide_id}/saved")
    return guide_id


async def _other_member(scene: Scene) -> str:
    other = await scene.house.person(new_name())
    await scene.ask("POST", f"members/{other.id}/grants", {"role": "SUBSCRIBER"}, by=await scene.admin())
    return str(other.id)


async def _link_request(scene: Scene) -> str:
    return str((await scene.ask("POST", "auth/link-code", {}))["request_id"])


async def _link_request_that_telegram_agreed_to(scene: Scene) -> str:
    made = await scene.ask("POST", "auth/link-code", {})
    await scene.telegram_agrees(made["code"])
    return str(made["request_id"])


async def _sign_in(scene: Scene) -> str:
    return str((await scene.ask("GET", "auth/sessions"))["items"][0]["id"])


async def _banned_member(scene: Scene) -> str:
    member_id = await _other_member(scene)
    await scene.ask("PUT", f"members/{member_id}/ban", {}, by=await scene.admin())
    return member_id


async def _role(scene: Scene) -> str:
    return "SUBSCRIBER"


async def _dead_letter(scene: Scene) -> str:
    container = scene.house.container
    key, now = UpdateKey(container.ids().new()), container.clock().now()
    envelope = Envelope(key.int % 2**40, "message", "chat:1")
    update = InboxUpdate.received(key, container.bot_id(), envelope, b'{"update_id":1,"message":{"text":"Hello"}}', now)
    update.give_up("The handler failed.", now)
    await container.update_inbox().commit([update])
    return str(key)


IDS: dict[str, Callable[[Scene], Awaitable[str]]] = {
    "session_id": _session,
    "message_id": _reply,
    "guide_id": _guide,
    "member_id": _other_member,
    "request_id": _link_request,
    "sign_in_id": _sign_in,
    "role_name": _role,
    "key": _dead_letter,
}


async def _registration(scene: Scene) -> Json:
    name = new_name()
    return {"password": PASSWORD, "username": name, "email": f"{name}@example.org"}


async def _login(scene: Scene) -> Json:
    return {"password": PASSWORD, "username": scene.username}


async def _link_of_the_operator(scene: Scene) -> Json:
    link = await scene.house.container.member_service().sign_in_link(OPERATOR, scene.owned_by.id)
    return {"token": link.token}


async def _refresh(scene: Scene) -> Json:
    return {"refresh_token": scene.owned_by.refresh_token}


async def _email(scene: Scene) -> Json:
    return {"email": scene.email}


async def _reset(scene: Scene) -> Json:
    await scene.ask("POST", "auth/password-reset", {"email": scene.email})
    return {"token": await _mailed(scene, 2), "password": "a whole new password"}


async def _verification(scene: Scene) -> Json:
    return {"token": await _mailed(scene, 1)}


async def _mailed(scene: Scene, number: int) -> str:
    """The token of that mail to the caller; the first one came with the registration. The server's own worker sends."""
    async with asyncio.timeout(10):
        while True:
            if sum(mail.to == scene.email for mail in await scene.mailbox.mails()) >= number:
                return await scene.mailbox.token(scene.email)
            await asyncio.sleep(0.02)


async def _widget(scene: Scene) -> Json:
    return Signer().vouch_for_widget(new_profile(), scene.house.container.clock().now())


async def _mini_app(scene: Scene) -> Json:
    return {"init_data": Signer().vouch_for_mini_app(new_profile(), scene.house.container.clock().now())}


async def _account_change(scene: Scene) -> Json:
    return {"password": PASSWORD, "username": new_name()}


async def _first_password(scene: Scene) -> Json:
    assert scene.profile is not None
    proof = Signer().vouch_for_widget(scene.profile, scene.house.container.clock().now())
    return {"new_password": "a whole new password", "username": new_name(), "telegram": proof}


MADE_BODIES: dict[str, Callable[[Scene], Awaitable[Json]]] = {
    "register": _registration,
    "login": _login,
    "login_with_link": _link_of_the_operator,
    "refresh": _refresh,
    "request_password_reset": _email,
    "confirm_password_reset": _reset,
    "confirm_email": _verification,
    "login_with_telegram": _widget,
    "login_with_mini_app": _mini_app,
    "change_account": _account_change,
    "set_first_password": _first_password,
}
# What Telegram signed is signed with all its fields.
SIGNED = frozenset({"login_with_telegram"})
# What can be done again and again to the same thing, by the same caller.
REPEATABLE = re.compile(r"(GET|PUT|PATCH|POST) /api/v1/(guides|chat)|GET ")
QUERIES = {"search_guides": {"q": "risk"}, "search_messages": {"q": "risk"}}
MADE_IDS: dict[str, dict[str, Callable[[Scene], Awaitable[str]]]] = {
    "confirm_link": {"request_id": _link_request_that_telegram_agreed_to},
    "regenerate_message": {"message_id": _reply_that_ended},
    "unban_member": {"member_id": _banned_member},
}


async def known(operation: str, parameters: list[str], has_body: bool, scene: Scene) -> Known:
    """A good request of this caller."""
    if operation == "unlink_telegram":
        await _link_request_that_telegram_agreed_to(scene)
    makers = IDS | MADE_IDS.get(operation, {})
    path = {name: await makers[name](scene) for name in parameters}
    body: Json | None = None
    if has_body:
        body = await MADE_BODIES[operation](scene) if operation in MADE_BODIES else dict(BODIES.get(operation, {}))
    return Known(path, body, QUERIES.get(operation, {}), is_whole=operation in SIGNED)
