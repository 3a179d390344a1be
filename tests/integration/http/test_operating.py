"""Health, readiness, metrics, documentation, and what every answer carries."""

import ipaddress
import logging
import re
from pathlib import Path

import httpx
import pytest
from dependency_injector import providers

from adapters.memory.schema import InMemorySchema
from adapters.memory.system import InMemoryDisk
from application.room import MIN_FREE_BYTES
from domain.errors import Unavailable
from domain.identity import Role
from entrypoints.container import memory_container
from entrypoints.settings import HttpSettings
from tests.integration.http.house import THIS_MACHINE, House, expect_problem, running, settings


class OldSchema(InMemorySchema):
    """A database behind this version."""

    async def current(self) -> str:
        return "0001"


async def test_health_is_told_to_anybody(house: House) -> None:
    answer = await house.client.get("/api/v1/health", headers={"Authorization": "Bearer nonsense"})
    assert answer.status_code == 200
    assert answer.json()["status"] == "healthy"
    assert answer.json()["version"]


async def test_ready_with_everything_running_says_so(living_house: House) -> None:
    answer = await living_house.client.get("/api/v1/ready")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ready",
        "checks": {"database": "ok", "schema": "ok", "replies": "ok", "disk": "ok"},
    }


async def test_ready_without_the_reply_worker_is_503(house: House) -> None:
    answer = await house.client.get("/api/v1/ready")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {"database": "ok", "schema": "ok", "replies": "failed", "disk": "ok"}


async def test_ready_on_an_old_schema_is_503_and_tells_no_details(tmp_path: Path) -> None:
    container = memory_container(settings(tmp_path))
    container.migrator.override(providers.Singleton(OldSchema))
    async with running(container, with_lifespan=True) as house:
        answer = await house.client.get("/api/v1/ready")
    assert answer.status_code == 503
    checks = {"database": "ok", "schema": "failed", "replies": "ok", "disk": "ok"}
    assert answer.json() == {"status": "not_ready", "checks": checks}


async def test_ready_on_a_full_disk_is_503(tmp_path: Path) -> None:
    container = memory_container(settings(tmp_path))
    container.data_disk.override(providers.Object(InMemoryDisk(MIN_FREE_BYTES - 1)))
    async with running(container, with_lifespan=True) as house:
        answer = await house.client.get("/api/v1/ready")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {"database": "ok", "schema": "ok", "replies": "ok", "disk": "failed"}


async def test_metrics_from_this_machine_count_by_route_template(house: House) -> None:
    ada = await house.person("ada")
    session = await house.session(ada)
    await house.client.get(f"/api/v1/chat/sessions/{session['id']}", headers=ada.headers)
    await house.client.get("/nowhere/at/all")
    async with house.browser(THIS_MACHINE) as scraper:
        page = (await scraper.get("/api/v1/metrics")).text
    assert re.search(
        r'requests_total\{method="GET",route="/api/v1/chat/sessions/\{session_id[^}]*\}",status="200"', page
    )
    assert 'route="unmatched",status="404"' in page
    assert session["id"] not in page


async def test_metrics_count_a_cancelled_reply_once(house: House) -> None:
    ada = await house.person("ada")
    posted = await house.message(ada, (await house.session(ada))["id"])
    for _ in range(2):
        await house.client.post(f"/api/v1/chat/messages/{posted['reply_id']}/cancel", headers=ada.headers)
    page = house.container.metrics().render()[0].decode()
    assert 'guildhall_chat_replies_total{provider="LOCAL",status="cancelled"} 1.0' in page


@pytest.mark.parametrize("name", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"])
async def test_metrics_through_a_proxy_need_an_admin(house: House, name: str) -> None:
    async with house.browser(THIS_MACHINE) as scraper:
        answer = await scraper.get("/api/v1/metrics", headers={name: "127.0.0.1"})
    expect_problem(answer, 401, "not_signed_in")


async def test_metrics_from_elsewhere_are_for_admins(house: House) -> None:
    admin, ada = await house.person("root", Role.ADMIN), await house.person("ada")
    expect_problem(await house.client.get("/api/v1/metrics"), 401, "not_signed_in")
    expect_problem(await house.client.get("/api/v1/metrics", headers=ada.headers), 403, "not_allowed")
    answer = await house.client.get("/api/v1/metrics", headers=admin.headers)
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert answer.headers["content-type"].count("charset") == 1


async def test_documentation_needs_nothing_from_elsewhere(house: House) -> None:
    for path in ("/docs", "/redoc"):
        page = await house.client.get(path)
        assert page.status_code == 200
        assert page.headers["content-type"].startswith("text/html")
        assert re.findall(r'(?:src|href)="([^"#][^"]*)"', page.text) == ["/docs/reference.css", "/openapi.json"]
        assert "<script" not in page.text
        assert "/api/v1/chat/sessions/{session_id}/messages" in page.text
        assert 'id="schema-ChatSessionCreateRequest"' in page.text
    assert (await house.client.get("/docs/reference.css")).headers["content-type"].startswith("text/css")


async def test_openapi_document_names_every_call_and_its_refusals(house: House) -> None:
    document = (await house.client.get("/openapi.json")).json()
    assert document["info"]["title"] == "Guildhall"
    calls = [call for item in document["paths"].values() for call in item.values()]
    names = [call["operationId"] for call in calls]
    assert len(names) == len(set(names)) >= 38
    assert {"list_sessions", "post_message", "login"} <= set(names)
    assert all(call["description"] and call["tags"] for call in calls)
    schemas = document["components"]["schemas"]
    assert {
        "ChatSessionCreateRequest",
        "ChatSessionUpdateRequest",
        "ChatMessageCreateRequest",
        "ChatSessionResponse",
        "ChatMessageResponse",
        "ChatSessionsListResponse",
        "ChatMessagesListResponse",
        "ChatStatsResponse",
        "Problem",
    } <= set(schemas)
    post = document["paths"]["/api/v1/chat/sessions/{session_id}/messages"]["post"]
    assert {"201", "400", "401", "404", "409", "413", "422"} <= set(post["responses"])
    assert "application/problem+json" in post["responses"]["409"]["content"]
    assert post["security"] == [{"bearer": []}, {"cookie": []}]
    assert set(document["components"]["securitySchemes"]) == {"bearer", "cookie"}


async def test_request_id_is_kept_when_sane_and_made_otherwise(house: House) -> None:
    async def answered(given: str) -> str:
        answer = await house.client.get("/api/v1/health", headers={"X-Request-ID": given})
        return str(answer.headers["x-request-id"])

    assert await answered("trace-1.2:3_4") == "trace-1.2:3_4"
    made = [await answered(given) for given in ("", "a b", "x" * 129, "<script>", "a;b")]
    assert all(re.fullmatch(r"[0-9a-f]{32}", each) for each in made)
    assert len(set(made)) == len(made)


async def test_access_log_line_carries_fields(house: House, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="entrypoints.http.envelope"):
        await house.client.get("/api/v1/guides?q=words-of-mine")
    line = next(record for record in caplog.records if record.name == "entrypoints.http.envelope")
    assert line.message == "request"
    fields = vars(line)
    assert (fields["method"], fields["route"], fields["status"]) == ("GET", "/api/v1/guides", 401)
    assert fields["client"] == "203.0.113.7"
    assert fields["duration_ms"] >= 0
    assert "words-of-mine" not in str(fields)


async def test_every_answer_protects_the_browser(house: House) -> None:
    for path in ("/api/v1/health", "/docs", "/nowhere"):
        headers = (await house.client.get(path)).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe-inline" not in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert "access-control-allow-origin" not in headers
    assert (await house.client.get("/api/v1/health")).headers["cache-control"] == "no-store"


async def test_head_is_answered_like_get_without_the_body(house: House) -> None:
    head, get = await house.client.head("/api/v1/health"), await house.client.get("/api/v1/health")
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["content-length"] == get.headers["content-length"]


async def test_unexpected_failure_tells_only_the_request_id(house: House, caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        async def me(self, _actor: object) -> None:
            raise ZeroDivisionError("the password is hunter2")

    ada = await house.person("ada")
    house.container.member_service.override(providers.Object(Broken()))
    answer = await house.client.get("/api/v1/auth/me", headers=ada.headers)
    problem = expect_problem(answer, 500, "internal")
    assert "hunter2" not in answer.text
    assert "ZeroDivision" not in answer.text
    assert problem["request_id"]
    assert any(record.message == "request_failed" and record.exc_info for record in caplog.records)


async def test_unavailable_database_leaves_one_line_with_the_reason(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    class Damaged:
        async def me(self, _actor: object) -> None:
            raise Unavailable("The database file is damaged; restore a backup.")

    ada = await house.person("ada")
    house.container.member_service.override(providers.Object(Damaged()))
    problem = expect_problem(await house.client.get("/api/v1/auth/me", headers=ada.headers), 503, "unavailable")
    assert problem["detail"] == "Something this needs does not answer now; try again later."
    (line,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert line.message == "unavailable"
    assert vars(line)["reason"] == "The database file is damaged; restore a backup."
    assert line.exc_info is None


async def test_forwarded_address_is_believed_from_trusted_proxies_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    container = memory_container(settings(tmp_path, trusted_proxies=(ipaddress.ip_network("203.0.113.0/24"),)))
    headers = {"X-Forwarded-For": "198.51.100.1, 192.0.2.9, 203.0.113.8"}
    async with running(container) as house:
        with caplog.at_level(logging.INFO, logger="entrypoints.http.envelope"):
            await house.client.get("/api/v1/health", headers=headers)
            async with house.browser(("198.51.100.77", 1)) as stranger:
                await stranger.get("/api/v1/health", headers=headers)
    clients = [vars(record)["client"] for record in caplog.records if record.name == "entrypoints.http.envelope"]
    assert clients == ["192.0.2.9", "198.51.100.77"]


async def test_cors_preflight_is_answered_for_allowed_origins_only(tmp_path: Path) -> None:
    http = HttpSettings(allowed_origins=("https://app.example.org",))
    ask = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "X-CSRF-Token, If-Match"}
    async with running(memory_container(settings(tmp_path, http=http))) as house:

        async def preflight(origin: str) -> httpx.Response:
            return await house.client.options("/api/v1/guides", headers={"Origin": origin, **ask})

        good, bad = await preflight("https://app.example.org"), await preflight("https://evil.example")
    assert good.headers["access-control-allow-origin"] == "https://app.example.org"
    assert "x-csrf-token" in good.headers["access-control-allow-headers"].lower()
    assert bad.headers.get("access-control-allow-origin") != "https://evil.example"


async def test_ready_and_metrics_at_the_root_answer_as_under_the_prefix(living_house: House) -> None:
    ready = await living_house.client.get("/ready")
    async with living_house.browser(THIS_MACHINE) as scraper:
        metrics = await scraper.get("/metrics")

    assert ready.json()["status"] == "ready"
    assert metrics.headers["content-type"].startswith("text/plain")
    expect_problem(await living_house.client.get("/metrics"), 401, "not_signed_in")
    assert "/ready" not in (await living_house.client.get("/openapi.json")).json()["paths"]
