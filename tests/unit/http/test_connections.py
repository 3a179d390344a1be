"""Places for connections, of everybody and of each address."""

from collections.abc import Callable
from ipaddress import ip_network

import pytest

from adapters.observability.metrics import Metrics
from entrypoints.http.connections import Connections, Full, connections_of, most_with
from entrypoints.settings import Settings, load_settings


def connections(most: int = 100, per_address: int = 3, trusted: str = "192.0.2.0/24") -> Connections:
    return Connections(most, per_address, [ip_network(trusted)], Metrics())


def entered(places: Connections, peer: str | None) -> Callable[[], None]:
    place = places.enter(peer)
    assert not isinstance(place, Full), place
    return place


def test_connections_of_an_address_over_its_limit_are_refused_until_one_is_lost() -> None:
    places = connections()
    leave, *_ = [entered(places, "203.0.113.7") for _ in range(3)]
    assert places.enter("203.0.113.7") is Full.ADDRESS
    entered(places, "203.0.113.8")
    leave()
    entered(places, "203.0.113.7")
    assert places.enter("203.0.113.7") is Full.ADDRESS


def test_connections_of_one_ipv6_network_count_together() -> None:
    places = connections()
    for host in ("1", "2", "3"):
        entered(places, f"2001:db8::{host}")
    assert places.enter("2001:db8::4") is Full.ADDRESS
    entered(places, "2001:db8:0:1::4")


@pytest.mark.parametrize("proxy", ["192.0.2.1", "::ffff:192.0.2.1"])
def test_connections_of_a_trusted_proxy_have_no_limit_of_their_own(proxy: str) -> None:
    places = connections(most=10)
    for _ in range(10):
        entered(places, proxy)
    assert places.enter(proxy) is Full.SERVER


def test_connections_beyond_all_leave_a_spare_one_to_whoever_has_none() -> None:
    places = connections(most=8, per_address=100)
    for _ in range(8):
        entered(places, "203.0.113.7")
    assert places.enter("203.0.113.7") is Full.SERVER
    entered(places, "203.0.113.8")
    assert places.enter("203.0.113.8") is Full.SERVER
    leave = entered(places, "203.0.113.9")
    assert places.enter("203.0.113.10") is Full.SERVER
    leave()
    entered(places, "203.0.113.10")


def test_connections_without_an_address_count_among_all() -> None:
    places = connections(most=4, per_address=1)
    for _ in range(4):
        entered(places, None)
    assert places.enter(None) is Full.SERVER


def test_connections_are_metered() -> None:
    metrics = Metrics()
    places = Connections(10, 1, [], metrics)
    leave = entered(places, "203.0.113.7")
    places.enter("203.0.113.7")
    page = metrics.render()[0].decode()
    assert "guildhall_http_connections 1.0" in page
    assert 'guildhall_http_connections_refused_total{reason="address"} 1.0' in page
    leave()
    assert "guildhall_http_connections 0.0" in metrics.render()[0].decode()


def test_connections_refused_are_told_once_a_minute_and_reason(caplog: pytest.LogCaptureFixture) -> None:
    places = connections()
    for now, full in ((0, Full.ADDRESS), (1, Full.ADDRESS), (2, Full.SERVER), (59, Full.SERVER), (61, Full.ADDRESS)):
        places.tell(full, "203.0.113.7", float(now))
    assert [vars(record)["reason"] for record in caplog.records] == ["address", "server", "address"]


@pytest.mark.parametrize(
    ("open_files", "most"), [(64, 32), (256, 128), (1024, 768), (4096, 3840), (1_048_576, 65_536), (None, 65_536)]
)
def test_connections_by_default_leave_files_to_the_rest(open_files: int | None, most: int) -> None:
    assert most_with(open_files) == most


@pytest.mark.parametrize(
    ("environ", "open_files", "most", "per_address"),
    [
        ({}, 1024, 768, 384),
        ({}, 65_536, 65_280, 500),
        ({"GUILDHALL_HTTP_CONNECTIONS": "100"}, 1024, 100, 50),
        ({"GUILDHALL_HTTP_CONNECTIONS": "100", "GUILDHALL_HTTP_CONNECTIONS_PER_ADDRESS": "90"}, 1024, 100, 90),
        ({"GUILDHALL_HTTP_CONNECTIONS_PER_ADDRESS": "5000"}, 1024, 768, 5000),
    ],
)
def test_connections_follow_the_settings(environ: dict[str, str], open_files: int, most: int, per_address: int) -> None:
    places = connections_of(load_settings(environ), Metrics(), open_files)
    assert (places.most, places.most_per_address) == (most, per_address)


def test_connections_of_one_address_do_not_take_all_by_default() -> None:
    places = connections_of(Settings(), Metrics(), 256)
    taken = [places.enter("203.0.113.7") for _ in range(256)]
    assert taken.count(Full.ADDRESS) == 256 - 64
    assert len([entered(places, "203.0.113.8") for _ in range(64)]) == 64


@pytest.mark.parametrize(("full", "status"), [(Full.ADDRESS, b"429 Too Many Requests"), (Full.SERVER, b"503 Service")])
def test_connection_that_is_refused_gets_a_whole_answer(full: Full, status: bytes) -> None:
    head, _, body = full.answer().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 " + status)
    assert f"content-length: {len(body)}".encode() in head
    assert b"retry-after: 5" in head
    assert b"connection: close" in head
