"""Which sections of a file hold its plan, and which only talk about it."""

from __future__ import annotations

from collections.abc import Sequence

from beastmode.runner.formats.outline import Place, Section
from beastmode.runner.formats.vocabulary import is_about, is_aside, is_criteria_heading, is_legend, is_phase


def is_plan_phase(section: Section) -> bool:
    """Whether a section names a phase of the plan, and not of a summary of it."""
    return is_phase(section.title) and not _talks_above(section.inner_chain())


def is_summarised_phase(section: Section) -> bool:
    """Whether a section names a phase, wherever it stands."""
    return is_phase(section.title) and not _judges(section)


def in_phase(place: Place) -> bool:
    """Whether a line stands in a phase, outside of all sections that talk about the plan."""
    return any(is_phase(section.title) for section in place.section.inner_chain()) and not _talks_above(
        place.section.inner_chain()
    )


def in_summarised_phase(place: Place) -> bool:
    """The same, where the phases themselves may stand in a section that talks about the plan."""
    chain = place.section.inner_chain()
    first = _first_phase(chain)
    return first < len(chain) and not _talks(chain[first:])


def in_theme(place: Place) -> bool:
    """Whether a line stands outside of all sections that talk about the plan."""
    return not any(_is_about_the_plan(section) for section in place.section.inner_chain())


def phase_of(place: Place) -> Section | None:
    """The innermost phase a line lies in."""
    chain = place.section.inner_chain()
    return next((section for section in reversed(chain) if is_phase(section.title)), None)


def is_beside_the_work(section: Section) -> bool:
    """Goals, criteria, files of a phase as a section of their own."""
    return _judges(section) or is_aside(section.title)


def _talks_above(chain: Sequence[Section]) -> bool:
    first = _first_phase(chain)
    return any(_is_about_the_plan(section) for section in chain[:first]) or _talks(chain[first:])


def _talks(chain: Sequence[Section]) -> bool:
    """Below a phase, a heading like Documentation or Workflow names work; only criteria and legends do not."""
    return any(_judges(section) for section in chain)


def _first_phase(chain: Sequence[Section]) -> int:
    return next((depth for depth, section in enumerate(chain) if is_phase(section.title)), len(chain))


def _is_about_the_plan(section: Section) -> bool:
    return (is_about(section.title) and not is_phase(section.title)) or _judges(section)


def _judges(section: Section) -> bool:
    return is_criteria_heading(section.title) or is_legend(section.title)
