"""Helpers that tests share. Fakes are product code and live in `adapters/memory`."""
