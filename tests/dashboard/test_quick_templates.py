"""Quick templates say what Jinja's say: nothing is shown unescaped, and nothing that is escaped already twice."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import DictLoader, UndefinedError
from markupsafe import Markup, escape

from beastmode.dashboard.quick_templates import QuickEnvironment, escaped

_values: st.SearchStrategy[Any] = st.one_of(
    st.text(),
    st.text("<&>'\"a", max_size=4),
    st.integers(),
    st.floats(allow_nan=False),
    st.booleans(),
    st.none(),
)


@given(st.lists(_values))
def test_everything_is_escaped_as_markupsafe_does_it(values: list[Any]) -> None:
    for value in [*values, *values]:
        for one in (value, Markup(value)):
            assert escaped(one) == escape(one)
            assert isinstance(escaped(one), Markup)


def test_numbers_that_are_equal_are_shown_as_what_they_are() -> None:
    assert [escaped(one) for one in (1, 1.0, True, 0, 0.0, -0.0, "1")] == [
        "1", "1.0", "True", "0", "0.0", "-0.0", "1",
    ]  # fmt: skip


def render(source: str, **content: Any) -> str:
    return QuickEnvironment(DictLoader({"page": source})).get_template("page").render(**content)


def test_a_text_and_the_markup_that_is_equal_to_it_are_not_taken_for_each_other() -> None:
    page = "{{ text }}{{ markup }}{{ text }}"
    assert render(page, text="<b>", markup=Markup("<b>")) == "&lt;b&gt;<b>&lt;b&gt;"


def test_keys_of_dicts_are_found_as_jinja_finds_them() -> None:
    row = {"id": "a", "items": "shadowed", "n": None}
    assert (
        render("{{ row.id }} {{ row.n }} {{ row.get('id') }} {{ row.items() | count }}", row=row)
        == "a None a 3"
    )
    with pytest.raises(UndefinedError, match="has no attribute 'nothing'"):
        render("{{ row.nothing }}", row=row)


def test_what_is_kept_of_a_row_is_what_its_values_make() -> None:
    page = "{% macro row(a, b) %}<{{ a }}|{{ b }}>{% endmacro %}{% for a, b in rows %}{{ kept(row, a, b) }}{% endfor %}"
    template = QuickEnvironment(DictLoader({"page": page})).get_template("page")
    rows = [("<b>", 1), ("x", None), ("<b>", 1), ("<b>", 2)]
    made = "<&lt;b&gt;|1><x|None><&lt;b&gt;|1><&lt;b&gt;|2>"
    assert [template.render(rows=rows), template.render(rows=rows)] == [made, made]


def test_long_rows_are_not_kept() -> None:
    templates = QuickEnvironment(
        DictLoader({"page": "{% macro row(a) %}{{ a }}{% endmacro %}{{ kept(row, a) }}"})
    )
    assert len(templates.get_template("page").render(a="a" * 10_000)) == 10_000
    assert not templates._kept
