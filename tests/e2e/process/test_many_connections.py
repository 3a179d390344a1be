"""More connections than a server takes, on one that may open few files."""

import asyncio
import resource
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

import pytest

from tests.e2e.conftest import Instance
from tests.e2e.process.server import SERVE, SETTINGS, RunningServer, member_of, serving

UNFINISHED = b"POST /api/v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-length: 500\r\n\r\n{"
PATIENCE = 10.0
ELSEWHERE = "127.0.0.2"


def few(limit: int) -> tuple[str, ...]:
    """Serve with a soft and hard limit of open files."""
    return ("sh", "-c", f'ulimit -n {limit} && exec "$0" "$@"', *SERVE)


def set_up(instance: Instance, **settings: str) -> Instance:
    named = {f"GUILDHALL_{name.upper()}": value for name, value in settings.items()}
    return Instance(instance.folder, {**SETTINGS, **named})


def port_of(server: RunningServer) -> int:
    port = urlsplit(server.url).port
    assert port is not None
    return port


@contextmanager
def unfinished(server: RunningServer, count: int, source: str = "127.0.0.1") -> Iterator[list[socket.socket]]:
    """Connections whose requests never end."""
    with ExitStack() as stack:
        opened = []
        for _ in range(count):
            client = socket.create_connection(("127.0.0.1", port_of(server)), PATIENCE, source_address=(source, 0))
            stack.enter_context(client)
            opened.append(client)
            try:
                client.sendall(UNFINISHED)
            except ConnectionError:
                # Refused already.
                continue
        yield opened


def asked(server: RunningServer, path: str, source: str = ELSEWHERE) -> tuple[int, str]:
    """Status and text of an answer to an address of this machine."""
    client = HTTPConnection("127.0.0.1", port_of(server), timeout=PATIENCE, source_address=(source, 0))
    try:
        client.request("GET", path)
        answer = client.getresponse()
        return answer.status, answer.read().decode()
    finally:
        client.close()


def received(client: socket.socket) -> bytes:
    """All that comes until the server closes."""
    answer = b""
    try:
        while part := client.recv(4096):
            answer += part
    except ConnectionError:
        pass
    return answer


def is_ready(server: RunningServer) -> bool:
    try:
        return asked(server, "/api/v1/ready")[0] == 200
    except (OSError, HTTPException):
        return False


async def until(holds: Callable[[], bool]) -> None:
    """Ask until it holds, with some patience."""
    for _ in range(100):
        if holds():
            return
        await asyncio.sleep(0.1)
    pytest.fail("it never held")


async def test_connections_of_one_address_leave_the_server_to_others(instance: Instance) -> None:
    limited = set_up(instance, http_connections_per_address="20")
    async with serving(limited, few(256)) as server:
        with unfinished(server, 300) as clients:
            assert asked(server, "/api/v1/health")[0] == 200
            assert asked(server, "/api/v1/ready")[0] == 200
            refused = [received(client) for client in clients[20:30]]
            assert [answer.split(b"\r\n")[0] for answer in refused] == [b"HTTP/1.1 429 Too Many Requests"] * 10
            assert all(b"retry-after: 5\r\n" in answer and b"connection: close\r\n" in answer for answer in refused)
            page = asked(server, "/api/v1/metrics")[1]
            assert 'guildhall_http_connections_refused_total{reason="address"} 280.0' in page
            assert "guildhall_http_connections 21.0" in page
        assert server.logged("connections_refused")[0]["reason"] == "address"
        async with member_of(server) as member:
            assert (await member.client.get("/auth/me")).status_code == 200


async def test_connections_of_many_addresses_leave_files_to_the_database_and_health(instance: Instance) -> None:
    async with serving(instance, few(256)) as server:
        with ExitStack() as stack:
            for host in range(10, 20):
                stack.enter_context(unfinished(server, 50, f"127.0.0.{host}"))
            assert asked(server, "/api/v1/health")[0] == 200
            assert asked(server, "/api/v1/ready")[0] == 200
            page = asked(server, "/api/v1/metrics")[1]
            assert 'guildhall_http_connections_refused_total{reason="server"}' in page
        (told,) = server.logged("few_open_files")
        assert (told["limit"], told["connections"], told["level"]) == (256, 128, "warning")


async def test_sockets_count_as_connections_while_they_are_open(instance: Instance) -> None:
    limited = set_up(instance, http_connections_per_address="5")
    async with serving(limited) as server, member_of(server) as member:
        async with member.socket(), member.socket(), member.socket(), member.socket():
            with unfinished(server, 1) as clients:
                assert received(clients[0]).startswith(b"HTTP/1.1 429")
            assert "guildhall_http_connections 6.0" in asked(server, "/api/v1/metrics")[1]
        await until(lambda: "guildhall_http_connections 2.0" in asked(server, "/api/v1/metrics")[1])
        async with member.socket():
            assert "guildhall_http_connections 3.0" in asked(server, "/api/v1/metrics")[1]


async def test_connections_of_a_trusted_proxy_are_not_limited_by_address(instance: Instance) -> None:
    limited = set_up(instance, http_connections_per_address="5", trusted_proxies="127.0.0.0/30")
    async with serving(limited) as server:
        with unfinished(server, 30):
            assert asked(server, "/api/v1/health", "127.0.0.1")[0] == 200


async def test_server_without_descriptors_recovers_once_clients_are_gone(instance: Instance) -> None:
    limited = set_up(instance, http_connections="100000", http_connections_per_address="100000")
    async with serving(limited, few(128)) as server:
        with unfinished(server, 300), pytest.raises((OSError, HTTPException)):
            asked(server, "/api/v1/health")
        await until(lambda: is_ready(server))
        assert server.logged("more_connections_than_open_files")[0]["leaves"] == 64
        async with member_of(server) as member:
            await member.begin_session()


async def test_server_raises_its_limit_of_open_files(instance: Instance) -> None:
    soft = ("sh", "-c", 'ulimit -S -n 256 && exec "$0" "$@"', *SERVE)
    async with serving(instance, soft) as server:
        soft_now, hard = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)
        assert soft_now == hard > 256
        assert bool(server.logged("few_open_files")) is (hard < 4096)
