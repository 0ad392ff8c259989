"""The dashboard beside a gateway or a run: real processes, killed at both ends."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import suppress
from http.cookiejar import CookieJar
from pathlib import Path

import pytest

from beastmode.compose.serve.ui_port import PORT, listen, told_of
from beastmode.compose.ui.mount import MOST_ENDS, Mount
from beastmode.errors import PreconditionError
from tests.processes import alive, belonging_to, eventually
from tests.servers import CERTIFICATE

HERE = "127.0.0.1"


def page(address: str) -> str:
    with urllib.request.urlopen(f"{address}/runs", timeout=30) as answer:
        text: str = answer.read().decode()
        return text


def processes(home: Path) -> list[int]:
    return [int(line.partition(":")[0]) for line in belonging_to(home) if "compose.ui.process" in line]


def answers(address: str) -> bool:
    with suppress(OSError):
        return "BEAST MODE" in page(address)
    return False


def silent(_words: str) -> None:
    pass


def test_its_process_begins_when_somebody_comes_and_ends_with_it(tmp_path: Path) -> None:
    with Mount(tmp_path, HERE, 0, silent) as mount:
        mount.start()
        assert processes(tmp_path) == []
        assert "Nothing has run here yet" in page(mount.address)
        (pid,) = processes(tmp_path)
    assert not alive(pid)
    with pytest.raises(urllib.error.URLError):
        page(mount.address)


def test_beside_a_gateway_it_begins_before_anybody_comes(tmp_path: Path) -> None:
    with Mount(tmp_path, HERE, 0, silent) as mount:
        mount.start(soon=True)
        eventually(lambda: processes(tmp_path), "begun by itself")


def test_one_that_nobody_came_to_leaves_nothing(tmp_path: Path) -> None:
    with Mount(tmp_path, HERE, 0, silent) as mount:
        mount.start()
    mount.close()
    assert belonging_to(tmp_path) == []


def test_killed_it_is_told_and_its_link_works_again(tmp_path: Path) -> None:
    said: list[str] = []
    with Mount(tmp_path, HERE, 0, said.append) as mount:
        mount.start()
        page(mount.address)
        (before,) = processes(tmp_path)
        os.kill(before, signal.SIGKILL)
        eventually(lambda: said, "told")
        page(mount.address)
        assert processes(tmp_path) != [before]
    assert said == ["The dashboard has ended (ended by SIGKILL). It begins again when somebody looks."]


def test_one_that_always_ends_is_left_ended_and_whoever_looks_hears_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    with Mount(tmp_path, HERE, 0, said.append) as mount:
        monkeypatch.setattr(sys, "executable", "/bin/false")
        mount.start(soon=True)
        for number in range(MOST_ENDS):
            with suppress(OSError), socket.create_connection((HERE, int(mount.address.rpartition(":")[2]))):
                eventually(lambda number=number: len(said) > number)  # type: ignore[misc]
        assert not answers(mount.address)
    assert len(said) == MOST_ENDS
    assert f"has ended {MOST_ENDS} times (exit code 1) and is left ended. `beast ui`" in said[-1]


@pytest.mark.parametrize("with_page_open", [True, False])
def test_it_dies_with_its_parent_however_that_ends(tmp_path: Path, with_page_open: bool) -> None:
    program = (
        "import sys, time; from pathlib import Path; from beastmode.compose.ui.mount import Mount\n"
        f"mount = Mount(Path({str(tmp_path)!r}), '127.0.0.1', 0, print); mount.start()\n"
        "print(mount.address, flush=True); time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    address = parent.stdout.readline().strip()
    page(address)
    (pid,) = processes(tmp_path)
    events = urllib.request.urlopen(f"{address}/events", timeout=30) if with_page_open else None
    parent.kill()
    parent.communicate()
    eventually(lambda: not alive(pid), "the dashboard gone")
    if events:
        events.close()


def test_the_usual_port_that_is_taken_gives_way_to_a_free_one() -> None:
    with listen(HERE, None, "--ui-port") as first, listen(HERE, None, "--ui-port") as second:
        assert second.getsockname()[1] not in (PORT, first.getsockname()[1])


def test_a_port_that_was_asked_for_and_is_taken_is_refused() -> None:
    with socket.create_server((HERE, 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PreconditionError, match="another port with --ui-port"):
            listen(HERE, port, "--ui-port")


def test_an_address_of_another_machine_is_told_as_such() -> None:
    with pytest.raises(PreconditionError, match="Name an address of this machine with --host"):
        listen("192.0.2.1", 18080, "--ui-port")


def test_the_port_of_the_gateway_is_left_to_it() -> None:
    with listen(HERE, None, "--ui-port", but_not=PORT) as listener:
        assert listener.getsockname()[1] != PORT
    with pytest.raises(PreconditionError, match="the gateway is to listen there"):
        listen(HERE, 18080, "--ui-port", but_not=18080)


@pytest.mark.parametrize(
    ("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", socket.gethostname()), ("::1", "[::1]")]
)
def test_its_address_is_one_that_a_browser_takes(host: str, shown: str) -> None:
    with socket.create_server((HERE, 0)) as listener:
        port = listener.getsockname()[1]
        assert told_of(listener, host, tls=False) == f"http://{shown}:{port}"
        assert told_of(listener, host, tls=True) == f"https://{shown}:{port}"


def entered(link: str, jar: CookieJar, context: ssl.SSLContext | None = None) -> str:
    """The page that a browser with these cookies ends at."""
    handlers = [urllib.request.HTTPCookieProcessor(jar), urllib.request.HTTPSHandler(context=context)]
    with urllib.request.build_opener(*handlers).open(link, timeout=30) as answer:
        text: str = answer.read().decode()
        return text


def test_two_homes_in_one_browser_do_not_push_each_other_out(tmp_path: Path) -> None:
    jar = CookieJar()
    with (
        Mount(tmp_path / "a", HERE, 0, silent) as one,
        Mount(tmp_path / "b", HERE, 0, silent) as other,
    ):
        for mount in (one, other):
            mount.start()
            assert "Log out" in entered(mount.link, jar)
        assert "Log out" in entered(f"{one.address}/runs", jar)
        assert "Log out" in entered(f"{other.address}/runs", jar)


def test_who_has_entered_stays_in_when_it_is_begun_again(tmp_path: Path) -> None:
    jar = CookieJar()
    with Mount(tmp_path, HERE, 0, silent) as mount:
        mount.start()
        entered(mount.link, jar)
        (pid,) = processes(tmp_path)
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: not alive(pid))
        assert "Log out" in entered(f"{mount.address}/runs", jar)


def test_it_speaks_tls_where_the_gateway_does(tmp_path: Path) -> None:
    jar, context = CookieJar(), ssl.create_default_context(cafile=CERTIFICATE)
    with Mount(tmp_path, "localhost", 0, silent, tls_cert=CERTIFICATE, tls_key=CERTIFICATE) as mount:
        mount.start()
        assert mount.link.startswith("https://localhost:")
        assert "Log out" in entered(mount.link, jar, context)
    assert [cookie.secure for cookie in jar] == [True]
