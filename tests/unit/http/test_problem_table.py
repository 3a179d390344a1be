"""The table from error classes to statuses."""

from collections.abc import Iterator
from http import HTTPStatus

import pytest

import domain.errors
import entrypoints.http.app
from domain.errors import GuildhallError, InvalidToken, NotAllowed, StaleVersion
from entrypoints.http.cross_site import CsrfFailed
from entrypoints.http.problems import STATUS_OF, status_of


def error_classes(root: type[GuildhallError] = GuildhallError) -> Iterator[type[GuildhallError]]:
    for kind in root.__subclasses__():
        yield kind
        yield from error_classes(kind)


def test_domain_errors_each_have_a_row_of_their_own() -> None:
    classes = {kind for kind in error_classes() if kind.__module__ == domain.errors.__name__}
    assert len(classes) >= 12
    assert classes - set(STATUS_OF) == set()


def test_error_classes_of_every_floor_find_a_status() -> None:
    assert entrypoints.http.app.create_app
    assert all(400 <= status_of(kind) < 600 for kind in error_classes())


def test_error_codes_of_different_classes_are_different() -> None:
    codes = [kind.code for kind in error_classes() if "code" in vars(kind)]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (StaleVersion, HTTPStatus.PRECONDITION_FAILED),
        (InvalidToken, HTTPStatus.UNAUTHORIZED),
        (NotAllowed, HTTPStatus.FORBIDDEN),
        (CsrfFailed, HTTPStatus.FORBIDDEN),
    ],
)
def test_error_of_two_rows_takes_the_most_specific(kind: type[GuildhallError], status: HTTPStatus) -> None:
    assert status_of(kind) is status


def test_error_class_without_any_row_is_refused() -> None:
    with pytest.raises(LookupError):
        status_of(GuildhallError)
