"""Single refusals as documents."""

from datetime import timedelta
from typing import Any

import pytest
from litestar import Request
from litestar.exceptions import HTTPException, ValidationException
from litestar.testing import RequestFactory

from domain.errors import FieldError, Invalid, TooLarge, TooManyRequests, Unavailable
from entrypoints.http.problems import on_domain_error, on_http_exception, on_unexpected


@pytest.fixture
def request_() -> Request[Any, Any, Any]:
    return RequestFactory().get("/api/v1/guides", query_params={"q": "secret"})


def test_problem_of_a_limit_says_when_to_come_back(request_: Request[Any, Any, Any]) -> None:
    answer = on_domain_error(request_, TooManyRequests("Slow down.", timedelta(seconds=1.2)))
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "2")


def test_problem_of_a_limit_about_to_end_waits_a_second(request_: Request[Any, Any, Any]) -> None:
    assert on_domain_error(request_, TooManyRequests("Slow down.", timedelta(0))).headers["Retry-After"] == "1"


def test_problem_of_invalid_fields_lists_them(request_: Request[Any, Any, Any]) -> None:
    error = Invalid("two", [FieldError("a", "expected 1"), FieldError("b", "expected 2")])
    body = on_domain_error(request_, error).content
    assert [(field.field, field.message) for field in body.errors] == [("a", "expected 1"), ("b", "expected 2")]


def test_problem_details_are_plain_values(request_: Request[Any, Any, Any]) -> None:
    body = on_domain_error(request_, TooLarge("too large", limit_bytes=5)).content
    assert body.details == {"limit_bytes": 5}
    assert body.instance == "/api/v1/guides"


def test_problem_of_something_unavailable_is_503(request_: Request[Any, Any, Any]) -> None:
    assert on_domain_error(request_, Unavailable("later")).status_code == 503


def test_problem_of_something_unavailable_tells_no_operators_matters(request_: Request[Any, Any, Any]) -> None:
    error = Unavailable("The disk of the database is full; make room.", path="/srv/guild.db")
    body = on_domain_error(request_, error).content
    assert body.detail == "Something this needs does not answer now; try again later."
    assert (body.code, body.details) == ("unavailable", {})


def test_problem_of_something_unavailable_for_clients_is_told(request_: Request[Any, Any, Any]) -> None:
    body = on_domain_error(request_, Unavailable("This instance sends no mail.", is_public=True)).content
    assert body.detail == "This instance sends no mail."


def test_problem_of_several_parameters_takes_the_worst(request_: Request[Any, Any, Any]) -> None:
    extra = [
        {"key": "limit", "message": "Expected `int` <= 200"},
        {"key": "page", "message": "Expected `int`, got `str`"},
    ]
    assert on_http_exception(request_, ValidationException("bad", extra=extra)).status_code == 400
    assert on_http_exception(request_, ValidationException("bad", extra=extra[:1])).status_code == 422


def test_problem_of_a_status_without_text_uses_its_own(request_: Request[Any, Any, Any]) -> None:
    body = on_http_exception(request_, HTTPException(status_code=409, detail="")).content
    assert (body.code, body.status) == ("conflict", 409)
    assert body.detail


def test_problem_of_the_frameworks_own_failure_tells_nothing(request_: Request[Any, Any, Any]) -> None:
    body = on_http_exception(request_, HTTPException(status_code=500, detail="secret")).content
    assert body.code == "internal"
    assert "secret" not in body.detail


def test_problem_of_an_unexpected_error_tells_nothing(request_: Request[Any, Any, Any]) -> None:
    body = on_unexpected(request_, ValueError("secret")).content
    assert (body.status, body.code) == (500, "internal")
    assert "secret" not in body.detail
