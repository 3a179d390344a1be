"""The schema of a store that has none."""

NEWEST = "memory"


class InMemorySchema:
    """Always the newest: there is nothing to migrate."""

    def head(self) -> str:
        """The newest revision."""
        return NEWEST

    async def current(self) -> str:
        """The store's revision."""
        return NEWEST

    async def upgrade(self, _revision: str = "head") -> None:
        """Nothing to do."""

    async def check(self) -> None:
        """Nothing can be wrong."""
