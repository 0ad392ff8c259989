"""Ids in addresses: any text is the last part of a path, and what comes back is that text."""

from __future__ import annotations

from urllib.parse import quote

from starlette.convertors import Convertor, register_url_convertor

_MARK = "="
"""Before an id that would not survive by itself: a browser takes `tasks/..` for another page before it asks."""
_DOTS = frozenset((".", ".."))


def segment(text: str) -> str:
    """An id as it stands in an address: it may hold a question mark, a line end, a slash. Of `a/../b` the slashes are
    escaped as well, for a browser would ask for `b`."""
    mark = _MARK if text in _DOTS or text.startswith(_MARK) else ""
    return mark + quote(text, safe="" if _DOTS & set(text.split("/")) else "/")


class _Id(Convertor[str]):
    """The rest of a path, of whatever characters. What makes addresses of it (`site.address`) has escaped it."""

    regex = "(?s:.+)"

    def convert(self, value: str) -> str:
        return value.removeprefix(_MARK)

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("id", _Id())
