"""The house rules that import contracts cannot say, each as a function from a source to what breaks it."""

import ast
import re
import sys
from collections.abc import Callable, Iterator

from tests.architecture.sources import Source

Finding = tuple[int, str]
Check = Callable[[Source], Iterator[Finding]]

_TEST_NAME = re.compile(r"test(_[a-z0-9]+){3,}")
_REAL_TIME = (
    "time",
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "datetime.date.today",
)
_REAL_IDS = ("uuid.uuid1", "uuid.uuid4", "uuid.uuid6", "uuid.uuid7", "uuid_utils", "secrets", "os.urandom")
_NETWORK = ("socket", "ssl", "http.client", "urllib.request", "socketserver", "smtplib")
_STORAGE = ("sqlite3", "subprocess", "multiprocessing")
_HTTP_CLIENTS = ("httpx.Client", "httpx.AsyncClient")
_HTTP_SHORTCUTS = tuple(f"httpx.{verb}" for verb in ("get", "post", "put", "delete", "patch", "request", "stream"))


def _is_below(name: str, banned: tuple[str, ...]) -> bool:
    return any(name == one or name.startswith(f"{one}.") for one in banned)


def _uses_of(source: Source, banned: tuple[str, ...]) -> Iterator[Finding]:
    yield from ((line, f"uses {name}") for line, name in source.uses() if _is_below(name, banned))


def _waits(source: Source) -> Iterator[Finding]:
    for call, name in source.calls():
        first = call.args[0] if call.args else None
        if name == "asyncio.sleep" and not (isinstance(first, ast.Constant) and first.value == 0):
            yield call.lineno, "waits with asyncio.sleep"


def no_clock_ids_or_chance(source: Source) -> Iterator[Finding]:
    """Time, ids and chance come in through ports and arguments."""
    yield from _uses_of(source, (*_REAL_TIME, *_REAL_IDS, "random"))
    yield from _waits(source)


def no_outside_world(source: Source) -> Iterator[Finding]:
    """The network, databases and processes are behind ports."""
    yield from _uses_of(source, (*_NETWORK, *_STORAGE))


def never_awaits(source: Source) -> Iterator[Finding]:
    """Nothing here is asynchronous."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith):
            yield node.lineno, "is asynchronous"


def only_standard_library_and(*own: str) -> Check:
    """A check that a source imports these of our packages and the standard library, nothing else."""

    def check(source: Source) -> Iterator[Finding]:
        for line, name in source.imports():
            root = name.partition(".")[0]
            if root not in own and root not in sys.stdlib_module_names:
                yield line, f"imports {name}"

    return check


def no_schema_by_metadata(source: Source) -> Iterator[Finding]:
    """Migrations build the schema, everywhere."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and node.attr in {"create_all", "drop_all"}:
            yield node.lineno, f"calls {node.attr}"


def no_wiring(source: Source) -> Iterator[Finding]:
    """Handlers get use cases through explicit providers."""
    yield from _uses_of(source, ("dependency_injector.wiring",))
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for decorator in node.decorator_list:
                if ast.unparse(decorator).rpartition(".")[2] == "inject":
                    yield node.lineno, "is decorated with @inject"


def nothing_left_open(source: Source) -> Iterator[Finding]:
    """No note to oneself, no silenced checker without its code, no line hidden from coverage."""
    words = re.compile(r"#.*\b(TODO|FIXME|XXX)\b|#\s*pragma: no cover|#\s*type: ignore(?!\[)|#\s*noqa(?!:)")
    for number, line in enumerate(source.text.splitlines(), 1):
        if found := words.search(line):
            yield number, f"leaves open: {found.group().strip()}"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Name) and node.id == "NotImplementedError":
            yield node.lineno, "uses NotImplementedError"


def is_named_as_a_sentence(source: Source) -> Iterator[Finding]:
    """Tests are named `test_<feature>_<scenario>_<expected>`."""
    for test in source.cases():
        if not _TEST_NAME.fullmatch(test.name):
            yield test.lineno, f"{test.name} is not named test_<feature>_<scenario>_<expected>"


def asserts_something(source: Source) -> Iterator[Finding]:
    """Every test asserts: an `assert` of something that can fail, `pytest.raises`, or an `assert_`/`expect_` helper."""
    for test in source.cases():
        if not any(_is_assertion(source, node) for node in ast.walk(test)):
            yield test.lineno, f"{test.name} asserts nothing"


def _is_assertion(source: Source, node: ast.AST) -> bool:
    if isinstance(node, ast.Assert):
        return not isinstance(node.test, ast.Constant)
    if isinstance(node, ast.Call):
        name = ast.unparse(node.func).rpartition(".")[2]
        return (
            source.imported(node.func) in {"pytest.raises", "pytest.warns"}
            or name == "expect"
            or name.startswith(("assert_", "expect_"))
        )
    return False


def is_collected(source: Source) -> Iterator[Finding]:
    """Tests stand in files that pytest collects."""
    file = source.path.rpartition("/")[2]
    if not file.startswith("test_"):
        yield from ((test.lineno, f"{test.name} is in {file}, which is not collected") for test in source.cases())


def no_sockets_or_clock(source: Source) -> Iterator[Finding]:
    """Unit tests open no socket, read no clock, wait for nothing and make no random id."""
    yield from _uses_of(source, (*_NETWORK, *_REAL_TIME, *_REAL_IDS, "aiosqlite", "asyncpg", "websockets"))
    yield from _uses_of(source, ("asyncio.open_connection", "asyncio.start_server", *_HTTP_SHORTCUTS))
    yield from _waits(source)
    for call, name in source.calls():
        if name in _HTTP_CLIENTS and not any(keyword.arg == "transport" for keyword in call.keywords):
            yield call.lineno, f"makes {name} without a transport"
        if name.startswith("random.") and name != "random.Random":
            yield call.lineno, f"uses {name} without a seed"
        if name == "random.Random" and not call.args:
            yield call.lineno, "uses random.Random without a seed"


def no_mocks_or_excuses(source: Source) -> Iterator[Finding]:
    """No mocks, no patching by import path, no expected failures; only fixtures skip, for a service that is absent."""
    yield from _uses_of(source, ("unittest.mock", "mock", "pytest.xfail", "pytest.mark.xfail"))
    yield from _uses_of(source, ("pytest.mark.skip", "pytest.mark.skipif", "pytest.importorskip"))
    for node in ast.walk(source.tree):
        if isinstance(node, ast.arg) and node.arg == "mocker":
            yield node.lineno, "takes mocker"
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"monkeypatch.setattr", "monkeypatch.delattr"}:
            first = node.args[0] if node.args else None
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield node.lineno, f"patches {first.value} by its import path"
    for test in source.cases():
        for node in ast.walk(test):
            if isinstance(node, ast.Call) and source.imported(node.func) == "pytest.skip":
                yield node.lineno, f"{test.name} skips itself"
