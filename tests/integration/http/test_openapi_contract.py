"""Requests that Schemathesis makes up from the OpenAPI document: no failure, nothing undocumented.

Each operation is asked by a guest, a PUBLIC member and an OWNER over a real connection, on SQLite.
"""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import schemathesis

from entrypoints.container import memory_container
from entrypoints.http.app import create_app
from entrypoints.settings import Settings
from tests.integration.http.openapi_stage import Stage, stage_in
from tests.integration.http.openapi_visit import assert_reaches, visited


def _operations() -> dict[str, Any]:
    with TemporaryDirectory() as folder:
        app = create_app(memory_container(Settings(data_dir=Path(folder))))
        document = schemathesis.openapi.from_dict(app.openapi_schema.to_schema())
    found = [each.ok() for each in document.get_all_operations()]
    return {operation.label: operation for operation in found}


OPERATIONS = _operations()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One server for all operations."""
    with stage_in(tmp_path_factory.mktemp("contract")) as raised:
        yield raised


@pytest.mark.parametrize("label", OPERATIONS)
def test_operation_under_made_up_requests_keeps_to_its_document(stage: Stage, label: str) -> None:
    assert_reaches(visited(stage, OPERATIONS[label], 4))


@pytest.mark.soak
@pytest.mark.parametrize("label", OPERATIONS)
def test_operation_under_many_made_up_requests_keeps_to_its_document(stage: Stage, label: str) -> None:
    assert_reaches(visited(stage, OPERATIONS[label], 150))
