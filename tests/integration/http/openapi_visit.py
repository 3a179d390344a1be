"""Made-up requests of one operation, sent by everybody."""

from typing import Any

import requests
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.integration.http.openapi_known import REPEATABLE, Known, known
from tests.integration.http.openapi_stage import Stage
from tests.integration.http.openapi_world import CALLERS, Scene, enter

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
GENERATION = settings(
    phases=[Phase.generate], suppress_health_check=list(HealthCheck), deadline=None, derandomize=True, database=None
)
KINDS = ("good", "mended", "made up")
TOO_MANY = 429
# A browser gets rid of its cookies here, those that do not hold included; they may be made up.
FORGETTING = frozenset({"logout"})


class Visit:
    """One operation's requests, and in `seen` of what kind they were, who sent them, and what status was answered."""

    def __init__(self, stage: Stage, operation: Any) -> None:
        self.operation = operation
        self.seen: list[tuple[str, str, int]] = []
        self._stage = stage
        self._raw: dict[str, Any] = operation.definition.raw
        self._scenes: dict[str, Scene] = {}
        self._known: dict[str, Known] = {}
        self._session = requests.Session()

    @property
    def name(self) -> str:
        """The operation's id."""
        return str(self._raw["operationId"])

    @property
    def is_open(self) -> bool:
        """Whether guests may have it, by the document."""
        return not self._raw.get("security") or {} in self._raw["security"]

    def send_good(self, caller: str) -> None:
        """Send a good request as it is."""
        good = self._good(caller)
        body = {} if good.body is None else {"body": good.body}
        self._send("good", self.operation.Case(path_parameters=good.path, query=good.query, **body), caller)

    def send_mended(self, case: Case, caller: str) -> None:
        """Send it with what a good request holds in place of what was made up; all else stays made up."""
        good = self._good(caller)
        path, query, headers, body = case.path_parameters, case.query, case.headers, case.body
        case.path_parameters, case.query = good.path, {**query, **good.query}
        # An ETag that is made up is never the right one.
        case.headers = type(headers)({name: value for name, value in headers.items() if name != "If-Match"})
        if good.body is not None:
            made_up = body if isinstance(body, dict) and not good.is_whole else {}
            case.body = {**made_up, **good.body}
        self._send("mended", case, caller)
        case.path_parameters, case.query, case.headers, case.body = path, query, headers, body

    def send(self, case: Case, caller: str) -> None:
        """Send it as it was made up."""
        self._send("made up", case, caller)

    def _send(self, kind: str, case: Case, caller: str) -> None:
        # Where a body may be null, null counts as negative to the generator all the same.
        excluded = [negative_data_rejection] if case.body is None else []
        answer = case.call_and_validate(
            self._stage.url,
            self._session,
            headers=self._scene(caller).headers,
            checks=CHECKS,
            excluded_checks=excluded,
        )
        self.seen.append((kind, caller, answer.status_code))
        if not self._raw["responses"][str(answer.status_code)].get("content"):
            assert answer.content == b"", f"{answer.status_code} is documented without content"
        if answer.status_code < 300 and not REPEATABLE.match(self.operation.label):
            # What they had may be used up.
            self._scenes.pop(caller)
            self._known.pop(caller, None)

    def _good(self, caller: str) -> Known:
        if caller not in self._known:
            names = [parameter.name for parameter in self.operation.path_parameters]
            work = known(self.name, names, bool(self.operation.body), self._scene(caller))
            self._known[caller] = self._stage.run(work)
        return self._known[caller]

    def _scene(self, caller: str) -> Scene:
        if caller not in self._scenes:
            work = enter(self.name, self._stage.house, self._stage.mailbox, CALLERS[caller])
            self._scenes[caller] = self._stage.run(work)
        return self._scenes[caller]


def visited(stage: Stage, operation: Any, examples: int) -> Visit:
    """What came of a good request, of `examples` that fit the document, and of as many that do not."""
    visit = Visit(stage, operation)
    for caller in CALLERS:
        visit.send_good(caller)

    @settings(GENERATION, max_examples=examples)
    @given(case=operation.as_strategy(GenerationMode.POSITIVE))
    def fitting(case: Case) -> None:
        for caller in CALLERS:
            visit.send(case, caller)
            visit.send_mended(case, caller)

    @settings(GENERATION, max_examples=examples)
    @given(case=operation.as_strategy(GenerationMode.NEGATIVE))
    def unfit(case: Case) -> None:
        for caller in CALLERS:
            visit.send(case, caller)

    fitting()
    if operation.body or operation.path_parameters or operation.query or operation.headers:
        unfit()
    return visit


def assert_reaches(visit: Visit) -> None:
    """Requests got where they were meant to: signed-in callers to a success, guests only to what is open to them."""
    done = {kind: {caller for each, caller, status in visit.seen if each == kind and status < 300} for kind in KINDS}
    wanted = {"owner"} if done["good"] == {"owner"} else {"member"}
    assert wanted <= done["good"], visit.seen
    assert wanted <= done["mended"], visit.seen
    if visit.name not in FORGETTING:
        assert visit.is_open == any("guest" in callers for callers in done.values()), visit.seen
    assert not any(status == TOO_MANY for _, _, status in visit.seen), "the limits are not wide open"
