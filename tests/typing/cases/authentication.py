"""Who is at the other end of a connection, and endpoints that serve one."""

from dataclasses import dataclass
from typing import assert_type

from fastapi import WebSocket

from fast_channels.consumer import AsyncHttpConsumer, AsyncWebsocketConsumer, Authenticated, bearer_token
from fast_channels.exceptions import NotAuthenticated


@dataclass
class User:
    name: str


class ByToken(Authenticated[User]):
    async def authenticate(self) -> User:
        assert_type(bearer_token(self.scope), str)
        bearer_token({}, header="token")  # E
        raise NotAuthenticated("unknown", status=403, headers=[(b"a", b"b")])


class Chat(ByToken, AsyncWebsocketConsumer):
    async def connect(self) -> None:
        assert_type(self.user, User)
        await self.send(self.user.name)
        await self.send(self.user.nickname)  # E


class Page(Authenticated[int], AsyncHttpConsumer):
    async def authenticate(self) -> str:  # E
        return "ann"

    async def unauthenticated(self, error: NotAuthenticated) -> None:
        await self.send_response(error.status, b"")


class Desk(AsyncWebsocketConsumer):
    def __init__(self, user: User, room: int = 1) -> None:
        super().__init__()
        self.user = user


async def endpoint(websocket: WebSocket, user: User) -> None:
    await Desk.serve(websocket, user=user)
    await Desk.serve(websocket, user, room=2)
    await Desk.serve(websocket, user="ann")  # E
    await Desk.serve(websocket)  # E
    await Desk.serve(websocket, user=user, name="a")  # E
    await Desk.serve(user, user=user)  # E
