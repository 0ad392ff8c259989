"""Acts on runs and tasks: offered to whoever has the key, where they have an effect, and done as the commands do."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from beastmode import Roadmap, Task, run
from beastmode.compose.ui.door import HomeDoor
from beastmode.compose.ui.serving import sources_of
from beastmode.dashboard.app import dashboard
from beastmode.errors import SettingError
from tests.dashboard.reading import NASTY, Control, Keeper, Runs, run_line, sources

HERE = {"sec-fetch-site": "same-origin"}
HOST = "http://127.0.0.1:8090"


def browser(control: Control, *, key: bool = True) -> TestClient:
    app = dashboard(sources(runs=Runs(run_line()), run_control=control), Keeper())
    opened = TestClient(app, base_url=HOST)
    if key:
        opened.get("/enter?key=key")
    return opened


def at_home(home: Path) -> TestClient:
    """The pages of a real home, for whoever has its key."""
    opened = TestClient(dashboard(sources_of(home), HomeDoor("secret")), base_url=HOST)
    opened.get("/enter?key=secret")
    return opened


def test_what_a_form_asks_for_reaches_the_run_and_the_page_says_what_came_of_it() -> None:
    control = Control()
    here = browser(control)
    page = here.post("/ask/r1", data={"action": "pause"}, headers=HERE)
    assert (page.url.path, "r1  pause" in page.text) == ("/runs/r1", True)
    page = here.post("/ask/r1/a/b%20c%3F", data={"action": "answer", "note": NASTY}, headers=HERE)
    assert page.url.path == "/runs/r1/tasks/a/b c?"
    assert control.asked == [("r1", "", "pause", {}), ("r1", "a/b c?", "answer", {"note": NASTY})]


@pytest.mark.parametrize("path", ["/runs/r1", "/runs/r1/tasks/a"])
def test_nothing_is_offered_to_whoever_has_no_key(path: str) -> None:
    control = Control(offered=("pause", "resume", "retry", "approve", "answer", "cancel", "limits"))
    assert "<form" in browser(control).get(path).text
    assert "<form" not in browser(control, key=False).get(path).text


def test_what_is_refused_says_what_to_do_instead() -> None:
    page = browser(Control(refuses="it is done")).post("/ask/r1", data={"action": "pause"}, headers=HERE)
    assert "it is done Try something else." in page.text


def test_a_run_is_paused_resumed_and_its_limits_are_changed(tmp_path: Path) -> None:
    run(Roadmap([Task("good", ["true"]), Task("bad", ["false"])]), home=tmp_path, retries=0)
    here = at_home(tmp_path)
    assert (
        "It takes effect when the run goes on."
        in here.post("/ask/r1", data={"action": "pause"}, headers=HERE).text
    )
    page = here.get("/runs/r1").text
    assert 'value="resume"' in page
    assert 'value="pause"' not in page
    assert "goes on" in here.post("/ask/r1", data={"action": "resume"}, headers=HERE).text
    said = {"action": "limits", "--max-concurrency": "7", "--rate": "none"}
    assert "at most 7 tasks at once" in here.post("/ask/r1", data=said, headers=HERE).text


def test_a_failed_task_can_be_done_again_and_a_done_one_cannot(tmp_path: Path) -> None:
    run(Roadmap([Task("good", ["true"]), Task("bad", ["false"])]), home=tmp_path, retries=0)
    here = at_home(tmp_path)
    assert 'value="retry"' not in here.get("/runs/r1/tasks/good").text
    assert 'value="retry"' in here.get("/runs/r1/tasks/bad").text
    assert "stands in line again" in here.post("/ask/r1/bad", data={"action": "retry"}, headers=HERE).text


@pytest.mark.parametrize(
    ("path", "form", "words"),
    [
        ("/ask/r9", {"action": "pause"}, "there is no &#39;pause&#39; of r9"),
        ("/ask/r1", {"action": "explode"}, "there is no &#39;explode&#39; of r1"),
        ("/ask/r1", {}, "there is no &#39;&#39; of r1"),
        ("/ask/r1/nobody", {"action": "retry"}, "there is no &#39;retry&#39; of r1 nobody"),
        ("/ask/r1/bad", {"action": "answer", "note": "  "}, "the note is empty"),
        ("/ask/r1", {"action": "limits", "--rate": "lots"}, "lots"),
        ("/ask/r1", {"action": "limits", "--evil": "1"}, "these limits hold already"),
        ("/ask/r1", {"action": "approve"}, "approve"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(
    tmp_path: Path, path: str, form: dict[str, str], words: str
) -> None:
    run(Roadmap([Task("bad", ["false"])]), home=tmp_path, retries=0)
    opened = at_home(tmp_path)
    answer = opened.post(path, data=form, headers=HERE, follow_redirects=False)
    assert answer.status_code == 303
    assert words in opened.get("/runs").text


def test_a_control_that_cannot_be_made_is_a_setting_error(tmp_path: Path) -> None:
    run(Roadmap([Task("a", ["true"])]), home=tmp_path)
    with pytest.raises(SettingError):
        sources_of(tmp_path).run_control.ask("r1", "", "approve", {})
