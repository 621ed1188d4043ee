"""The workers of the page do what it says of them."""

import asyncio

import pytest

from fast_channels.checks import check
from fast_channels.layers import InMemoryChannelLayer, register_channel_layer
from fast_channels.worker import STOP_SECONDS, Worker
from tests.layers.conftest import soon

from .pages import ROOT, section


async def test_a_web_application_has_its_worker_inside() -> None:
    """Between the start and the end of its lifespan it works; what was begun is finished."""
    page = section("docs/worker.md", "In your own program").run()

    async with page.app.router.lifespan_context(page.app):
        await page.layer.send("mails", page.Mail(to="ann@example.com"))
        while not page.sent:
            await soon(asyncio.sleep(0))

    assert page.sent == ["ann@example.com"]
    assert len(asyncio.all_tasks()) == 1


async def test_the_maker_of_thumbnails_tells_the_room(capsys: pytest.CaptureFixture[str]) -> None:
    """Its events are those that it handles and sends; here the layer is another one."""
    page = section("docs/worker.md", "worker.md").run()
    layer = InMemoryChannelLayer()
    register_channel_layer("default", layer)
    channel = await layer.new_channel()
    await layer.group_add("lobby", channel)
    worker = Worker(layer, {"thumbnails": page.ThumbnailConsumer})
    task = asyncio.ensure_future(worker.serve())

    await layer.send("thumbnails", page.Make(path="a.png", room="lobby"))

    assert await soon(layer.receive(channel)) == {"type": "thumbnail.made", "path": "a.png"}
    assert capsys.readouterr().out == "making a thumbnail of a.png\n"
    assert check(page.ThumbnailConsumer) == []
    worker.stop()
    await soon(task)


def test_the_page_names_the_default_of_the_time_out() -> None:
    """In the words of the page."""
    assert f"({STOP_SECONDS:g} by default" in (ROOT / "docs" / "worker.md").read_text(encoding="utf-8")
