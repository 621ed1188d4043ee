"""The states of connections that a consumer asks for, in a module that loads nothing of any protocol."""

GONE = "GONE"
"""The state of a connection whose client has left, in every protocol that has clients."""

HANDSHAKE = "HANDSHAKE"
"""The client of a WebSocket asked to connect and waits for an answer."""
OPEN = "OPEN"

INIT = "INIT"
"""Nothing of the response to a request has been sent."""
DEBUGGED = "DEBUGGED"
"""The debug event, which may be sent once, has been sent."""
COMPLETE = "COMPLETE"
