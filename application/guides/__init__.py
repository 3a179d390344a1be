"""The guide library: passages, search, and what members and authors do with guides."""
