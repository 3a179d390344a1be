"""The machine's own clock and its source of ids."""
