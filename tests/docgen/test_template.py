"""The template language: what K0's template says, and what is refused with file, line and expectation."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from docgen.template import Layout, Template, TemplateError, TemplateErrorCode, load_template
from docgen.template_words import WORDS
from layouts import load_kind, resource

K0 = load_kind("K0")
SOURCE = resource("K0", "pages.xml").decode("utf-8")
VALUES = {field.label: "" for field in K0.fields}


def filled(source: str) -> Layout:
    return Template(source.encode("utf-8"), file="K0/pages.xml", kind=K0).layout(VALUES)


def refused(source: str) -> TemplateError:
    with pytest.raises(TemplateError) as caught:
        filled(source)
    error = caught.value
    assert error.facts["file"] == "K0/pages.xml"
    assert f"第 {error.facts['line']} 行" in error.zh and f"line {error.facts['line']}" in error.en
    return error


def line_of(words: str, source: str = SOURCE) -> str:
    """The number of the only line of the template that holds some words."""
    (number,) = [index for index, text in enumerate(source.splitlines(), 1) if words in text]
    return str(number)


@pytest.mark.req("R-000-15")
def test_the_pages_of_k0_have_the_lines_of_the_seed_in_their_order() -> None:
    layout = load_template("K0").layout(VALUES)
    read = {page.role: [entry.label or entry.text for entry in page.entries] for page in layout.pages}
    tail = ["有效期限", "有效期延续至"]
    assert read == {
        "正本": ["统一社会信用代码", "{证件类型名称}", "编号", "企业名称", "企业法定代表人", "企业住所",
               "经营方式", "许可范围", *tail, "发证机关", "发证日期", "{监制单位名称}"],
        "副本": ["统一社会信用代码", "{证件类型名称}", "（副本）", "证书编号", "发证机关", "发证日期",
               "企业名称", "企业住所", "企业法定代表人", "经营方式", "许可范围", *tail, "{监制单位名称}"],
        "附页": ["{证件类型名称}", "(附页)", "企业名称", "统一社会信用代码", "证书编号", "许可范围",
               "{监制单位名称}"],
    }


def swapped(one: str, other: str) -> Callable[[str], str]:
    def change(source: str) -> str:
        assert source.count(one) and source.count(other)
        return source.replace(one, "\0", 1).replace(other, one, 1).replace("\0", other, 1)
    return change


@pytest.mark.req("R-000-15")
@pytest.mark.parametrize(("change", "why"), [
    (lambda s: s.replace('{{ row("企业住所", "{企业住所}") }}', "", 1), "a line is missing"),
    (swapped('{{ row("企业法定代表人", "{企业法定代表人}") }}', '{{ row("企业住所", "{企业住所}") }}'),
     "order"),
    (lambda s: s.replace('label="编号"', 'label="证书编号"', 1), "a label of another page"),
    (lambda s: s.replace('label="编号"', 'label=""', 1), "a label is missing"),
    (lambda s: s.replace('text="（副本）"', 'text="(副本)"', 1), "another subtitle"),
    (lambda s: s.replace('text="(附页)"', 'text="（附页）"', 1), "another subtitle"),
    (lambda s: s.replace("{有效期起始日期} 至 ", "{有效期起始日期}至", 1), "a line says something else"),
    (lambda s: s.replace("<seal over", '<line text="x" style="code" x="1" y="1" width="9"/><seal over', 1),
     "a line too many"),
    (lambda s: s.replace('role="正本"', 'role="原件"', 1), "another page"),
    (swapped('role="正本"', 'role="附页"'), "pages in another order"),
])
def test_a_template_that_lacks_a_label_or_changes_the_order_is_refused(
        change: Callable[[str], str], why: str) -> None:
    changed = change(SOURCE)
    assert changed != SOURCE, why
    assert refused(changed).code is TemplateErrorCode.FACE, why


def test_the_line_named_is_that_of_the_source_even_for_what_a_macro_wrote() -> None:
    broken = SOURCE.replace('{{ row("经营方式", "{经营方式}") }}', '{{ row("经营模式", "{经营方式}") }}', 1)
    assert refused(broken).facts["line"] == line_of("经营模式", broken), "the line that gives the words, not the macro"
    broken = SOURCE.replace('text="{{ text }}" style="{{ style }}"', 'text="{{ text }}" style="valeu"', 1)
    error = refused(broken)
    assert error.facts["line"] == line_of('row("企业名称", "{企业名称}")', broken.split('role="副本"')[0])
    inside = line_of("<line label=\"{{ label }}\"")
    assert f"宏内为第 {inside} 行" in error.zh and f"line {inside} inside the macro" in error.en
    broken = SOURCE.replace('style="title-annex"', 'style="title-anex"', 1)
    error = refused(broken)
    assert error.facts["line"] == line_of("title-anex", broken)
    assert "title-annex" in error.en and "title-anex" in error.zh


BROKEN = [
    ('<qr x="230.8"', '<qr left="230.8"', TemplateErrorCode.UNKNOWN_WORD),
    ('<qr x="230.8" y="25" size="36"/>', '<qr x="230.8" y="25"/>', TemplateErrorCode.VALUE),
    ('<qr x="230.8"', '<qr x="23cm"', TemplateErrorCode.VALUE),
    ('<qr x="230.8"', '<qr x="NaN"', TemplateErrorCode.VALUE),
    ('size="36"/>', 'size="-1"/>', TemplateErrorCode.VALUE),
    ('<seal over="发证日期" up="0.397"/>', "<seal/>", TemplateErrorCode.VALUE),
    ('<seal over="发证日期" up="0.397"/>', "<stamp/>", TemplateErrorCode.UNKNOWN_WORD),
    ('face="song-bold"', 'face="comic"', TemplateErrorCode.VALUE),
    ('colour="#1b1a18"', 'colour="black"', TemplateErrorCode.VALUE),
    ('align="center"', 'align="middle"', TemplateErrorCode.VALUE),
    ('least="3.175"', 'least="9"', TemplateErrorCode.VALUE),
    ('src="ground.svg"', 'src="../../../etc/passwd"', TemplateErrorCode.VALUE),
    ('src="ground.svg"', 'src="http://example.invalid/a.svg"', TemplateErrorCode.VALUE),
    ('<template kind="K0">', '<template kind="K1">', TemplateErrorCode.VALUE),
    ('<template kind="K0">', '<template kind="K0">text', TemplateErrorCode.UNKNOWN_WORD),
    ("</template>", "", TemplateErrorCode.MALFORMED),
    ("{%- endmacro %}", "", TemplateErrorCode.MALFORMED),
    ("{{ ground() }}", "{{ grund() }}", TemplateErrorCode.FILLING),
    ("{{ ground() }}", "{{ values['没有'] }}", TemplateErrorCode.FILLING),
    ("{{ ground() }}", "{{ 1 / 0 }}", TemplateErrorCode.FILLING),
    ("{{ ground() }}", "{{ ().__class__.__base__.__subclasses__() }}", TemplateErrorCode.FILLING),
    ("{{ ground() }}", "{% for i in range(9999) %}{{ 'x' * 9999 }}{% endfor %}", TemplateErrorCode.MALFORMED),
    ("{{ ground() }}", "{% include '/etc/passwd' %}", TemplateErrorCode.FILLING),
    ("{{ ground() }}", "<?php x ?>", TemplateErrorCode.MALFORMED),
    ("{{ ground() }}", "&x;", TemplateErrorCode.MALFORMED),
]


@pytest.mark.parametrize(("old", "new", "code"), BROKEN)
def test_a_broken_template_is_refused_with_its_line(old: str, new: str, code: TemplateErrorCode) -> None:
    assert old in SOURCE
    at = SOURCE.index(old)
    error = refused(SOURCE[:at] + new + SOURCE[at + len(old):])
    assert error.code is code
    assert error.zh and error.en


@pytest.mark.parametrize(("old", "new"), [
    ('<qr x="230.8"', '<qr x="23cm"'), ('align="center"', 'align="middle"'),
    ('face="song-bold"', 'face="comic"'),
    ("{{ ground() }}", "{{ grund() }}"), ("{%- endmacro %}", "{% endmakro %}"),
])
def test_the_line_is_exact(old: str, new: str) -> None:
    changed = SOURCE.replace(old, new, 1)
    error = refused(changed)
    expected = 1 + changed[:changed.index(new)].count("\n")
    assert int(error.facts["line"]) == expected


SLIPS = [
    # the source, what is told
    ("<template>\n{% for n in range(9) %}<style/>\n{% endfor %}\n<colunm>\n<line/>\n</column>\n</template>",
     6, ("第 4 行的 <colunm> 在此由 </column> 结束", "the <colunm> of line 4 is ended by </column>")),
    ("<template>\n{% for n in range(9) %}<style/>\n{% endfor %}\n<column>\n</template>",
     5, ("第 4 行的 <column> 在此由 </template> 结束", "the <column> of line 4 is ended by </template>")),
    ("<!-- {{ 1 }}\n -->\n<template>\n{% for n in range(9) %}\n<style/>{% endfor %}\n<page>\n</page>\n",
     3, ("此处的 <template> 没有结束标签", "the <template> here has no end tag")),
    ("<template>\n{% for n in range(9) %}\n{% endfor %}\n<line 企业='测试' x=3/>\n</template>",
     4, ("属性值应加引号", "AttValue")),
    ("{% macro all() %}\n<page>\n</pgae>\n{% endmacro %}\n<template>\n{{ all() }}\n</template>",
     3, ("第 2 行的 <page> 在此由 </pgae> 结束", "the <page> of line 2 is ended by </pgae>")),
]


@pytest.mark.parametrize(("source", "line", "words"), SLIPS)
def test_a_slip_of_xml_is_told_with_lines_of_the_source_alone(source: str, line: int, words: tuple[str, str]) -> None:
    error = refused(source)
    assert (error.code, error.facts["line"]) == (TemplateErrorCode.MALFORMED, str(line))
    assert words[0] in error.zh and words[1] in error.en
    told = {str(line), *(word for word in words[1].split() if word.isdigit())}
    assert set(re.findall(r"line (\d+)", error.en)) <= told
    assert "column 1" not in error.en and "<string>" not in error.en


@pytest.mark.parametrize("macro", ["{{ 4 + 1 }}", "{% if true %}5{% endif %}"])
def test_what_a_macro_reckons_goes_on_being_a_number(macro: str) -> None:
    source = SOURCE.replace("{% macro row(", f"{{% macro place() %}}{macro}{{% endmacro %}}\n{{% macro row(", 1)
    changed = source.replace('<qr x="230.8"', '<qr x="{{ 225.8 + place()|float }}"', 1)
    assert changed != source
    qr = filled(changed).pages[0].qr
    assert qr is not None and qr.x_mm == 230.8


def test_a_name_in_over_that_no_line_has_is_told_with_the_names_that_there_are() -> None:
    changed = SOURCE.replace('<seal over="发证日期"', '<seal over="发证曰期"', 1)
    error = refused(changed)
    assert (error.code, error.facts["line"]) == (TemplateErrorCode.VALUE, line_of("发证曰期", changed))
    assert "没有“发证曰期”这一行" in error.zh and "发证日期" in error.zh.partition("；有")[2]
    assert "there is no line 发证曰期" in error.en


def test_a_role_that_no_face_has_is_told_with_the_roles_that_there_are() -> None:
    changed = SOURCE.replace('role="副本"', 'role="副夲"', 1)
    error = refused(changed)
    assert (error.code, error.facts["line"]) == (TemplateErrorCode.FACE, line_of("副夲", changed))
    assert "正本、副本、附页" in error.zh and "副夲" in error.zh


def test_control_characters_are_refused() -> None:
    assert refused(SOURCE.replace("<template", "\x01<template", 1)).code is TemplateErrorCode.MALFORMED


def test_a_doctype_with_entities_is_refused() -> None:
    bomb = '<!DOCTYPE template [<!ENTITY a "aaaa">]>\n' + SOURCE.split("?>", 1)[1].lstrip()
    assert refused(bomb).code is TemplateErrorCode.MALFORMED


def test_bytes_that_are_no_utf_8_are_refused() -> None:
    with pytest.raises(TemplateError):
        Template(SOURCE.encode("gb18030"), file="K0/pages.xml", kind=K0)


def test_what_a_record_says_is_escaped_in_the_template() -> None:
    source = SOURCE.replace('<seal over="发证日期"', '<seal over="{{ values[\'企业名称\'] }}"', 1)
    template = Template(source.encode("utf-8"), file="K0/pages.xml", kind=K0)
    with pytest.raises(TemplateError) as caught:
        template.layout(VALUES | {"企业名称": '"/><seal/>'})
    assert caught.value.code is TemplateErrorCode.VALUE
    assert '没有“"/><seal/>”这一行' in caught.value.zh, "one name, not another seal"


def test_the_page_on_the_language_names_every_word_and_attribute() -> None:
    page = (Path(__file__).parents[2] / "docs" / "template-language.md").read_text(encoding="utf-8")
    rows = {row.split("`")[1]: row for row in page.splitlines() if row.startswith("| `")}
    for name, word in WORDS.items():
        assert name in rows, name
        missing = [key for key in word.attributes if f"`{key}`" not in rows[name]]
        assert not missing, f"{name}: {missing}"


def test_every_word_is_described_where_it_is_refused() -> None:
    for word in WORDS.values():
        for kind, _ in word.attributes.values():
            assert kind.zh and kind.en
