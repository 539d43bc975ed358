"""The template language: what K0's template says, and what is refused with file, line and expectation."""

from __future__ import annotations

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
    assert refused(broken).facts["line"] == line_of("<line label=\"{{ label }}\"")
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
    ('<seal over="发证日期" up="0.385"/>', "<seal/>", TemplateErrorCode.VALUE),
    ('<seal over="发证日期" up="0.385"/>', "<stamp/>", TemplateErrorCode.UNKNOWN_WORD),
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


def test_a_doctype_with_entities_is_refused() -> None:
    bomb = '<!DOCTYPE template [<!ENTITY a "aaaa">]>\n' + SOURCE.split("?>", 1)[1].lstrip()
    assert refused(bomb).code is TemplateErrorCode.MALFORMED


def test_bytes_that_are_no_utf_8_are_refused() -> None:
    with pytest.raises(TemplateError):
        Template(SOURCE.encode("gb18030"), file="K0/pages.xml", kind=K0)


def test_what_a_record_says_is_escaped_in_the_template() -> None:
    source = SOURCE.replace('<seal over="发证日期"', '<seal over="{{ values[\'企业名称\'] }}"', 1)
    template = Template(source.encode("utf-8"), file="K0/pages.xml", kind=K0)
    layout = template.layout(VALUES | {"企业名称": '"/><seal/>'})
    (seal,) = layout.pages[0].seals
    assert seal.over == ('"/><seal/>',)


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
