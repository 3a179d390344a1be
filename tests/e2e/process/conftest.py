"""An instance with a member who can sign in, and short leases."""

import shutil
from pathlib import Path

import pytest

from tests.e2e.conftest import Instance
from tests.e2e.process.server import PASSWORD, SETTINGS, USERNAME


@pytest.fixture(scope="session")
def peopled_instance(prepared_instance: Instance, tmp_path_factory: pytest.TempPathFactory) -> Instance:
    """A prepared instance with one more member; copied, never used."""
    folder = shutil.copytree(prepared_instance.folder, tmp_path_factory.mktemp("peopled") / "data")
    instance = Instance(folder)
    outcome = instance.run("members", "add", "--username", USERNAME, given=f"{PASSWORD}\n")
    assert outcome.code == 0, outcome.err
    return instance


@pytest.fixture
def instance(peopled_instance: Instance, tmp_path: Path) -> Instance:
    """A fresh copy of it."""
    return Instance(shutil.copytree(peopled_instance.folder, tmp_path / "data"), SETTINGS)
