"""Whatever a template makes Jinja2 or Python raise is told as an error with file and line."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from docgen.template import Template, TemplateError
from layouts import load_kind, resource

K0 = load_kind("K0")
SOURCE = resource("K0", "pages.xml").decode("utf-8")
VALUES = {field.label: "" for field in K0.fields}
BEFORE = '  <page role="正本"'


def _refused(spoilt: str) -> TemplateError:
    with pytest.raises(TemplateError) as caught:
        Template(spoilt.encode("utf-8"), file="K0/pages.xml", kind=K0).layout(VALUES)
    error = caught.value
    assert error.zh.encode() and error.en.encode() and len(error.zh) < 700 and len(error.en) < 700
    assert error.facts["file"] == "K0/pages.xml"
    return error


@pytest.mark.parametrize("put", [
    "{{ 1|xmlattr }}", "{{ -'a' }}", "{{ 1e999 + kind|length }}", "{{ 'a'.join(1) }}",
    "{{ " + "9" * 5000 + " }}", "{{ kind|int + " + "9" * 5000 + " }}", "{{ 10 ** 5000 }}",
    "{{ 'a'.encode('nothing') }}",
    "{{ range(3)[::0] }}", "{{ (1).nothing.nothing }}", "{{ self.nothing() }}", "{{ '%(a)s' % 1 }}",
    "{% for a in [[1]] recursive %}{{ loop([[1]]) }}{% endfor %}", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% for a in [1] %}" * 30 + "{% endfor %}" * 30, "{% if kind %}" * 300 + "{% endif %}" * 300,
    "{{ " + "(" * 300 + "1" + ")" * 300 + " }}", "{{ " + "[" * 300 + "]" * 300 + " }}", "{{ " + "not " * 3000 + "1 }}",
    "{{ kind" + ".a" * 3000 + " }}", "{{ " + "-" * 3000 + "1 }}",
    "{% if kind == 1 %}" + "{% elif kind == 2 %}" * 3000 + "{% endif %}",
    "{% for %}", "{% include 'a' %}", "{% nothing %}", "{{ kind|nothing }}", "{{ 'x' * 10 ** 13 }}",
], ids=lambda put: str(put)[:30])
def test_a_fault_of_a_template_is_told_in_its_line(put: str) -> None:
    spoilt = SOURCE.replace(BEFORE, f"  {put}\n{BEFORE}", 1)
    line = spoilt[:spoilt.index(put)].count("\n") + 1
    assert _refused(spoilt).facts["line"] == str(line)


@pytest.mark.parametrize("put", [
    "{{ '\\ud800' }}", "{{ '\\x00' }}", "{{ '\\x03' ~ '9' * 5000 ~ '\\x04' }}",
    "{{ '\\x01' ~ '9' * 5000 ~ '\\x04' }}", "{{ '\\x02\\x02' }}x", "<" + "a" * 5000 + "/>", "{{ 'x' * 5000 }}",
    "{{ '<qr source-line=\"q\" x=\"1\"/>'|safe }}", "{{ '<qr source-line=\" \" x=\"1\"/>'|safe }}",
    "{{ ('<qr x=\"1\" source-line=\"' ~ '9' * 5000 ~ '\"/>')|safe }}", '<qr source-line="9" x="1"/>',
    "<?a?>", "&a;", "<![CDATA[x]]>", '<b:qr xmlns:b="c"/>',
], ids=lambda put: str(put)[:30])
def test_what_a_template_writes_is_told_with_a_line_of_it(put: str) -> None:
    spoilt = SOURCE.replace(BEFORE, f"  {put}\n{BEFORE}", 1)
    assert 1 <= int(_refused(spoilt).facts["line"]) <= spoilt.count("\n")


@pytest.mark.parametrize("put", ["\\ud800", "\\udfff"])
def test_a_lone_surrogate_in_an_attribute_is_told_in_its_line(put: str) -> None:
    spoilt = SOURCE.replace(BEFORE, f"  <style name=\"{{{{ '{put}' }}}}\" face=\"kai\" size=\"4\"/>\n{BEFORE}", 1)
    error = _refused(spoilt)
    assert error.facts["line"] == str(spoilt[:spoilt.index(put)].count("\n") + 1)
    assert f"U+{put[2:].upper()}" in error.zh


@pytest.mark.parametrize(("spoil", "words"), [
    (lambda text: text.encode("gb18030"), "UTF-8"),
    (lambda text: text.replace("<art", "\x01<art", 1).encode(), "控制字符"),
])
def test_bytes_and_characters_that_a_template_may_not_hold_are_told_in_their_line(
    spoil: Callable[[str], bytes], words: str,
) -> None:
    with pytest.raises(TemplateError) as caught:
        Template(spoil(SOURCE), file="K0/pages.xml", kind=K0)
    assert words in caught.value.zh
    assert int(caught.value.facts["line"]) > 1
