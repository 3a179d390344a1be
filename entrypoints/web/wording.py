"""Times and names as people write them."""

from datetime import UTC, datetime


def day(moment: datetime) -> str:
    """A date as people write it: 21 November 2026."""
    return f"{moment.day} {moment:%B %Y}"


def moment(time: datetime) -> str:
    """A date and time in a table: 2026-11-21 09:30:05 UTC."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def words(name: str) -> str:
    """A category or role as a heading: `risk-control` is Risk control."""
    return name.replace("_", " ").replace("-", " ").capitalize()
