"""How many files and connections the system lets this process hold open."""

from contextlib import suppress
from types import ModuleType

FEW = 4096
"""A server with a lower limit than this says so when it starts."""


def raise_limit() -> None:
    """Raise the soft limit of open files to the hard one, where the system has such limits and agrees."""
    resource = _resource()
    if resource is None:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # macOS calls its hard limit infinite and refuses to set it.
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def limit() -> int | None:
    """The soft limit of open files; None where there is none."""
    resource = _resource()
    if resource is None:
        return None
    soft: int = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return None if soft == resource.RLIM_INFINITY else soft


def _resource() -> ModuleType | None:
    try:
        import resource
    except ImportError:
        # Windows.
        return None
    return resource
