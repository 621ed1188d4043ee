"""When the events of an application's life are legal. ASGI Lifespan specification 2.0."""

from .machine import Connection
from .table import Table

INIT = "INIT"
STARTING = "STARTING"
STARTED = "STARTED"
FAILED = "FAILED"
STOPPING = "STOPPING"
STOPPED = "STOPPED"

TABLE = Table(
    initial=INIT,
    rows={
        INIT: {"lifespan.startup": STARTING},
        STARTING: {"lifespan.startup.complete": STARTED, "lifespan.startup.failed": FAILED},
        STARTED: {"lifespan.shutdown": STOPPING},
        STOPPING: {"lifespan.shutdown.complete": STOPPED, "lifespan.shutdown.failed": STOPPED},
        FAILED: {},
        STOPPED: {},
    },
)


class LifespanConnection(Connection):
    """The state of an application on one event loop of a server."""

    __slots__ = ()

    protocol = "lifespan"
    table = TABLE
