"""For every test: one Hypothesis profile that finds the same examples each time, and the services tests need."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.support.services import PostgresServer

_SHARED = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]}
settings.register_profile("ci", derandomize=True, max_examples=50, **_SHARED)
settings.register_profile("explore", max_examples=500, **_SHARED)
settings.load_profile(os.environ.get("GUILDHALL_HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture(scope="session")
def postgres_server() -> PostgresServer:
    """The PostgreSQL server of the tests; absent, the test is skipped, or fails where services are required."""
    server = PostgresServer.from_environment()
    problem = server.problem()
    if problem is not None:
        if os.environ.get("GUILDHALL_REQUIRE_SERVICES") == "1":
            pytest.fail(f"{problem}; GUILDHALL_REQUIRE_SERVICES=1 asks for it")
        pytest.skip(problem)
    return server


@pytest.fixture
def postgres_database(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of an empty PostgreSQL database that is dropped after the test."""
    with postgres_server.temporary_database() as url:
        yield url
