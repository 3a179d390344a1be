"""Requests that Schemathesis makes up from the OpenAPI document: no failure, nothing undocumented."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from application.identity.sign_in import Credentials, Device
from domain.identity import OPERATOR, Role
from entrypoints.container import Container, memory_container
from entrypoints.http.app import create_app
from tests.integration.http.house import PASSWORD
from tests.integration.http.house import settings as kept_in

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
    return memory_container(kept_in(tmp_path_factory.mktemp("contract")))


@pytest.fixture(scope="module")
def document(container: Container) -> BaseSchema:
    """The document as the application itself gives it."""
    return schemathesis.openapi.from_asgi("/openapi.json", create_app(container))


@pytest.fixture(scope="module")
def owner_headers(container: Container) -> dict[str, str]:
    """What an OWNER's requests carry."""

    async def sign_in() -> str:
        members = container.member_service()
        member = await members.register(email=None, username="owner", password=PASSWORD)
        await members.grant(OPERATOR, member.id, Role.OWNER, "for the test")
        signed_in = await container.auth_service().sign_in(Credentials(PASSWORD, username="owner"), Device())
        return signed_in.access_token

    return {"Authorization": f"Bearer {asyncio.run(sign_in())}"}


def generated(operation: Any, check: Callable[[Case], None]) -> None:
    """Run the check over requests made up for this operation."""

    @GENERATION
    @given(case=operation.as_strategy())
    def run(case: Case) -> None:
        check(case)

    run()


@pytest.mark.parametrize("room", ["auth", "members", "guides", "chat", "operating"])
def test_api_under_generated_requests_keeps_to_its_document(
    document: BaseSchema, owner_headers: dict[str, str], room: str
) -> None:
    operations = [found.ok() for found in document.include(tag=room).get_all_operations()]
    seen: list[int] = []

    def check(case: Case) -> None:
        answer = case.call(headers=owner_headers)
        case.validate_response(answer, checks=CHECKS)
        seen.append(answer.status_code)

    for operation in operations:
        if operation.path != "/api/v1/auth/logout":
            generated(operation, check)
    assert len(seen) >= len(operations)
    assert max(seen) < 500
