"""Health, readiness and metrics."""

from litestar import Response, get
from litestar.openapi import ResponseSpec
from litestar.status_codes import HTTP_200_OK, HTTP_503_SERVICE_UNAVAILABLE

from entrypoints.http.access import ANONYMOUS, PUBLIC, metrics_reader, signed_in
from entrypoints.http.dependencies import (
    ChatHealthDependency,
    MetricsDependency,
    ReadinessDependency,
    SocketsDependency,
)
from entrypoints.http.openapi import SECURITY, project_version, refusals
from entrypoints.http.schemas.chat import ChatHealthResponse
from entrypoints.http.schemas.operating import HealthResponse, ReadyResponse


@get("/health", opt=ANONYMOUS)
async def health() -> HealthResponse:
    """The process answers."""
    return HealthResponse(status="healthy", version=project_version())


@get("/ready", opt=ANONYMOUS, responses={503: ResponseSpec(ReadyResponse, description="A check failed.")})
async def ready(readiness: ReadinessDependency) -> Response[ReadyResponse]:
    """Whether the database answers, its schema is the newest, replies are being worked on, and data can be written.

    For that the disk of the data folder needs 16 MiB of free space.
    """
    checks = await readiness.check()
    is_ready = all(checks.values())
    return Response(
        ReadyResponse(
            status="ready" if is_ready else "not_ready",
            checks={name: "ok" if holds else "failed" for name, holds in checks.items()},
        ),
        status_code=HTTP_200_OK if is_ready else HTTP_503_SERVICE_UNAVAILABLE,
    )


@get(
    "/metrics",
    opt=PUBLIC,
    guards=[metrics_reader],
    security=[{}, *SECURITY],
    media_type="text/plain",
    responses=refusals(401, 403),
)
async def metrics_page(metrics: MetricsDependency) -> Response[bytes]:
    """Figures for Prometheus: without signing in from this machine itself, for ADMIN from elsewhere.

    A request that a proxy handed on counts as from elsewhere.
    """
    page, media_type = metrics.render()
    # As a media type it would get a second charset.
    return Response(page, headers={"Content-Type": media_type})


@get("/chat/health", guards=[signed_in], security=SECURITY, tags=["chat"], responses=refusals(401))
async def chat_health_page(chat_health: ChatHealthDependency, sockets: SocketsDependency) -> ChatHealthResponse:
    """Whether the assistant works, provider by provider, and how many sockets are open."""
    found = await chat_health.check()
    return ChatHealthResponse(
        service="chat",
        status=found.status,
        timestamp=found.timestamp,
        active_connections=sockets.stats().total_connections,
        providers=dict(found.providers),
    )


HANDLERS = [health, ready, metrics_page, chat_health_page]
# Where probes and scrapers look without being told.
AT_ROOT = [ready, metrics_page]
