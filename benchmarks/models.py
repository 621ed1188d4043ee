"""The typed JSON messages, as models: for this library and for the hand-written application."""

from typing import Literal

from pydantic import BaseModel


class Payload(BaseModel, frozen=True):
    room: str
    text: str


class Say(BaseModel):
    action: Literal["say"] = "say"
    payload: Payload


class Leave(BaseModel):
    action: Literal["leave"] = "leave"


class Said(BaseModel):
    action: Literal["said"] = "said"
    payload: Payload


class Left(BaseModel):
    action: Literal["left"] = "left"
