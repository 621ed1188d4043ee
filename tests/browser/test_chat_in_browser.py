"""The page of the chat in a real browser, with a real server."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Locator, Page, expect
from websockets.asyncio.client import connect

from examples.chat.messages import Join
from tests.browser.conftest import Line
from tests.layers.redis.server import RedisServer
from tests.servers.server import Chat, Server

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

Visit: TypeAlias = Callable[..., Awaitable["Chatter"]]

EVIL = "<img src=x onerror=1>"


class Chatter:
    """Somebody with a page of the chat.

    Attributes:
        page: The page.
        errors: What went wrong in the page.
        lines: What was said, as the page shows it.
        people: Who is here, as the page shows it.
        state: Whether the page is connected.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.log: Locator = page.get_by_role("log")
        self.lines: Locator = page.locator("#log .text")
        self.people: Locator = page.locator("#people bdi")
        self.state: Locator = page.get_by_role("status")

    async def join(self, name: str) -> None:
        """Come in through the door."""
        await self.page.get_by_label("Your name").fill(name)
        await self.page.get_by_role("button", name="Join").click()

    async def say(self, text: str) -> None:
        """Write a message and send it off."""
        await self.page.get_by_label("Message", exact=True).fill(text)
        await self.page.get_by_role("button", name="Send").click()


@pytest_asyncio.fixture(loop_scope="module")
async def visit(browser: Browser, server: Server) -> AsyncIterator[Visit]:
    """Opens the page as somebody who was never here before."""
    contexts: list[BrowserContext] = []

    async def visit(port: int = server.port, path: str = "/") -> Chatter:
        contexts.append(
            await browser.new_context(viewport={"width": 800, "height": 520}, device_scale_factor=2)
        )
        page = await contexts[-1].new_page()
        await page.goto(f"http://127.0.0.1:{port}{path}")
        return Chatter(page)

    yield visit
    for context in contexts:
        await context.close()


async def test_two_pages_chat_with_each_other(visit: Visit, screenshot: Path | None) -> None:
    """Both see who is here and what is said, in the same order."""
    ada, bob = await visit(), await visit()
    await ada.join("Ada")
    await expect(ada.state).to_have_text("Connected")
    await bob.join("Bob")
    await expect(ada.people).to_have_text(["Ada", "Bob"])
    await expect(bob.people).to_have_text(["Ada", "Bob"])

    said = ["Hello Bob!", "Hello Ada, this is typed.", "On both sides. See you!"]
    for number, text in enumerate(said):
        await (bob if number % 2 else ada).say(text)
        await expect(ada.lines).to_have_text(said[: number + 1])
        await expect(bob.lines).to_have_text(said[: number + 1])

    if screenshot is not None:
        await ada.page.screenshot(path=screenshot)
    await bob.page.get_by_role("button", name="Leave").click()
    await expect(ada.people).to_have_text(["Ada"])
    await expect(ada.log).to_contain_text("Bob left")
    await expect(bob.page.get_by_role("heading", name="Come in")).to_be_visible()
    assert ada.errors == bob.errors == []


async def test_nothing_is_parsed_as_html(visit: Visit) -> None:
    """Names and messages with HTML in them are shown as they were written."""
    ada, eve = await visit(), await visit()
    await ada.join("Ada")
    await expect(ada.state).to_have_text("Connected")
    await eve.join(EVIL)
    await eve.say(f"<b>{EVIL}</b>")

    await expect(ada.lines).to_have_text([f"<b>{EVIL}</b>"])
    await expect(ada.people).to_have_text([EVIL, "Ada"])
    await expect(ada.log).to_contain_text(f"{EVIL} joined")
    await expect(ada.page.locator("img, #log .text *")).to_have_count(0)
    assert ada.errors == eve.errors == []


async def test_page_that_was_cut_off_catches_up(visit: Visit, line: Line) -> None:
    """A page whose connection is lost says so, comes back by itself, and shows what it missed."""
    ada, bob = await visit(), await visit(line.port)
    await ada.join("Ada")
    await bob.join("Bob")
    await expect(ada.people).to_have_text(["Ada", "Bob"])

    line.cut()
    await expect(bob.state).to_have_text("Reconnecting…")
    await expect(bob.page.get_by_role("button", name="Send")).to_be_disabled()
    await expect(ada.people).to_have_text(["Ada"])
    await ada.say("Where are you, Bob?")
    await expect(ada.lines).to_have_text(["Where are you, Bob?"])
    await expect(bob.lines).to_have_count(0)
    line.restore()

    await expect(bob.state).to_have_text("Connected")
    await expect(bob.lines).to_have_text(["Where are you, Bob?"])
    await bob.say("Back again.")
    await expect(ada.lines).to_have_text(["Where are you, Bob?", "Back again."])
    assert ada.errors == bob.errors == []


async def test_page_waits_until_its_name_is_free(visit: Visit, server: Server, line: Line) -> None:
    """A page that comes back before the server has noticed that it was gone tries again until it has."""
    bob = await visit(line.port)
    await bob.join("Bob")
    await expect(bob.state).to_have_text("Connected")

    line.cut()
    await expect(bob.state).to_have_text("Reconnecting…")
    async with connect(f"ws://{server.address}/ws/lobby") as ghost:
        # Refused for as long as the server has not noticed.
        welcome = b""
        while b"welcome" not in welcome:
            await ghost.send(Join(name="Bob").model_dump_json())
            welcome = await ghost.recv(decode=False)
        line.restore()
        await expect(bob.state).to_have_text("Somebody here is called Bob already.")

    await expect(bob.state).to_have_text("Connected")
    assert bob.errors == []


async def test_pages_survive_a_restart_of_the_server(visit: Visit, server: Server) -> None:
    """When the server is started again, all pages come back and go on."""
    ada, bob = await visit(), await visit()
    await ada.join("Ada")
    await bob.join("Bob")
    await expect(ada.people).to_have_text(["Ada", "Bob"])

    server.terminate()
    await expect(ada.state).to_have_text("Reconnecting…")
    await expect(bob.state).to_have_text("Reconnecting…")
    server.wait()

    with Server("uvicorn", "examples.chat.app:app", server.port):
        await expect(ada.people).to_have_text(["Ada", "Bob"])
        await expect(bob.people).to_have_text(["Ada", "Bob"])
        await ada.say("All here?")
        await expect(bob.lines).to_have_text(["All here?"])
    assert ada.errors == bob.errors == []


async def test_pages_survive_a_restart_of_redis(visit: Visit) -> None:
    """Pages at two servers chat through one Redis, and are shown the room anew when it was away."""
    with RedisServer() as redis, Chat(redis.url) as one, Chat(redis.url) as two:
        ada, bob = await visit(one.port), await visit(two.port)
        await ada.join("Ada")
        await expect(ada.state).to_have_text("Connected")
        await bob.join("Bob")
        await ada.say("Before")
        await expect(bob.lines).to_have_text(["Before"])

        redis.kill()
        redis.start()  # it has forgotten what was said

        await expect(ada.lines).to_have_count(0)
        await expect(bob.lines).to_have_count(0)
        await expect(ada.people).to_have_text(["Ada", "Bob"])
        await expect(bob.people).to_have_text(["Ada", "Bob"])
        await ada.say("After")
        await expect(bob.lines).to_have_text(["After"])
    assert ada.errors == bob.errors == []


async def test_taken_name_is_refused_at_the_door(visit: Visit) -> None:
    """The page says why, and another name can be tried."""
    ada, imposter = await visit(), await visit()
    await ada.join("Ada")
    await expect(ada.state).to_have_text("Connected")
    await imposter.join("Ada")
    await expect(imposter.page.get_by_role("alert")).to_have_text("Somebody here is called Ada already.")

    await imposter.join("Eve")
    await expect(imposter.people).to_have_text(["Ada", "Eve"])


async def test_address_leads_to_a_room(visit: Visit) -> None:
    """The address of a room can be passed on."""
    ada = await visit(path="/#kitchen")
    await ada.join("Ada")

    await expect(ada.page.get_by_role("heading", name="kitchen")).to_be_visible()
    await expect(ada.page).to_have_title("kitchen")
