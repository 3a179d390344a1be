"""One metadata and one naming convention for all tables."""

from collections.abc import Iterable
from enum import Enum

from sqlalchemy import BigInteger, CheckConstraint, Integer, MetaData

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

Counter = BigInteger().with_variant(Integer(), "sqlite")


def one_of(column: str, values: Iterable[Enum]) -> CheckConstraint:
    """The column holds one of an enum's values."""
    allowed = ", ".join(f"'{value.value}'" if isinstance(value.value, str) else str(value.value) for value in values)
    return CheckConstraint(f"{column} IN ({allowed})", name=column)


def between(column: str, low: int, high: int) -> CheckConstraint:
    """The column's number lies in a range."""
    return CheckConstraint(f"{column} >= {low} AND {column} <= {high}", name=column)


def at_least(column: str, low: int) -> CheckConstraint:
    """The column's number is not below."""
    return CheckConstraint(f"{column} >= {low}", name=column)


def length(column: str, low: int, high: int) -> CheckConstraint:
    """The column's text has so many characters."""
    return CheckConstraint(f"length({column}) >= {low} AND length({column}) <= {high}", name=column)
