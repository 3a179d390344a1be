"""Requests that Schemathesis makes up from the OpenAPI document: no failure, nothing undocumented."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from litestar import Litestar
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from application.identity.sign_in import Credentials
from domain.identity import OPERATOR, Device, Role
from entrypoints.container import Container, memory_container
from entrypoints.http.app import create_app
from entrypoints.settings import Secret, TelegramSettings
from tests.integration.http.house import PASSWORD, client_of
from tests.integration.http.house import settings as kept_in
from tests.support.apart import run_apart
from tests.support.telegram import BOT_TOKEN

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
GENERATION = settings(
    max_examples=10,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
    deadline=None,
    derandomize=True,
    database=None,
)


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory) -> Container:
    bot = TelegramSettings(bot_token=Secret(BOT_TOKEN))
    return memory_container(kept_in(tmp_path_factory.mktemp("contract"), telegram=bot))


@pytest.fixture(scope="module")
def app(container: Container) -> Litestar:
    return create_app(container)


@pytest.fixture(scope="module")
def document(app: Litestar) -> BaseSchema:
    """The document as the application itself gives it."""
    return schemathesis.openapi.from_dict(app.openapi_schema.to_schema())


@pytest.fixture(scope="module")
def owner_headers(container: Container) -> dict[str, str]:
    """What an OWNER's requests carry."""

    async def sign_in() -> str:
        members = container.member_service()
        member = await container.account_service().register(None, "owner", PASSWORD, Device())
        await members.grant(OPERATOR, member.id, Role.OWNER, "for the test")
        signed_in = await container.auth_service().sign_in(Credentials(PASSWORD, username="owner"), Device())
        return signed_in.access_token

    return {"Authorization": f"Bearer {asyncio.run(sign_in())}"}


async def send(app: Litestar, case: Case, headers: dict[str, str]) -> httpx.Response:
    """The application's answer to a made-up request."""
    parts = case.as_transport_kwargs(base_url="http://127.0.0.1:8000", headers=headers)
    async with client_of(app) as client:
        return await client.request(
            parts["method"],
            parts["url"],
            headers=dict(parts["headers"]),
            params=parts.get("params"),
            json=parts.get("json"),
        )


def generated(operation: Any, check: Callable[[Case], None]) -> None:
    """Run the check over requests made up for this operation."""

    @GENERATION
    @given(case=operation.as_strategy())
    def run(case: Case) -> None:
        check(case)

    run()


@pytest.mark.parametrize("room", ["auth", "members", "guides", "chat", "operating"])
def test_api_under_generated_requests_keeps_to_its_document(
    app: Litestar, document: BaseSchema, owner_headers: dict[str, str], room: str
) -> None:
    operations = [found.ok() for found in document.include(tag=room).get_all_operations()]
    seen: list[int] = []

    def check(case: Case) -> None:
        answer = run_apart(send(app, case, owner_headers))
        case.validate_response(answer, checks=CHECKS)
        seen.append(answer.status_code)

    for operation in operations:
        # Signing out would end the owner's sign-in; readiness needs the background work and has tests of its own.
        if operation.path not in {"/api/v1/auth/logout", "/api/v1/ready"}:
            generated(operation, check)
    assert seen
    assert max(seen) < 500
