"""Versions, refusals, addresses and origins."""

import ipaddress
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar.types import HTTPScope

from domain.errors import GuildhallError, Invalid, Malformed, Unavailable
from entrypoints.http.client_address import believe_proxies, is_direct_from_this_machine
from entrypoints.http.cross_site import CrossSite, CsrfFailed, require_csrf_token, require_own_site
from entrypoints.http.refusals import WrongKind, refused_value
from entrypoints.http.socket_transport import error_fields
from entrypoints.http.versions import etag, expected_version

PROXIES = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::1/128"))


def scope(client: str | None, scheme: str = "http", **headers: str) -> HTTPScope:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return cast(
        "HTTPScope",
        {"type": "http", "client": (client, 1) if client else None, "scheme": scheme, "headers": raw},
    )


def test_version_as_etag_is_read_back() -> None:
    assert expected_version(etag(7)["ETag"]) == 7


@pytest.mark.parametrize("header", [None, "*", " * "])
def test_version_not_named_expects_none(header: str | None) -> None:
    assert expected_version(header) is None


@pytest.mark.parametrize("header", ["", "7", 'W/"7"', '"7", "8"', '"-1"', '"7', '"' + "9" * 19 + '"'])
def test_version_unreadable_is_malformed(header: str) -> None:
    with pytest.raises(Malformed):
        expected_version(header)


@pytest.mark.parametrize(
    ("text", "kind", "field"),
    [
        ("Expected `int`, got `str` - at `$.settings.max_tokens`", WrongKind, "settings.max_tokens"),
        ("Expected `object`, got `array`", WrongKind, "body"),
        ("Number out of range - at `$.a`", WrongKind, "a"),
        ("Object missing required field `title`", Invalid, "title"),
        ("Object missing required field `a` - at `$.settings`", Invalid, "settings.a"),
        ("Object contains unknown field `x`", Invalid, "x"),
        ("Invalid enum value 'z' - at `$.mode`", Invalid, "mode"),
        ("Expected `str` of length <= 5 - at `$.tags[0]`", Invalid, "tags[0]"),
    ],
)
def test_refused_value_names_its_field(text: str, kind: type[GuildhallError], field: str) -> None:
    error = refused_value(text)
    assert type(error) is kind
    assert isinstance(error, Invalid | WrongKind)
    assert [each.field for each in error.fields] == [field]
    assert "`" not in error.message


def test_refused_value_unknown_field_says_which_there_are() -> None:
    error = refused_value("Object contains unknown field `account`", known=("email", "password"))
    assert error.message == "account: there is no such field; expected one of email, password"


def test_refused_value_unknown_field_within_another_says_that_there_is_none() -> None:
    error = refused_value("Object contains unknown field `x` - at `$.settings`", known=("title", "settings"))
    assert error.message == "settings.x: there is no such field"


def test_refused_value_of_a_parameter_names_the_parameter() -> None:
    error = refused_value("Expected `int`, got `str`", "limit")
    assert isinstance(error, WrongKind)
    assert error.fields[0].field == "limit"


@pytest.mark.parametrize(
    ("peer", "forwarded", "believed"),
    [
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.2.3.4, 198.51.100.1, 10.0.0.9", "198.51.100.1"),
        ("10.0.0.1", "10.0.0.8, 10.0.0.9", "10.0.0.8"),
        ("10.0.0.1", "garbage", "10.0.0.1"),
        ("10.0.0.1", "1.2.3.4, garbage, 10.0.0.9", "10.0.0.9"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        ("::1", "[2001:db8::1]", "2001:db8::1"),
        ("::1", "[2001:db8::1]:4711", "2001:db8::1"),
        ("10.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
        ("10.0.0.1", "fe80::1%eth0", "fe80::1"),
        ("10.0.0.1", "fe80::1%<script>", "fe80::1"),
        ("::1%lo", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", ", ,198.51.100.1, ,", "198.51.100.1"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "1" * 5_000, "10.0.0.1"),
        ("192.0.2.1", "198.51.100.1", "192.0.2.1"),
        (None, "198.51.100.1", None),
    ],
)
def test_client_address_behind_proxies_is_the_last_unknown_hop(
    peer: str | None, forwarded: str, believed: str | None
) -> None:
    found = scope(peer, x_forwarded_for=forwarded)
    believe_proxies(found, PROXIES)
    client = found["client"]
    assert (client[0] if client else None) == believed


@given(st.text(st.characters(max_codepoint=255)))
def test_client_address_of_any_header_is_an_address_of_the_proxy_or_another(forwarded: str) -> None:
    found = scope("10.0.0.1")
    found["headers"] = [(b"x-forwarded-for", forwarded.encode("latin-1"))]
    believe_proxies(found, PROXIES)
    assert found["client"]
    assert str(ipaddress.ip_address(found["client"][0])) == found["client"][0]


@pytest.mark.parametrize(
    ("kind", "proto", "expected"),
    [("http", "https", "https"), ("http", "http", "http"), ("websocket", "https", "wss"), ("http", "ftp", "http")],
)
def test_client_scheme_behind_a_trusted_proxy_is_its_own(kind: str, proto: str, expected: str) -> None:
    found: Any = scope("10.0.0.1", x_forwarded_proto=proto)
    found["type"] = kind
    believe_proxies(found, PROXIES)
    assert found["scheme"] == expected


@pytest.mark.parametrize(
    ("peer", "headers", "direct"),
    [
        ("127.0.0.1", {}, True),
        ("::1", {}, True),
        ("127.0.0.1", {"x_forwarded_for": "127.0.0.1"}, False),
        ("192.0.2.1", {}, False),
        ("testclient", {}, False),
        (None, {}, False),
    ],
)
def test_request_from_this_machine_is_told_from_others(peer: str | None, headers: dict[str, str], direct: bool) -> None:
    assert is_direct_from_this_machine(scope(peer, **headers)) is direct


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": "https://other.example.org"},
        {"origin": "null", "host": "guild.example.org"},
        {"origin": "https://guild.example.org.evil.example", "host": "guild.example.org"},
        {"origin": ""},
        {"origin": "", "host": ""},
        {"origin": "https://", "host": ""},
        {"origin": "http://guild.example.org", "host": "guild.example.org"},
    ],
    ids=str,
)
def test_other_sites_page_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(CrossSite):
        require_own_site(headers, {"https://app.example.org"}, is_secure=True)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec-fetch-site": "same-origin", "origin": "null"},
        {"origin": "https://app.example.org", "sec-fetch-site": "cross-site"},
        {"origin": "https://guild.example.org", "host": "GUILD.example.org"},
    ],
    ids=str,
)
def test_own_page_or_no_browser_passes(headers: dict[str, str]) -> None:
    require_own_site(headers, {"https://app.example.org"}, is_secure=True)
    assert headers.get("sec-fetch-site") != "cross-site" or headers["origin"] == "https://app.example.org"


@pytest.mark.parametrize("origin", ["http://guild.example.org", "https://guild.example.org"])
@pytest.mark.parametrize("is_secure", [True, False])
@pytest.mark.parametrize("own", [set(), {"https://guild.example.org"}], ids=["of no name", "public"])
def test_origin_of_another_scheme_is_another_site(origin: str, is_secure: bool, own: set[str]) -> None:
    headers = {"origin": origin, "host": "guild.example.org"}
    is_own = origin in own or (origin.startswith("https:") is is_secure and not own)
    if is_own:
        require_own_site(headers, own, is_secure)
        return
    with pytest.raises(CrossSite):
        require_own_site(headers, own, is_secure)


@pytest.mark.parametrize(
    ("sent", "kept"), [("", ""), ("token", ""), ("", "token"), ("other", "other"), ("token", "other"), ("é", "é")]
)
def test_csrf_token_that_is_not_the_sign_ins_is_refused(sent: str, kept: str) -> None:
    with pytest.raises(CsrfFailed):
        require_csrf_token({"x-csrf-token": sent}, {"guildhall_csrf": kept}, "token")


def test_error_frame_of_something_unavailable_leaves_the_reason_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    fields = error_fields(Unavailable("The database is locked by another process."))
    assert fields == {
        "error_code": "unavailable",
        "error_message": "Something this needs does not answer now; try again later.",
    }
    (line,) = caplog.records
    assert vars(line)["reason"] == "The database is locked by another process."


def test_refusal_of_a_name_that_is_no_choice_tells_the_choices() -> None:
    error = refused_value("Invalid enum value 'x' - at `$.mode`", choices={"mode": ("bearer", "cookie")})
    assert error.message == "mode: invalid enum value 'x'; expected one of bearer, cookie"
