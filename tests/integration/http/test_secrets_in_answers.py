"""No secret of the settings stands in a problem, on a page, among the metrics or in what the doctor says."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from dependency_injector import providers
from hypothesis import find

from domain.errors import Conflict, FieldError, Invalid, Unavailable
from domain.identity import Role
from entrypoints.cli.main import run
from entrypoints.container import memory_container
from entrypoints.runtime import create_application
from entrypoints.settings import load_settings
from tests.integration.http.house import House, client_of
from tests.support.secrets import MARKER, address_fields, addresses_of, secret_fields, values_of


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    """Every secret there is, set."""
    secrets = {field.env: find(values_of(field), lambda _: True) for field in secret_fields()}
    addresses = {field.env: find(addresses_of(field), lambda _: True) for field in address_fields()}
    # A port that nobody listens on.
    database = f"postgresql://guild:{MARKER}@127.0.0.1:1/guild?password={MARKER}"
    return {**secrets, **addresses, "GUILDHALL_DATABASE_URL": database}


@pytest.fixture
async def house(environment: dict[str, str], tmp_path: Path) -> AsyncIterator[House]:
    container = memory_container(load_settings({**environment, "GUILDHALL_DATA_DIR": str(tmp_path)}))
    app = create_application(container)
    async with client_of(app) as client:
        yield House(container, app, client)


def failures(environment: dict[str, str]) -> list[Exception]:
    """What code might raise with a secret in its words."""
    told = " and ".join(environment.values())
    return [
        RuntimeError(told),
        Unavailable(f"The database does not answer ({told}); check it."),
        Conflict("It contradicts.", constraint=told, seen=told),
        Invalid("It does not hold.", [FieldError("name", told)]),
    ]


async def test_secrets_in_failures_reach_no_problem_and_no_page(house: House, environment: dict[str, str]) -> None:
    class Broken:
        error: Exception

        async def me(self, _actor: object) -> Any:
            raise self.error

    ada, broken = await house.person("ada"), Broken()
    house.container.member_service.override(providers.Object(broken))
    for error in failures(environment):
        broken.error = error
        for path in ("/api/v1/auth/me", "/account"):
            answer = await house.client.get(path, headers=ada.headers)
            assert answer.status_code >= 400
            assert MARKER not in answer.text
            assert MARKER not in str(answer.headers)
            assert "does not answer (" not in answer.text


async def test_secrets_in_requests_reach_no_metric(house: House) -> None:
    root = await house.person("root", Role.ADMIN)
    for path in (f"/{MARKER}", f"/api/v1/{MARKER}", f"/api/v1/guides/{MARKER}", f"/static/1/{MARKER}?{MARKER}"):
        await house.client.get(path, headers={"X-Request-ID": MARKER, "User-Agent": MARKER, "Origin": MARKER})
        await house.client.request(MARKER, path)
    await house.client.post("/api/v1/auth/login", json={"username": MARKER, "password": MARKER})
    page = await house.client.get("/metrics", headers=root.headers)
    assert "guildhall_http_requests_total" in page.text
    assert MARKER not in page.text


@pytest.mark.parametrize("arguments", [["doctor"], ["doctor", "--settings"], ["db", "check"]], ids=" ".join)
def test_secrets_of_all_settings_are_not_told_at_the_terminal(
    environment: dict[str, str],
    arguments: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in {**environment, "GUILDHALL_DATA_DIR": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    run(arguments)
    told = capsys.readouterr()
    assert told.out + told.err
    assert MARKER not in told.out + told.err
