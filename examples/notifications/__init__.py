"""Notifications that nobody misses: server-sent events, a session cookie, and FastAPI."""
