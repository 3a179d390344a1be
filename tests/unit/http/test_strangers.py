"""Sockets that have not said who they are, by address."""

from contextlib import ExitStack

import pytest

from domain.errors import TooManyRequests
from entrypoints.http.socket_limits import Strangers


def test_strangers_over_the_limit_are_refused_until_one_is_known() -> None:
    strangers = Strangers(2)
    with strangers.one_from("192.0.2.1"):
        with strangers.one_from("192.0.2.1"):
            for _ in range(3):
                with pytest.raises(TooManyRequests), strangers.one_from("192.0.2.1"):
                    pytest.fail("let in")
            with strangers.one_from("192.0.2.2") as elsewhere:
                assert elsewhere is None
        with strangers.one_from("192.0.2.1") as known:
            assert known is None


def test_strangers_of_one_ipv6_network_count_together() -> None:
    strangers = Strangers(2)
    with strangers.one_from("2001:db8::1"), strangers.one_from("2001:db8::2"):
        with pytest.raises(TooManyRequests), strangers.one_from("2001:db8::3"):
            pytest.fail("let in")
        with strangers.one_from("2001:db8:0:1::3") as neighbour:
            assert neighbour is None


def test_stranger_whose_block_fails_is_gone() -> None:
    strangers = Strangers(1)
    with pytest.raises(OSError, match="gone"), strangers.one_from("192.0.2.1"):
        raise OSError("gone")
    with strangers.one_from("192.0.2.1") as again:
        assert again is None


@pytest.mark.parametrize(("most", "ip"), [(None, "192.0.2.1"), (1, None)], ids=["no limit", "no address"])
def test_strangers_that_cannot_be_counted_are_let_in(most: int | None, ip: str | None) -> None:
    strangers = Strangers(most)
    with ExitStack() as stack:
        let_in = [stack.enter_context(strangers.one_from(ip)) for _ in range(10)]
    assert len(let_in) == 10
