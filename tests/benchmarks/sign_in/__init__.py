"""Signing in while somebody guesses."""
