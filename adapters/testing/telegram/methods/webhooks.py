"""Setting, deleting and showing the webhook."""

import re

from adapters.testing.telegram.arguments import Arguments
from adapters.testing.telegram.delivery import Target
from adapters.testing.telegram.errors import Json, bad_request
from adapters.testing.telegram.state import BotState, Described
from adapters.testing.telegram.updates import BY_DEFAULT, KINDS

_SECRET = re.compile(r"[A-Za-z0-9_-]*")
MAX_CONNECTIONS = 100


def set_webhook(state: BotState, arguments: Arguments) -> Described:
    """setWebhook: an empty address deletes it. An open long poll ends with 409."""
    url = arguments.text("url")
    if not url:
        return delete_webhook(state, arguments)
    secret = arguments.text("secret_token")
    if len(secret) > 256:
        raise bad_request("secret token is too long")
    if not _SECRET.fullmatch(secret):
        raise bad_request("secret token contains unallowed characters")
    target = Target(url, secret, arguments.integer("max_connections", 40, 1, MAX_CONNECTIONS))
    state.webhook.check(target)
    state.updates.allow(arguments.lenient_json("allowed_updates"))
    drop = arguments.boolean("drop_pending_updates")
    if target == state.webhook.target and not drop:
        return Described(result=True, description="Webhook is already set")
    state.polling.end("terminated by setWebhook request")
    _drop(state, drop=drop)
    state.webhook.set(target)
    return Described(result=True, description="Webhook was set")


def delete_webhook(state: BotState, arguments: Arguments) -> Described:
    """deleteWebhook."""
    was_set = state.webhook.target is not None
    state.webhook.unset()
    _drop(state, drop=arguments.boolean("drop_pending_updates"))
    return Described(result=True, description="Webhook was deleted" if was_set else "Webhook is already deleted")


def get_webhook_info(state: BotState, _: Arguments) -> Json:
    """getWebhookInfo."""
    target, failure = state.webhook.target, state.webhook.last_failure
    info: Json = {
        "url": target.url if target else "",
        "has_custom_certificate": False,
        "pending_update_count": len(state.updates.pending()),
    }
    if failure is not None:
        info |= {"last_error_date": failure.date, "last_error_message": failure.message}
    if target is not None:
        info |= {"max_connections": target.max_connections, "ip_address": "127.0.0.1"}
    if state.updates.allowed != BY_DEFAULT:
        info["allowed_updates"] = [kind for kind in KINDS if kind in state.updates.allowed]
    return info


def _drop(state: BotState, *, drop: bool) -> None:
    if drop:
        state.updates.drop(state.updates.pending())
