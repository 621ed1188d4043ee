"""Who has logged in sees what others tell them, at once, and after a lost connection what was missed."""

from collections import defaultdict, deque
from pathlib import Path
from typing import Annotated, Literal

from fastapi import Depends, FastAPI, Form, HTTPException, Request
from fastapi.responses import FileResponse, RedirectResponse
from pydantic import BaseModel
from starlette.middleware.sessions import SessionMiddleware
from starlette.routing import Route

from fast_channels.consumer import AsyncEventStreamConsumer, Authenticated, session_value
from fast_channels.layers import configure_channel_layers
from fast_channels.messages import ChannelEvent, Group

HISTORY = 100
"""How many notifications are kept for each person."""


class Notification(BaseModel):
    """What a browser is sent."""

    kind: Literal["notification"] = "notification"
    number: int
    sender: str
    text: str


class Told(ChannelEvent):
    """Somebody has been told something."""

    type: Literal["notification.told"] = "notification.told"
    notification: Notification


class Person(Group[Told, "Notifications"], pattern="person.{name}", channel_layer_alias="notifications"):
    """All streams of one person."""

    name: str


class Inboxes:
    """The last notifications of each person; in several processes this would be a database."""

    def __init__(self) -> None:
        self._count = 0
        self._kept: defaultdict[str, deque[Notification]] = defaultdict(lambda: deque(maxlen=HISTORY))

    def keep(self, name: str, sender: str, text: str) -> Notification:
        """Keep a notification for a person, and give it a number."""
        self._count += 1
        notification = Notification(number=self._count, sender=sender, text=text)
        self._kept[name].append(notification)
        return notification

    def after(self, name: str, number: int) -> list[Notification]:
        """Return what a person was told after a notification."""
        return [one for one in self._kept[name] if one.number > number]


inboxes = Inboxes()


class Notifications(Authenticated[str], AsyncEventStreamConsumer[Notification]):
    """The stream of one browser. Its user is a name."""

    channel_layer_alias = "notifications"
    retry = 1.0

    async def authenticate(self) -> str:
        """Return who has logged in."""
        return str(session_value(self.scope, "name"))

    async def connect(self) -> None:
        """Open the stream, and send what the browser has missed."""
        # First a member, then the past: what is told meanwhile comes twice rather than never.
        await self.join(Person(name=self.user))
        await self.accept()
        self.seen = number_of(self.last_event_id)
        for notification in inboxes.after(self.user, self.seen):
            await self.show(notification)

    async def notification_told(self, event: Told) -> None:
        """Show a notification."""
        await self.show(event.notification)

    async def show(self, notification: Notification) -> None:
        """Send a notification, unless it was sent before."""
        if notification.number > self.seen:
            self.seen = notification.number
            await self.send_event(notification, id=str(notification.number))


def number_of(event_id: str | None) -> int:
    """Return the number of the last event, 0 if there is none or it is not one of ours."""
    return int(event_id) if event_id is not None and event_id.isascii() and event_id.isdigit() else 0


configure_channel_layers({"notifications": {"BACKEND": "memory"}})
app = FastAPI(title="Notifications")
# An application reads its secret from its environment.
app.add_middleware(SessionMiddleware, secret_key="only for this example", same_site="strict")
app.router.routes.append(Route("/stream", Notifications.as_asgi(), methods=["GET"]))


def current_user(request: Request) -> str:
    """Return who has logged in, for endpoints."""
    name = request.session.get("name")
    if name is None:
        raise HTTPException(401, "nobody has logged in")
    return str(name)


@app.get("/")
async def page() -> FileResponse:
    """Return the page."""
    return FileResponse(Path(__file__).with_name("page.html"))


@app.post("/login")
async def log_in(
    request: Request, name: Annotated[str, Form(min_length=1, max_length=20)]
) -> RedirectResponse:
    """Remember who it is; a real application would ask for a password."""
    request.session["name"] = name
    return RedirectResponse("/", 303)


@app.post("/people/{name}", status_code=202)
async def tell(
    name: str, text: Annotated[str, Form(max_length=500)], sender: Annotated[str, Depends(current_user)]
) -> Notification:
    """Tell a person something."""
    notification = inboxes.keep(name, sender, text)
    await Person(name=name).send(Told(notification=notification))
    return notification
