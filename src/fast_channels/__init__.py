"""Channels-style consumers and channel layers for any ASGI framework, typed and protocol-first."""
