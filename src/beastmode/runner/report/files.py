"""The three files of a report: report.json, report.md and report.html."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from beastmode.errors import PreconditionError, ReportError
from beastmode.runner.home import run_folder
from beastmode.runner.printable import encodable, printable
from beastmode.runner.progress import Progress
from beastmode.runner.report.content import report_of
from beastmode.runner.report.markdown import markdown
from beastmode.runner.report.page import page
from beastmode.runner.summary import Summary


def check_folder(folder: Path) -> None:
    """Raise PreconditionError where no report could be written to `folder`. Makes nothing."""
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        what = (
            "the report could not be written"
            if there == folder
            else f"{there} takes no folder for the report"
        )
        raise PreconditionError(
            what, where=str(folder), tip="Name a folder that can be written with --report."
        )


def write_report(progress: Progress, summary: Summary, journal: Path, folder: Path) -> None:
    """Write report.json, report.md and report.html to `folder`; each is there as a whole or not at all.

    progress: with its attempts kept.   journal: the one it was read from; read once more, for the digest.
    Raises ReportError where the folder cannot be written; the run itself is recorded all the same.
    """
    report = encodable(report_of(progress, summary, journal).as_json())
    shown = printable(report)
    logs = os.path.relpath(run_folder(journal.parent, progress.run) / "logs", folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _replace(folder / "report.json", msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
        _replace(folder / "report.md", markdown(shown).encode())
        _replace(folder / "report.html", page(shown, logs).encode())
    except OSError as error:
        tip = f"The run is recorded. Write its report elsewhere: beast report r{progress.run} --out FOLDER"
        raise ReportError(
            f"the report cannot be written: {error.strerror}", where=str(folder), tip=tip
        ) from None


def _replace(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
