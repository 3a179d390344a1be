"""Conversations with the assistant: sessions, messages, and the replies that are being written."""
