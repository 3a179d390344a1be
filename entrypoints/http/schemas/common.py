"""What every room's bodies share."""

from typing import Annotated, Literal, TypeVar

import msgspec

from application.realtime.events import plain
from domain.identity import Role

RoleName = Literal["PUBLIC", "SUBSCRIBER", "ADMIN", "OWNER"]

T = TypeVar("T")


def present(kind: type[T], model: object) -> T:
    """A read model as the body of this kind: the same fields, enums of rank by their names."""
    return msgspec.convert(plain(model), kind)


def role(name: RoleName) -> Role:
    """The role of that name."""
    return Role[name]


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of what clients send: a field that is not known is refused, so that a typing error is not lost."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Base of what clients get."""


class FieldProblem(Answer, frozen=True):
    """One field that does not hold."""

    field: str
    message: str


class Problem(Answer, frozen=True, omit_defaults=True):
    """A refusal or failure as RFC 9457 describes it. `code` is stable; `request_id` finds the log lines."""

    type: Annotated[str, msgspec.Meta(description="A URN of the kind of problem, one for each code.")]
    title: str
    status: int
    detail: str
    instance: Annotated[str, msgspec.Meta(description="The path that was asked for.")]
    code: Annotated[str, msgspec.Meta(description="Stable name of the reason, for programs.")]
    request_id: str
    errors: Annotated[tuple[FieldProblem, ...], msgspec.Meta(description="The fields that do not hold.")] = ()
    details: Annotated[dict[str, object], msgspec.Meta(description="Values that belong to the reason.")] = {}
