"""What binds a command even when root runs the tests: `python privileges.py RESTRICTION COMMAND…`."""

import ctypes
import os
import resource
import sys

_PR_CAPBSET_DROP = 24
_DAC_OVERRIDE, _DAC_READ_SEARCH = 1, 2
# What SQLite shares between processes about its log takes half of it.
_SMALL = 65_536

FILE_MODES_BIND = (sys.executable, __file__, "modes")
DISK_IS_FULL = (sys.executable, __file__, "full")


def _bind_to_file_modes() -> None:
    """Take away root's right to pass over file modes, from the next program on. Others never had it."""
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in (_DAC_OVERRIDE, _DAC_READ_SEARCH):
        libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)


def _fill_disk() -> None:
    """No file can grow beyond a few kilobytes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (_SMALL, _SMALL))


if __name__ == "__main__":
    {"modes": _bind_to_file_modes, "full": _fill_disk}[sys.argv[1]]()
    os.execv(sys.argv[2], sys.argv[2:])
