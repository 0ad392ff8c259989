"""From drafts to a roadmap: ids, phases, needs, and an account of every line that became neither."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from beastmode.runner.formats.accounts import Reason
from beastmode.runner.formats.drafts import Draft, give_details
from beastmode.runner.formats.needs import connect
from beastmode.runner.formats.outline import Outline, Place, Section
from beastmode.runner.formats.slugs import Names, safe_id, slug
from beastmode.runner.formats.vocabulary import is_phase
from beastmode.runner.roadmap import Ignored, Phase, Roadmap, Task
from beastmode.settings import Order


@dataclass(frozen=True, slots=True)
class Manner:
    """What differs between two formats.   order: of phases.   leaf, branch: of what stands in a phase
    without and with phases below it.   reason: why a line became nothing.   begun: what a box of a task at work
    holds.   arrange: gives the roadmap an order that the list states elsewhere.
    """

    format: str
    rule: str
    order: Order
    leaf: Order
    branch: Order
    reason: Callable[[Place], Reason]
    begun: str = ""
    arrange: Callable[[Roadmap], None] = lambda roadmap: None


@dataclass(slots=True)
class Findings:
    """What a reader made of a file.   repeats: lines that say again what another line said, and why they
    are left.
    """

    outline: Outline
    drafts: list[Draft]
    repeats: dict[int, Reason] = field(default_factory=dict)


def assemble(findings: Findings, manner: Manner) -> Roadmap:
    """The roadmap of a file, every line of it accounted for."""
    drafts = sorted(findings.drafts, key=lambda draft: draft.line.number)
    holding = {above.line.number for draft in drafts for above in draft.place.section.chain() if above.line}
    give_details(findings.outline, drafts, holding.union(findings.repeats))
    top = title_section(findings.outline, drafts)
    none_of = {draft.line.number for draft in drafts} | ({top.line.number} if top and top.line else set())
    tasks = _tasks(drafts, none_of)
    tree = _Tree(manner)
    for draft, task in _in_order(drafts, tasks):
        tree.below(draft, _phases_above(draft, none_of)).append(task)
    roadmap = Roadmap(tree.finished(), title=top.title if top else "", order=manner.order)
    roadmap.format, roadmap.rule = manner.format, manner.rule
    lines = {phase.line for phase in tree.phases.values() if phase.line}
    manner.arrange(roadmap)
    _say_where_boxes_went(findings, drafts)
    account = _Account(findings, drafts, lines, manner.begun)
    account.used = connect(roadmap, drafts, tasks, findings.outline, account.notes)
    roadmap.ignored = account.entries(manner.reason, top)
    return roadmap


def title_section(found: Outline, drafts: Sequence[Draft] = ()) -> Section | None:
    """The heading that names the whole file: its first, if all others lie below it."""
    if len(found.sections) < 2:
        return None
    first = found.sections[1]
    peers = [section for section in found.sections[1:] if section.level <= first.level]
    if len(peers) > 1 or (first.level > 1 and (len(found.sections) == 2 or is_phase(first.title))):
        return None
    if any(draft.line is first.line for draft in drafts):
        return None
    return first


def _tasks(drafts: Sequence[Draft], none_of: set[int]) -> list[Task]:
    names = Names()
    tasks = []
    for draft in drafts:
        above = [section.title for section in _phases_above(draft, none_of)]
        wanted = safe_id(draft.own_id) if draft.own_id else slug(draft.title)
        tasks.append(
            Task(
                names.give(wanted, above[-1] if above else ""),
                title=draft.title,
                details="\n".join(line.text for line in draft.details),
                line=draft.line.number,
                state="done" if draft.finished else "pending",
                parallel=draft.parallel,
            )
        )
    return tasks


def _in_order(drafts: Sequence[Draft], tasks: Sequence[Task]) -> list[tuple[Draft, Task]]:
    """As they stand in the file, but a box for a phase behind all that the phase holds."""
    pairs = list(zip(drafts, tasks, strict=True))
    if all(draft.phase is None for draft in drafts):
        return pairs
    last = {section: draft.line.number for draft in drafts for section in draft.place.section.chain()}

    def position(pair: tuple[Draft, Task]) -> int:
        phase = pair[0].phase
        if phase is None or phase.line is None:
            return pair[0].line.number
        return last.get(phase, phase.line.number)

    return sorted(sorted(pairs, key=lambda pair: pair[0].phase is not None), key=position)


def _say_where_boxes_went(findings: Findings, drafts: Sequence[Draft]) -> None:
    """A heading whose boxes stand for phases holds none of them any more."""
    for draft in drafts:
        heading = draft.place.section.line
        if draft.phase and heading:
            findings.repeats[heading.number] = Reason(
                "its boxes stand for phases: each is the last task of its phase"
            )


def _phases_above(draft: Draft, none_of: set[int]) -> Iterator[Section]:
    """The sections a draft belongs to, outermost first, except the title and headings that are tasks themselves."""
    for section in (draft.phase or draft.place.section).chain():
        if section.line is None or section.line.number not in none_of:
            yield section


class _Tree:
    """Phases as they come up, each made once and put where its first task stands."""

    def __init__(self, manner: Manner) -> None:
        self.manner = manner
        self.root: list[Phase | Task] = []
        self.phases: dict[Section | tuple[Section, str], Phase] = {}

    def below(self, draft: Draft, sections: Iterable[Section]) -> list[Phase | Task]:
        """The children among which a draft belongs, below the sections it lies in."""
        children = self.root
        for section in sections:
            line = section.line.number if section.line else 0
            children = self._inside(children, section, section.title or "untitled", line)
        if draft.checks:
            # A phase of their own, so that what judges or sums up a phase comes after its work.
            part = draft.phase or draft.place.section
            children = self._inside(children, (part, draft.checks), draft.checks, 0)
        return children

    def finished(self) -> list[Phase | Task]:
        """The whole tree, with the order of each phase."""
        for phase in self.phases.values():
            if any(isinstance(child, Phase) for child in phase.children):
                phase.order = self.manner.branch
        return self.root

    def _inside(
        self, children: list[Phase | Task], key: Section | tuple[Section, str], title: str, line: int
    ) -> list[Phase | Task]:
        if key not in self.phases:
            self.phases[key] = Phase(title, order=self.manner.leaf, line=line)
            children.append(self.phases[key])
        return self.phases[key].children


class _Account:
    """Where every line of the file went."""

    def __init__(
        self, findings: Findings, drafts: Sequence[Draft], phase_lines: set[int], begun: str
    ) -> None:
        self.findings = findings
        self.notes: list[Ignored] = []
        self.used: Mapping[int, Reason] = {}
        self.taken = set(phase_lines)
        for draft in drafts:
            self.taken.add(draft.line.number)
            self.taken.update(line.number for line in draft.details)
            if draft.line.unknown_box:
                what = "in progress" if draft.line.box and draft.line.box in begun else "unknown state"
                reason = f"{what} [{draft.line.box}]: taken as not done"
                self.notes.append(Ignored(draft.line.number, draft.line.text, reason, look=True))

    def entries(self, reason: Callable[[Place], Reason], top: Section | None) -> list[Ignored]:
        """What is left over, and notes about lines that were taken, in the order of the file."""
        left = []
        for place in self.findings.outline.places:
            line = place.line
            if not line.text.strip() or line.number in self.taken:
                continue
            why = self.findings.repeats.get(line.number) or self.used.get(line.number)
            if why is None:
                is_title = top is not None and line is top.line
                why = Reason("the title of the roadmap") if is_title else reason(place)
            left.append(Ignored(line.number, line.text, *why))
        return sorted([*left, *self.notes], key=lambda entry: entry.line)
