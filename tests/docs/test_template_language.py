"""The pages on the template language: both tell every word, its attributes and bounds, and their examples are drawn."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from docgen.svg import parse_svg
from docgen.template import Template
from docgen.template_words import WORDS
from layouts import Kind, build_kind

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {"en": DOCS / "template-language.md", "zh": DOCS / "template-language.zh.md"}
PLACED = {"line": {"x", "y", "width"}}      # must be given where the word stands on a page, not where in a column
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.S | re.M)


def text(language: str) -> str:
    """A page without its examples."""
    return BLOCK.sub("", PAGES[language].read_text(encoding="utf-8"))


def examples(language: str) -> list[tuple[str, str]]:
    """Form and text of the examples of a page."""
    return BLOCK.findall(PAGES[language].read_text(encoding="utf-8"))


def rows(language: str) -> dict[str, list[str]]:
    """The cells of the table of words, by word."""
    table = [[cell.strip() for cell in row.strip("|").split(" | ")]
             for row in text(language).splitlines() if row.startswith("| `")]
    return {cells[0].strip("`| "): cells[1:] for cells in table}


def words(page: str) -> set[str]:
    """What stands in a page as code; a field is named in the page's own language."""
    found = {" ".join(one.split()) for one in re.findall(r"`([^`]+)`", page)}
    return {re.sub(r"\{字段\}", "{field}", one) for one in found}


def example_kind() -> Kind:
    """The letter of the example: the whole kind of the pages on kind.json with the fields and the face of this one."""
    page = (DOCS / "kind-json.md").read_text(encoding="utf-8")
    data = next(one for one in map(json.loads, re.findall(r"^```json\n(.*?)^```", page, re.S | re.M)) if "code" in one)
    ((_, face),) = (one for one in examples("en") if one[0] == "json")
    own = [field for field in data["fields"] if field["label"] in {"文书名称", "成文日期", "统一社会信用代码", "理由"}]
    materials = {"label": "材料", "format": "table", "columns": [
        {"label": one, "format": "text", "required": True} for one in ("序号", "材料名称")]}
    return build_kind(data | {"code": "D9", "fields": [*own, materials], "faces": [json.loads(face)]})


@pytest.mark.parametrize("language", PAGES)
def test_the_table_has_every_word_where_it_stands_and_its_attributes(language: str) -> None:
    table = rows(language)
    assert list(table) == list(dict.fromkeys(table)) and set(table) == set(WORDS)
    for name, word in WORDS.items():
        parents = {parent for parent, one in WORDS.items() if name in one.children}
        assert set(re.findall(r"[a-z]+", table[name][0])) == parents, name
        told = words(table[name][1])
        assert set(word.attributes) <= told, (name, set(word.attributes) - told)


@pytest.mark.parametrize("language", PAGES)
def test_what_must_be_given_is_bold_and_nothing_else(language: str) -> None:
    for name, (_, meaning) in rows(language).items():
        bold = set(re.findall(r"\*\*`([^`]+)`\*\*", meaning))
        required = {key for key, (_, default) in WORDS[name].attributes.items() if default is None}
        assert bold == required | PLACED.get(name, set()), name


def test_both_pages_name_the_same_words_numbers_and_heads() -> None:
    en, zh = rows("en"), rows("zh")
    for name in en:
        assert words(en[name][1]) == words(zh[name][1]), name
        assert _numbers(en[name][1]) == _numbers(zh[name][1]), name
    assert words(text("en")) == words(text("zh"))
    assert _numbers(text("en")) == _numbers(text("zh"))
    assert _heads("en") == _heads("zh") and len(_heads("en")) >= 5


def _numbers(page: str) -> list[str]:
    return sorted(re.findall(r"(?<![\w#.])\d+(?:[ .]\d+)*", page))


def _heads(language: str) -> list[int]:
    """How deep each heading stands, in their order."""
    return [len(head) for head in re.findall(r"^(#+) ", text(language), re.M)]


def test_the_pages_lead_to_each_other() -> None:
    assert f"]({PAGES['zh'].name})" in text("en")
    assert f"]({PAGES['en'].name})" in text("zh")


def test_both_pages_have_the_same_examples() -> None:
    assert examples("en") == examples("zh")
    assert [form for form, _ in examples("en")] == ["xml", "json", "xml"]


def test_the_example_is_a_template_of_its_face() -> None:
    (_, template), _, _ = examples("en")
    made = Template(template.encode("utf-8"), file="D9/pages.xml", kind=example_kind())
    layout = made.layout({"材料": "1"})
    assert [page.role for page in layout.pages] == ["决定书"]


def test_the_drawing_of_the_example_is_one() -> None:
    *_, (_, drawing) = examples("en")
    assert len(parse_svg(drawing.encode("utf-8"), name="band.svg").paths) == 1
