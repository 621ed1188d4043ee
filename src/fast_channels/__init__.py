"""Channels-style consumers and channel layers for any ASGI framework, typed and protocol-first."""

__version__ = "0.1.0"
