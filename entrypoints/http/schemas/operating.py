"""Bodies of health and readiness."""

from typing import Literal

from entrypoints.http.schemas.common import Answer


class HealthResponse(Answer, frozen=True):
    """The process answers."""

    status: Literal["healthy"]
    version: str


class ReadyResponse(Answer, frozen=True):
    """Whether this process can do its work, check by check."""

    status: Literal["ready", "not_ready"]
    checks: dict[str, Literal["ok", "failed"]]
