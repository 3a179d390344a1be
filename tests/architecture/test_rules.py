"""Each house rule holds in the real sources, and catches a violation planted in a made-up one."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from tests.architecture import rules
from tests.architecture.sources import FLOORS, Source, sources


@dataclass(frozen=True)
class Rule:
    """A check, the folders it holds in, and small sources that break it."""

    check: rules.Check
    folders: Sequence[str]
    planted: Sequence[str]
    path: str = "tests/unit/test_planted.py"


RULES = {
    "clock": Rule(
        rules.no_clock_ids_or_chance,
        ["domain", "application"],
        [
            "from datetime import datetime, UTC\nx = datetime.now(UTC)",
            "import datetime as d\nx = d.datetime.utcnow()",
            "import time\nx = time.monotonic",
            "from time import perf_counter as tick\ntick()",
            "from uuid import uuid4",
            "import uuid\nuuid.uuid7()",
            "import random",
            "import secrets",
            "import asyncio\nasync def wait():\n    await asyncio.sleep(1)",
        ],
    ),
    "outside_world": Rule(
        rules.no_outside_world,
        ["domain", "application"],
        ["import socket", "from urllib.request import urlopen", "import sqlite3", "import subprocess"],
    ),
    "domain_imports": Rule(
        rules.only_standard_library_and("domain"), ["domain"], ["import msgspec", "from application import ports"]
    ),
    "application_imports": Rule(
        rules.only_standard_library_and("domain", "application"),
        ["application"],
        ["import sqlalchemy.ext.asyncio", "def late():\n    from litestar import get", "from adapters import sql"],
    ),
    "synchronous_domain": Rule(
        rules.never_awaits, ["domain"], ["async def load(): ...", "async def f(x):\n    async with x: ..."]
    ),
    "migrations": Rule(
        rules.no_schema_by_metadata,
        [*FLOORS, "tests"],
        ["metadata.create_all(engine)", "await run(metadata.drop_all)"],
    ),
    "wiring": Rule(
        rules.no_wiring,
        FLOORS,
        ["from dependency_injector.wiring import Provide", "@inject\ndef f(): ...", "@di.inject\nasync def f(): ..."],
    ),
    "open_ends": Rule(
        rules.nothing_left_open,
        [*FLOORS, "docs"],
        ["x = 1  # TO" + "DO later", "x = 1  # type: " + "ignore", "x = 1  # no" + "qa", "raise NotImplementedError"],
    ),
    "test_names": Rule(
        rules.is_named_as_a_sentence,
        ["tests"],
        ["def test_works(): ...", "async def test_guide_saved(): ...", "def testing_a_thing_here_now(): ..."],
    ),
    "assertions": Rule(
        rules.asserts_something,
        ["tests"],
        [
            "def test_guide_saved_twice_stays():\n    save()",
            "def test_guide_saved_twice_stays():\n    assert True",
            "async def test_guide_saved_twice_stays():\n    await asserting()",
        ],
    ),
    "collected": Rule(
        rules.is_collected, ["tests"], ["def test_guide_saved_twice_stays(): ..."], path="tests/unit/guides.py"
    ),
    "unit_tests": Rule(
        rules.no_sockets_or_clock,
        ["tests/unit"],
        [
            "import socket",
            "import httpx\nclient = httpx.AsyncClient()",
            "import httpx\nhttpx.get('http://localhost')",
            "import time\ntime.sleep(1)",
            "import time as t\nt.time()",
            "from datetime import datetime\ndatetime.now()",
            "import asyncio\nasync def f(s):\n    await asyncio.sleep(s)",
            "from uuid import uuid4\nuuid4()",
            "import random\nrandom.choice([1])",
            "import random\nrandom.Random()",
        ],
    ),
    "excuses": Rule(
        rules.no_mocks_or_excuses,
        ["tests"],
        [
            "from unittest.mock import Mock\nMock()",
            "from unittest import mock\nmock.patch('a.b')",
            "def test_a_b_c(mocker): ...",
            "def test_a_b_c(monkeypatch):\n    monkeypatch.setattr('domain.chat.MAX', 1)",
            "import pytest\n@pytest.mark.xfail\ndef test_a_b_c(): ...",
            "import pytest\n@pytest.mark.skipif(True, reason='')\ndef test_a_b_c(): ...",
            "import pytest\ndef test_a_b_c():\n    pytest.skip('later')",
        ],
    ),
}

ALLOWED = {
    "clock": "import asyncio\nfrom uuid import UUID\nfrom datetime import datetime\nasyncio.sleep(0)\nx.now()\ntime.x",
    "unit_tests": "import httpx, random\nhttpx.AsyncClient(transport=app)\nrandom.Random(7).choice([1])",
    "assertions": "import pytest\ndef test_a_b_c():\n    with pytest.raises(ValueError):\n        f()",
    "excuses": "import pytest\n@pytest.fixture\ndef url():\n    pytest.skip('no server')",
    "open_ends": "x = f()  # type: " + "ignore[attr-defined]\ny = 'TODO'",
}


@pytest.mark.parametrize("name", RULES)
def test_rule_real_sources_hold(name: str) -> None:
    rule = RULES[name]
    found = sources(*rule.folders)
    broken = [f"{source.path}:{line}: {what}" for source in found for line, what in rule.check(source)]

    assert found, f"{name} looks at no file"
    assert not broken, "\n".join([rule.check.__doc__ or name, *broken])


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, rule in RULES.items() for text in rule.planted])
def test_rule_planted_violation_caught(name: str, text: str) -> None:
    rule = RULES[name]

    assert list(rule.check(Source(rule.path, text)))


@pytest.mark.parametrize("name", ALLOWED)
def test_rule_proper_source_passes(name: str) -> None:
    assert list(RULES[name].check(Source("tests/unit/conftest.py", ALLOWED[name]))) == []
