"""Servers that ask who is there, and connections that nobody else can read."""

import datetime as dt
import ipaddress
import ssl
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from redis.exceptions import ConnectionError as RedisConnectionError

from fast_channels.layers.redis import RedisChannelLayer
from tests.layers.conftest import soon
from tests.layers.redis.proxy import Proxy
from tests.layers.redis.server import RedisServer, comes_true
from tests.layers.redis.server import redis as redis_py


def certified(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """Return a certificate for the loopback address, and what a server needs to use it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test")])
    now, day = dt.datetime.now(dt.UTC), dt.timedelta(days=1)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    number = x509.random_serial_number()
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), number, now - day, now + day)
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    folder.mkdir()
    (folder / "key.pem").write_bytes(private)
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return folder / "certificate.pem", context


async def test_tls_with_a_password(tmp_path: Path) -> None:
    """The certificate is checked, and everything else is as without."""
    certificate, context = certified(tmp_path / "server")
    with RedisServer("--requirepass", "secret") as server:
        async with Proxy(server.port, tls=context) as proxy:
            address = proxy.url.replace("//", "//:secret@")
            host = {"address": address, "ssl_ca_certs": str(certificate)}
            async with RedisChannelLayer([host]) as layer:
                channel = await layer.new_channel()
                await layer.group_add("g", channel)
                await layer.group_send("g", {"type": "x"})
                await layer.send("worker", {"type": "y"})

                assert await soon(layer.receive(channel)) == {"type": "x"}
                assert await soon(layer.receive("worker")) == {"type": "y"}
                assert proxy.accepted == 2


async def test_a_certificate_that_is_not_trusted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is sent, and the error says why."""
    _, context = certified(tmp_path / "server")
    other, _ = certified(tmp_path / "other")
    with RedisServer() as server:
        async with Proxy(server.port, tls=context) as proxy:
            host = {"address": proxy.url, "ssl_ca_certs": str(other), "socket_timeout": 2}
            async with RedisChannelLayer([host]) as layer:
                with pytest.raises(RedisConnectionError, match="certificate verify failed"):
                    await soon(layer.group_send("g", {"type": "x"}))


@pytest.mark.parametrize("host", ["unix://{}", {"address": "unix://{}?db=1"}, {"path": "{}"}])
async def test_a_unix_socket(host: Any, tmp_path: Path) -> None:
    """As a URL, or as redis-py's argument."""
    path = str(tmp_path / "socket")
    if isinstance(host, str):
        filled: Any = host.format(path)
    else:
        filled = {name: value.format(path) for name, value in host.items()}
    with RedisServer("--unixsocket", path):
        async with RedisChannelLayer([filled]) as layer:
            channel = await soon(layer.new_channel())
            await layer.send(channel, {"type": "x"})
            assert await soon(layer.receive(channel)) == {"type": "x"}
            assert layer.stats().connected == {path: True}


async def test_tls_to_a_server_that_has_none(redis: RedisServer) -> None:
    """It waits for more, so the error has to say what may be wrong."""
    host = {"address": redis.url.replace("redis:", "rediss:"), "socket_timeout": 0.3}
    async with RedisChannelLayer([host]) as layer:
        with pytest.raises(RedisConnectionError, match="or only one side uses TLS"):
            await soon(layer.new_channel())


async def test_no_tls_to_a_server_that_wants_it(redis: RedisServer, tmp_path: Path) -> None:
    """It hangs up, and the error says that."""
    _, context = certified(tmp_path / "server")
    async with Proxy(redis.port, tls=context) as proxy:
        host = {"address": proxy.url.replace("rediss:", "redis:"), "socket_timeout": 0.3}
        async with RedisChannelLayer([host]) as layer:
            with pytest.raises(RedisConnectionError, match=r"ConnectionError: Connection|TLS"):
                await soon(layer.new_channel())


async def test_a_server_that_takes_no_more_clients() -> None:
    """Its own words are in the error."""
    with RedisServer("--maxclients", "1") as server:
        # In time for several attempts: some end while they still write, and never read why.
        host = {"address": server.url, "socket_timeout": 2}
        async with RedisChannelLayer([host]) as one, RedisChannelLayer([host]) as two:
            await soon(one.group_send("g", {"type": "x"}))
            with pytest.raises(RedisConnectionError, match="max number of clients reached"):
                await soon(two.group_send("g", {"type": "x"}))


@pytest.mark.parametrize("password", ["wrong", None])
async def test_a_wrong_password(caplog: pytest.LogCaptureFixture, password: str | None) -> None:
    """The error says so at once, without the password; it would be the same after any time."""
    with RedisServer("--requirepass", "secret") as server:
        host = {"address": server.url, "password": password, "socket_timeout": 60}
        async with RedisChannelLayer([host]) as layer:
            with pytest.raises(RedisConnectionError, match="AuthenticationError") as caught:
                await soon(layer.group_send("g", {"type": "x"}))

    assert "'wrong'" not in str(caught.value) + caplog.text


async def test_a_password_that_was_changed(own_redis: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    """The log tells the reason of the outage, and consumers that come are refused with it."""
    async with RedisChannelLayer([own_redis.url]) as layer:
        await layer.new_channel()

        await own_redis.run("CONFIG", "SET", "requirepass", "secret")
        server = own_redis.url.replace("//", "//:secret@")
        async with redis_py.from_url(server) as client:
            await client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
        await comes_true(lambda: "AuthenticationError" in caplog.text)

        with pytest.raises(RedisConnectionError, match="AuthenticationError"):
            await soon(layer.new_channel())
        assert not any(layer.stats().connected.values())
