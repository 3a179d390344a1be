"""What people can do: use cases behind ports. Imports `domain` and the standard library only."""
