"""https: files that will not do are told before the start, and a gateway with good ones speaks it to real clients."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import ssl
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import openai
import pytest

from beastmode.compose.serve.tls import TlsFiles, checked_tls
from beastmode.errors import PreconditionError, SettingError
from beastmode.gateway.client.connection import Connection
from beastmode.gateway.limits import ProxyLimits
from beastmode.testing.certificates import Certificate, make_certificate
from beastmode.testing.model_server import ModelServer
from beastmode.testing.threads import in_thread
from tests.gateway.served import gateway, records
from tests.gateway.test_hardening import answering, take_request


@pytest.fixture
def made(tmp_path: Path) -> Certificate:
    return make_certificate(tmp_path)


def openssl(*arguments: object) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


def test_a_certificate_with_its_key_will_do(made: Certificate) -> None:
    assert checked_tls(made.certificate, made.key) == TlsFiles(made.certificate, made.key)
    assert checked_tls(None, None) is None


def test_one_without_the_other_is_refused(made: Certificate) -> None:
    with pytest.raises(SettingError, match="--tls-key"):
        checked_tls(made.certificate, None)
    with pytest.raises(SettingError, match="--tls-cert"):
        checked_tls(None, made.key)


def test_each_way_in_which_files_will_not_do_has_its_words(made: Certificate, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = make_certificate(tmp_path / "other")
    der, locked = tmp_path / "der", tmp_path / "locked.pem"
    openssl("x509", "-in", made.certificate, "-outform", "der", "-out", der)
    openssl("pkey", "-in", made.key, "-aes256", "-passout", "pass:secret", "-out", locked)
    broken = tmp_path / "broken.pem"
    broken.write_text("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
    wrong = {
        (tmp_path / "none.pem", made.key): "No such file",
        (tmp_path, made.key): "Is a directory",
        (der, made.key): "is not in PEM",
        (made.certificate, other.key): "is not the key of",
        (made.certificate, locked): "wants a password",
        (broken, made.key): "cannot be used",
        (made.key, made.key): "cannot be used",
    }
    for (certificate, key), words in wrong.items():
        with pytest.raises(PreconditionError, match=words) as refused:
            checked_tls(certificate, key)
        assert refused.value.tip


@pytest.mark.parametrize(
    ("begins", "ends", "words"),
    [
        ("20200101000000Z", "20210101000000Z", "has expired"),
        ("20980101000000Z", "20990101000000Z", "is not valid yet"),
    ],
)
def test_one_that_is_not_valid_now_is_refused(
    made: Certificate, tmp_path: Path, begins: str, ends: str, words: str
) -> None:
    request, dated = tmp_path / "request", tmp_path / "dated.pem"
    openssl("req", "-new", "-key", made.key, "-subj", "/CN=x", "-out", request)
    for file in ("index.txt", "serial"):
        (tmp_path / file).write_text("01\n" if file == "serial" else "")
    config = tmp_path / "ca.conf"
    config.write_text(
        f"[ca]\ndefault_ca=a\n[a]\ndatabase={tmp_path}/index.txt\nserial={tmp_path}/serial\n"
        f"new_certs_dir={tmp_path}\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n"
    )
    dates = ("-startdate", begins, "-enddate", ends)
    openssl(
        "ca",
        "-batch",
        "-config",
        config,
        "-selfsign",
        "-keyfile",
        made.key,
        "-in",
        request,
        "-out",
        dated,
        *dates,
    )
    with pytest.raises(PreconditionError, match=words):
        checked_tls(dated, made.key)


def tls(made: Certificate) -> dict[str, Any]:
    return {"tls_cert": made.certificate, "tls_key": made.key}


def test_an_unmodified_client_speaks_https_streams_and_keeps_its_connection(
    made: Certificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(made.certificate))
    hi: Any = [{"role": "user", "content": "hi"}]
    with (
        in_thread(ModelServer()) as server,
        in_thread(gateway(server.url, tmp_path, **tls(made))) as url,
        openai.OpenAI(base_url=f"{secure(url)}/v1", api_key="k", max_retries=0, timeout=20) as api,
    ):
        for _ in range(2):
            pieces = api.chat.completions.create(model="m-small", messages=hi, stream=True)
            assert "".join(p.choices[0].delta.content or "" for p in pieces if p.choices) == "It is done."
    assert [entry.outcome for entry in records(tmp_path)] == ["upstream_ok"] * 2


def test_plain_http_gets_no_answer_there(made: Certificate, tmp_path: Path) -> None:
    with (
        in_thread(ModelServer()) as server,
        in_thread(gateway(server.url, tmp_path, **tls(made))) as url,
        pytest.raises((ConnectionError, http.client.BadStatusLine)),
    ):
        urllib.request.urlopen(f"{url}/livez", timeout=20)


def test_a_client_that_stands_still_is_cut_and_others_are_served(made: Certificate, tmp_path: Path) -> None:
    """One has sent half a head, one half a body."""
    body = json.dumps({"model": "m-small", "messages": []}).encode()
    head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)

    async def story() -> None:
        limits = ProxyLimits(slow_client_s=0.5)
        async with ModelServer() as server, gateway(server.url, tmp_path, limits=limits, **tls(made)) as url:
            stuck = [await connected(url, made) for _ in range(2)]
            for (_, writer), sent in zip(stuck, (head[:20], head + body[:5]), strict=True):
                writer.write(sent)
            other, asks = await connected(url, made)
            asks.write(head + body)
            assert b" 200 " in await other.readline()
            for reader, _ in stuck:
                with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError, ssl.SSLError)):
                    await reader.readexactly(1)
            for _, one in [*stuck, (other, asks)]:
                one.transport.abort()

    asyncio.run(asyncio.wait_for(story(), 60))


def test_a_client_that_does_not_read_a_large_answer_is_let_go(
    made: Certificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = asyncio.Event()

    let_go = Connection.connection_lost

    def connection_lost(self: Connection, error: Exception | None) -> None:
        let_go(self, error)
        lost.set()

    monkeypatch.setattr(Connection, "connection_lost", connection_lost)

    async def say_much(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await take_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 8000000\r\n\r\n" + b"x" * 8_000_000)
        await writer.drain()

    async def story() -> None:
        limits = ProxyLimits(slow_client_s=0.5)
        async with (
            answering(say_much) as upstream,
            gateway(upstream, tmp_path, limits=limits, **tls(made)) as url,
        ):
            narrow = socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])))
            narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            _, writer = await asyncio.open_connection(
                sock=narrow, ssl=made.client_context(), server_hostname="localhost", limit=1024
            )
            writer.write(b"POST /v1/files HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
            await lost.wait()
            writer.transport.abort()

    asyncio.run(asyncio.wait_for(story(), 60))


async def connected(url: str, made: Certificate) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    port = int(url.rpartition(":")[2])
    return await asyncio.open_connection("127.0.0.1", port, ssl=made.client_context())


def secure(url: str) -> str:
    return url.replace("http:", "https:")
