"""Passwords, tokens and the keys that sign them."""
