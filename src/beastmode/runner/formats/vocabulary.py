"""Which headings and labels hold work, which hold criteria, and which only talk about it. Words, nothing else.

Every question takes the plain text of a heading or a label (see `titles.plain`).
"""

from __future__ import annotations

import re


def _any_of(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


_CRITERIA = _any_of(
    r"\b(?:acceptance|success|exit|entry|completion|validation|verification|evaluation|release|launch|mvp)"
    r"(?: test)? (?:criteri\w+|checklist|conditions?|gates?|metrics?)",
    r"\b(?:criteri(?:a|on|os?)|definition of (?:done|ready)|dod|quality gates?|checkpoints?|gates?|kpis?)\b",
    r"\bindependent test\b|\bmust be true\b|\b(?:review|requirements|quality|readiness) checklist\b",
    r"\b(?:success metrics|targets?|expected (?:results?|outcomes?))\b",
    r"critères|критери|akzeptanz|abnahme|完成标准|验收|成功标准|完了条件|受け入れ|완료 ?기준|수락",
)
_CHECKS = _any_of(r"^\W*(?:validation|verification|verify|acceptance|quality assurance)\b[^.]{0,30}$")
_TASKS = _any_of(
    r"^(?:\w+[ -]){0,2}(?:tasks?|to-?dos?|action items?|actions|work items?|backlog)(?: list| breakdown)?(?: \(.*\))?$",
    r"^implementation (?:steps|tasks|plan|order)$|^(?:key|main|next|immediate|planned) (?:steps|actions|tasks)$|^steps$",
    r"^(?:主要|具体|实施)?任务(?:列表|清单)?$|^タスク(?:一覧)?$|^작업$|^tareas$|^tarefas$|^tâches$|^aufgaben$|^задачи$|^compiti$",
)
_NO_TASKS = _any_of(r"\b(?:completed?|done|about|parallel|total|blocked|example)\b")
_PHASE = _any_of(
    r"^\W*(?:\w+ )?(?:phase|stage|sprint|milestone|iteration|week|month|quarter|day|wave|epic|release|version|step|part|"
    r"chapter|level|tier|priority|track|batch|slice|module|fase|etapa|étape|phase|woche|monat|semana|mes|mês|jour|"
    r"этап|фаза|неделя|месяц)s?\s*#?(?:\d|[ivx]+\b|[a-z]\b|one\b|two\b|three\b)",
    r"^\W*(?:q[1-4]|h[12]|[smpv]\d+)\b|\bq[1-4]\b|^\W*v?\d+\.\d+(?:\.\w+)?\b(?![ ]*\w+:)|^\W*(?:20\d\d)\b",
    r"^\W*(?:now|next|later|soon|future|backlog|planned|upcoming|someday|mvp)\W*$|\b(?:short|mid|medium|long|near)[- ]term\b",
    r"第.{1,3}(?:阶段|周|月|季度|章|期)|阶段|フェーズ|ステップ|短期|中期|长期|長期|단계|\bphase \d",
)
_ABOUT = _any_of(
    r"\b(?:overview|introduction|background|vision|mission|principles?|philosophy|summary|architecture|structure|"
    r"tech(?:nology)? stack|contacts?|support|references?|resources?|related|glossary|licen[cs]e|contribut\w+|legend|"
    r"faq|notes?|table of contents|contents|toc|changelog|version history|history|format|conventions?|workflow|"
    r"risks?|mitigations?|assumptions?|constraints?|dependenc\w+|prerequisites?|requirements|budget|costs?|team|roles|"
    r"timeline|schedule|metrics?|success|non-goals?|out of scope|won'?t|key (?:files|findings|decisions)|decisions?|"
    r"status|current state|context|purpose|rationale|motivation|companion|external|document|how to|links?|"
    r"testing (?:roadmap|strategy|plan)|(?:suggested|recommended) |execution order|ordering|strategy|direction|examples?|"
    r"open questions?|questions|lessons|appendix|schema|rules|guidelines|protocol|definitions?|scope|goals?|objectives?)\b",
    r"目录|愿景|概述|背景|风险|附录|参考|当前状态|现状|術語|术语|概要|目的",
)
_ASIDE = _any_of(
    r"^(?:\w+ ){0,2}(?:goals?|objectives?|focus(?: areas?)?|theme|purpose|duration|timeline|status|owners?|files?|files to .*|"
    r"notes?|risks?(?: .*)?|mitigations?|dependenc\w+|prerequisites?|resources|team|budget|costs?|effort|priority|"
    r"outcomes?|results?|impact|benefits?|rationale|why|context|examples?|tools|references?|see also|links|tests?|"
    r"verification|validation|out of scope|non-goals?|constraints|assumptions|findings|decisions?|inputs?|outputs?|"
    r"estimated .*|responsibilities|key (?:files|methods|findings|improvements)|what to .*|.*opportunities|questions|"
    r"summary|description|approach|problem|issues?|background|limitations|completed by|endpoints|commands)$",
)
_YIELD = _any_of(
    r"^(?:\w+ ){0,2}(?:deliverables?|outputs?|features?|scope|changes(?: required)?|goals?|objectives?|improvements)$"
)
_LEGEND = _any_of(r"\b(?:legend|status (?:markers?|symbols?|key|legend)|symbols|notation|key)\b$|^(?:图例|凡例)")
_REFERENCE = _any_of(
    r"^(?:format|path conventions?|notes?|summary|task summary|legend|overview|coverage)\b|\bdependenc\w+|\bparallel\b|"
    r"\b(?:implementation|delivery|mvp|team|developer|testing) strategy\b|\bexecution (?:order|summary|flow|notes|rules|"
    r"guidelines?|guidance|example)\b|\bcritical path\b|\bmvp (?:first|scope)\b|\bincremental delivery\b|\bordering\b|"
    r"\bwithin each\b|\bchecklist\b|\btask (?:count|mapping|statistics|generation|organization)\b|\bcommand examples?\b|"
    r"\bmapping\b|\btraceability\b|\bstatistics\b|\bprogress tracking\b|依赖|依存|并行|並列|实施策略|実装戦略|注意",
)
_ADVICE = re.compile(
    r"^\W*(?:not started|planned|to[- ]?do|pending|open|in[- ]progress|started|done|completed?|finished|blocked|cancelled|"
    r"skipped|deferred|on hold|todo)\W*(?:\([^)]{0,60}\))?\W*$",
    re.IGNORECASE,
)


def is_criteria(words: str) -> bool:
    """What stands below says when something counts as finished, not what to do."""
    return bool(_CRITERIA.search(words) or _CHECKS.search(words))


def is_tasks(words: str) -> bool:
    """What stands below is the work itself."""
    return bool(_TASKS.search(words)) and not _NO_TASKS.search(words)


def is_phase(words: str) -> bool:
    """A phase, sprint, quarter, version: a piece of time or of the plan."""
    return bool(_PHASE.search(words))


def is_about(words: str) -> bool:
    """A section about the plan: its risks, its team, how it is tested."""
    return bool(_ABOUT.search(words))


def is_aside(words: str) -> bool:
    """A list beside the work of a phase: its goals, files, owners."""
    return bool(_ASIDE.search(words))


def is_yield(words: str) -> bool:
    """What a phase is to bring: its deliverables, features, changes. Work, where no work is listed."""
    return bool(_YIELD.search(words))


def is_legend(words: str) -> bool:
    """What stands below explains marks."""
    return bool(_LEGEND.search(words))


def is_reference(words: str) -> bool:
    """A section of a spec-kit file that speaks about tasks listed elsewhere."""
    return bool(_REFERENCE.search(words))


def explains_mark(text: str) -> bool:
    """A line of a legend (`- [ ] = not started`, `- [x] Done`), wherever it stands."""
    return text.startswith(("=", "→ ", "—", "– ")) or bool(_ADVICE.match(text[:120]))
