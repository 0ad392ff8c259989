"""Templates of pages that are made again every second: Jinja's, with its two slowest steps taken once."""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache
from typing import Any

from jinja2 import BaseLoader, Environment, StrictUndefined, Template
from jinja2.runtime import Macro
from markupsafe import Markup, escape

_SHORT = 100
"""Longer texts are seldom the same, and would take memory."""
_MOST_KEPT, _LONG = 4096, 4000
_OF_DICTS = frozenset(dir(dict))


class _QuickTemplate(Template):
    """Its code has `escape` among its globals, which says the same as Jinja's."""

    @classmethod
    def from_code(cls, *given: Any, **named: Any) -> Template:
        made = super().from_code(*given, **named)
        made.root_render_func.__globals__["escape"] = escaped
        return made


class QuickEnvironment(Environment):
    """Escapes everything; a name that is not there is an error. `kept(macro, …)` is for rows that seldom change: what
    the macro made of these values before. It may use nothing else, and no other macro may have its name.

    The page of a run escapes three thousand words, most of which it has escaped before; in a list of requests each row
    is a dict, of which Jinja first tries whether it has such an attribute. Without these two, rendering took from 16 %
    longer (the first page) to twice as long (the requests).
    """

    template_class = _QuickTemplate

    def __init__(self, loader: BaseLoader) -> None:
        super().__init__(
            loader=loader,
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,  # else each page asks of its templates whether their files are still the same
        )
        self._kept: dict[Hashable, str] = {}
        self.globals["kept"] = self._keep

    def getattr(self, obj: Any, attribute: str) -> Any:
        """As Jinja has it."""
        if type(obj) is dict and attribute in obj and attribute not in _OF_DICTS:
            return obj[attribute]
        return super().getattr(obj, attribute)

    def _keep(self, macro: Macro, *said: Hashable) -> str:
        made = self._kept.get((macro.name, said))
        if made is None:
            made = macro(*said)
            if len(self._kept) == _MOST_KEPT:
                self._kept.clear()
            if len(made) < _LONG:
                self._kept[macro.name, said] = made
        return made


_escaped_once = lru_cache(maxsize=8192, typed=True)(escape)
"""By type too: `Markup` is equal to a text that is to be escaped."""


def escaped(value: Any) -> Markup:
    """What `markupsafe.escape` makes of it."""
    kind = type(value)
    is_short = kind is str and len(value) < _SHORT
    is_number = kind is int or (kind is float and value)  # 0.0 is equal to -0.0
    return _escaped_once(value) if is_short or is_number else escape(value)
