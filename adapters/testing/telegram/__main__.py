"""`python -m adapters.testing.telegram`: the fake Bot API on a port, for a bot in a process of its own."""

import sys

from adapters.testing.telegram.console import main

if __name__ == "__main__":
    sys.exit(main())
