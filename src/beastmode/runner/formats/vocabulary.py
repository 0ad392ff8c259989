"""Which headings and labels hold work, which hold criteria, and which only talk about it. Words, nothing
else.

Every question takes the plain text of a heading or a label (see `titles.plain`).
"""

# ruff: noqa: RUF001  (marks and words of other scripts are what this file is about)
from __future__ import annotations

import re
from functools import lru_cache

_remembered = lru_cache(maxsize=2048)
"""The same few headings and labels are asked about for every line below them."""


def _any_of(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


_CRITERIA = _any_of(
    r"\b(?:acceptance|success|exit|entry|completion|validation|verification|evaluation|release|launch|"
    r"mvp)(?: test)? (?:criteri\w+|conditions?|gates?|metrics?)",
    r"\b(?:criteri(?:a|on|os?)|definition of (?:done|ready)|dod|quality gates?|checkpoints?|gates?|"
    r"kpis?)\b",
    r"\bindependent test\b|\bmust be true\b|\b(?:validation|acceptance|review|requirements) checklist\b",
    r"\b(?:success metrics|functional requirements|expected (?:results?|outcomes?))\b|^(?:\w+ ){0,3}targets?$",
    r"crit[éèe]ri?[oe]s? d|critères|критери|akzeptanz|abnahme|完成标准|验收|成功标准|完了条件|受け入れ|완료 ?기준|수락|"
    r"完成標準|驗收|成功標準",
)
_CHECKS = _any_of(
    r"^\W*(?:validation|verification|verify|acceptance)\b[^.]{0,30}$",
)
_TASKS = _any_of(
    r"^(?:\w+[ -]){0,2}(?:tasks?|to-?dos?|action items?|actions|activities|work items?|backlog)(?: list|"
    r" breakdown)?(?: \(.*\))?$",
    r"^implementation (?:steps|tasks|plan|order)$|^(?:key|main|next|immediate|planned) (?:steps|"
    r"actions|tasks)$|^steps$",
    r"^(?:主要|具体|实施)?任务(?:列表|清单)?$|^タスク(?:一覧)?$|^작업$|^tareas$|^tarefas$|^tâches$|^aufgaben$|^задачи$|"
    r"^compiti$",
)
_LIST_NAME = _any_of(
    r"^\W*(?:to-?dos?(?: list)?|backlog|next|planned|open|(?:immediate |recommended )?next (?:steps|actions))\W*$"
)
_NO_TASKS = _any_of(
    r"\b(?:completed?|done|about|parallel|total|blocked|example)\b",
)
_PHASE = _any_of(
    r"^\W*(?:\w+ )?(?:phase|stage|sprint|milestone|iteration|week|month|quarter|day|wave|epic|release|"
    r"version|step|part|chapter|level|tier|priority|track|batch|slice|module|fase|etapa|étape|phase|"
    r"woche|monat|semana|mes|mês|jour|этап|фаза|неделя|месяц)s?(?:\s*#?\d|\s+(?:[ivx]+|[a-z]|one|two|"
    r"three)\b)",
    r"^\W*(?:q[1-4]|h[12]|[smpv]\d+)\b|\bq[1-4]\b|^\W*v\d+\.\d+|^\W*\d+\.\d+\.(?:\d+|x)\b|"
    r"^\W*\d+\.\d+(?:\.\d+)?\W*$|^\W*(?:20\d\d)\b",
    r"^\W*(?:now|next|later|soon|future|backlog|planned|upcoming|someday|mvp)\W*$|\b(?:short|mid|"
    r"medium|long|near)(?:er)?[- ]term\b",
    r"^\W*(?:节点|里程碑)\s*[A-Z]?\d",
    r"第.{1,3}(?:阶段|周|月|季度|章|期)|阶段|フェーズ|ステップ|短期|中期|长期|長期|단계|\bphase \d",
)
_PHASE_CALLED = re.compile(
    r"\W*(?:\w+ )?(?:phase|stage|sprint|milestone|iteration|week|month|quarter|day|wave|epic|release|version|step|"
    r"part|track|slice|module|fase|etapa|étape|woche|monat|semana|mes|mês|jour|этап|фаза|неделя|месяц)s?"
    r"\s*#?[\d.]+(?:\s*[-–&]\s*\d+)?[a-z]?\s*[:：—–(|-]",
    re.IGNORECASE,
)
"""A phase with a name of its own behind it, which may be made of any words."""
_ABOUT = _any_of(
    r"\b(?:overview|introduction|background|principles?|philosophy|glossary|licen[cs]e|contribut\w+|faq|"
    r"table of contents|changelog|version history|risks?|mitigations?|assumptions?|success|non-goals?|"
    r"out of scope|won'?t|how to|testing (?:roadmap|strategy|plan)|execution order|open questions?|lessons|"
    r"(?:suggested|recommended) order|appendix|legend|(?:current )?vision|mission)\b",
    r"目录|愿景|概述|背景|风险|附录|参考|当前状态|现状|術語|术语|概要|目的",
)
_ABOUT_WORD = re.compile(
    r"architecture|structure|stack|contacts?|support|references?|resources?|related|notes?|contents|toc|history|"
    r"format|conventions?|workflow|constraints?|dependenc(?:y|ies)|prerequisites?|requirements|budget|costs?|team|"
    r"roles|timeline|schedule|metrics?|decisions?|status|state|context|purpose|rationale|motivation|companion|"
    r"external|documents?|links?|ordering|strategy|direction|examples?|questions|schema|rules|guidelines|protocol|"
    r"definitions?|scope|goals?|objectives?|summary|findings|files|"
    r"benefits?|impact|outcomes?|results?|effort|priorit(?:y|ies)|duration"
)
_FILLING = re.compile(
    r"the|our|this|and|of|for|to|in|an?|project|product|key|main|important|general|high|level|current|overall|"
    r"technical|tech(?:nology)?|system|development|implementation|design|repository|codebase|file|folder|directory|"
    r"local|backend|frontend|working|quick|where|why|what|is|are|was|by|with|plan|roadmap|test|testing|delivery"
)
"""Words that leave a heading of about-words as it is: `Project structure`, `Contact and support`."""
_ASIDE = _any_of(
    r"^(?:\w+ ){0,2}(?:goals?|objectives?|focus(?: areas?)?|theme|purpose|duration|timeline|status|"
    r"progress|owners?|files?|files to .*|notes?|risks?(?: .*)?|mitigations?|dependenc\w+|"
    r"prerequisites?|resources|team|budget|costs?|effort|priority|outcomes?|results?|impact|benefits?|"
    r"rationale|why|context|examples?|tools|references?|see also|links|tests?|verification|validation|"
    r"out of scope|non-goals?|constraints|assumptions|findings|decisions?|inputs?|outputs?|"
    r"estimated .*|responsibilities|key (?:files|methods|findings|improvements)|what to .*|"
    r".*opportunities|questions|summary|description|approach|problem|issues?|background|limitations|"
    r"completed by|endpoints|commands)$",
    r"^(?:当前)?(?:目标|进度|状态|背景|说明|风险|文件|成果(?:指标)?|完成内容|现状|备注)$",
)
_FIELD = _any_of(
    r"^(?:project |current |estimated )?(?:goal|objective|status|progress|owner|file|note|effort|priority|"
    r"dependency|dependencie|prerequisite|duration|timeline|estimate|risk|gate|purpose|deadline|due)s?$|"
    r"^(?:acceptance|exit|success|completion)(?: criteri\w+)?$|^(?:definition of done|done when)$",
)
_YIELD = _any_of(
    r"^(?:\w+ ){0,2}(?:deliverables?|outputs?|features?|scope|changes(?: required)?|goals?|objectives?|"
    r"improvements)$",
)
_LEGEND = _any_of(
    r"\b(?:legend|status (?:markers?|symbols?|key|legend)|symbols|notation|key)\b$|^(?:图例|凡例)",
)
_REFERENCE = _any_of(
    r"^(?:format|path conventions?|notes?|summary|task summary|legend|overview|coverage)\b|"
    r"\bdependenc\w+|\bparallel\b|\b(?:implementation|delivery|mvp|team|developer|testing) strategy\b|"
    r"\bexecution (?:order|summary|flow|notes|rules|guidelines?|guidance|example)\b|\bcritical path\b|"
    r"\bmvp (?:first|scope)\b|\bincremental delivery\b|\bordering\b|\bwithin each\b|\bchecklist\b|"
    r"\btask (?:count|mapping|statistics|generation|organization)\b|\bcommand examples?\b|\bmapping\b|"
    r"\btraceability\b|\bstatistics\b|\bprogress tracking\b|依赖|依存|并行|並列|实施策略|実装戦略|注意",
)
_ADVICE = re.compile(
    r"^\W*(?:not started|planned|to[- ]?do|pending|open|in[- ]progress|started|done|completed?|"
    r"finished|blocked|cancelled|skipped|deferred|on hold|todo)\W*(?:\([^)]{0,60}\))?\W*$",
    re.IGNORECASE,
)


@_remembered
def is_criteria(words: str) -> bool:
    """What stands below says when something counts as finished, not what to do."""
    return bool(_CRITERIA.search(words) or _CHECKS.search(words))


@_remembered
def is_criteria_heading(title: str) -> bool:
    """The same for a heading, where `Week 12: Quality gates` is a week."""
    return is_criteria(title) and not _PHASE_CALLED.match(title)


@_remembered
def is_tasks(words: str) -> bool:
    """What stands below is the work itself."""
    return bool(_TASKS.search(words)) and not _NO_TASKS.search(words)


@_remembered
def is_list_name(words: str) -> bool:
    """A name of one list among others (`TODO` beside `Nice to have` and `Done`), rather than of the tasks."""
    return bool(_LIST_NAME.search(words))


@_remembered
def is_phase(words: str) -> bool:
    """A phase, sprint, quarter, version: a piece of time or of the plan."""
    return bool(_PHASE.search(words))


@_remembered
def is_about(words: str) -> bool:
    """A section about the plan: its risks, its team, how it is tested.

    Some words say so anywhere; others (`Support`) only where a heading consists of them (not `Device support`).
    """
    if _ABOUT.search(words):
        return True
    head = re.split(r"[:：—–(]|\s-\s", words.lower(), maxsplit=1)[0]
    found = [word for word in re.findall(r"[^\W\d_]+", head) if not _FILLING.fullmatch(word)]
    return bool(found) and all(_ABOUT_WORD.fullmatch(word) for word in found)


@_remembered
def is_aside(words: str) -> bool:
    """A list beside the work of a phase: its goals, files, owners."""
    return bool(_ASIDE.search(words))


def is_field(words: str) -> bool:
    """The name of a field, as in `- Status: started`: said about a phase, not to be done."""
    return bool(_FIELD.search(words))


@_remembered
def is_yield(words: str) -> bool:
    """What a phase is to bring: its deliverables, features, changes. Work, where no work is listed."""
    return bool(_YIELD.search(words))


@_remembered
def is_legend(words: str) -> bool:
    """What stands below explains marks."""
    return bool(_LEGEND.search(words))


@_remembered
def is_reference(words: str) -> bool:
    """A section of a spec-kit file that speaks about tasks listed elsewhere."""
    return bool(_REFERENCE.search(words))


def explains_mark(text: str) -> bool:
    """A line of a legend (`- [ ] = not started`, `- [x] Done`), wherever it stands."""
    return text.startswith(("=", "→ ", "—", "– ")) or bool(_ADVICE.match(text[:120]))


def is_heading_of_list(words: str) -> bool:
    """An item of these words announces the items below it, and is none itself (`- **Deliverables:**`)."""
    return is_criteria(words) or is_tasks(words) or is_aside(words) or is_yield(words) or is_legend(words)
