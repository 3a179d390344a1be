"""Counts in words."""


def counted(count: int, one: str, many: str | None = None) -> str:
    """A number and its noun: `1 file`, `2 files`; `many` where an s does not make it."""
    return f"{count} {one if count == 1 else many or f'{one}s'}"
