"""The pages on kind.json: their tables say what the schema says, and every example is loaded as a kind."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from layouts import Check, Format, Kind, build_kind
from layouts.kind_check import kind_schema
from tests.design.kinds import data, made
from tests.support.installed_kinds import installed_kinds

__all__ = ["installed_kinds"]

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {"en": DOCS / "kind-json.md", "zh": DOCS / "kind-json.zh.md"}
COMMON = json.loads((DOCS.parent / "layouts" / "common.json").read_bytes())
TYPES = {
    "en": {"string": "text", "boolean": "true/false", "integer": "whole number", "number": "number", "array": "list",
           "object": "object", "enum": "one of", "": "text or list"},
    "zh": {"string": "文本", "boolean": "true/false", "integer": "整数", "number": "数", "array": "数组",
           "object": "对象", "enum": "之一：", "": "文本或数组"},
}
BLOCK = re.compile(r"^```json\n(.*?)^```", re.S | re.M)


def table_rows(schema: dict[str, Any], language: str) -> Iterator[str]:
    """The rows of the table on one object of the schema: key, type, default, meaning; required keys bold."""
    for key, part in schema["properties"].items():
        name = f"**`{key}`**" if key in schema.get("required", ()) else f"`{key}`"
        meaning = part["description"].split(" / ", 1)[language == "en"].replace("|", "\\|")
        default = f"`{json.dumps(part['default'])}`" if "default" in part else ""
        yield f"| {name} | {_type(part, language)} | {default} | {meaning} |"


def _type(part: dict[str, Any], language: str) -> str:
    words = TYPES[language]
    if "const" in part:
        return f"`{json.dumps(part['const'])}`"
    if "enum" in part:
        return f"{words['enum']} {' '.join(f'`{one}`' for one in part['enum'])}".replace("： ", "：")
    if "$ref" in part:
        part = _target(part["$ref"])
    kind = words[part.get("type", "")]
    bounds = (part.get("minimum"), part.get("maximum"))
    return kind + (f" {bounds[0]}–{bounds[1]}" if None not in bounds else "")


def _target(reference: str) -> dict[str, Any]:
    part: dict[str, Any] = kind_schema()
    for step in reference.removeprefix("#/").split("/"):
        part = part[step]
    return part


def objects() -> dict[str, dict[str, Any]]:
    """The objects of the schema that have a table, by their names."""
    schema = kind_schema()
    top, parts = schema["properties"], schema["$defs"]
    return {
        "kind": schema, **{key: top[key] for key in ("identifier", "number", "validity", "renewal", "roles", "scope")},
        **{key: parts[key] for key in ("part", "field", "column", "rule", "metadata", "face", "line")},
        "pattern": top["patterns"]["additionalProperties"], "delay": parts["rule"]["properties"]["delay"],
        "seals": parts["face"]["properties"]["seals"],
    }


def examples(language: str) -> list[dict[str, Any]]:
    """The examples of a page."""
    return [json.loads(text) for text in BLOCK.findall(PAGES[language].read_text(encoding="utf-8"))]


def completed(example: dict[str, Any], base: dict[str, Any]) -> dict[str, Any]:
    """A whole kind as it is; the keys of a piece put into a new kind, entries of lists added to its own."""
    if "code" in example:
        return example
    lists = ("fields", "rules", "metadata", "faces")
    return base | {key: [*base.get(key, ()), *value] if key in lists else value for key, value in example.items()}


@pytest.fixture
def base(tmp_path: Path, installed_kinds: None) -> dict[str, Any]:
    return data(made(tmp_path))


@pytest.mark.parametrize("language", PAGES)
@pytest.mark.parametrize("name", objects())
def test_the_tables_are_those_of_the_schema(language: str, name: str) -> None:
    page = PAGES[language].read_text(encoding="utf-8")
    assert "\n".join(table_rows(objects()[name], language)) in page


@pytest.mark.parametrize("language", PAGES)
def test_every_example_makes_a_kind(language: str, base: dict[str, Any]) -> None:
    made_ = [build_kind(completed(example, base)) for example in examples(language)]
    assert len(made_) >= 12
    assert {rule.check for kind in made_ for rule in kind.rules} == set(Check)
    assert {field.format for kind in made_ for field in _all_fields(kind)} >= set(Format)


def _all_fields(kind: Kind) -> Iterator[Any]:
    for field in kind.fields:
        yield field
        yield from field.columns


def test_both_pages_have_the_same_examples() -> None:
    assert examples("en") == examples("zh")


@pytest.mark.parametrize("language", PAGES)
def test_what_each_head_holds_is_said(language: str) -> None:
    page = PAGES[language].read_text(encoding="utf-8")
    for name, head in COMMON["heads"].items():
        (row,) = (line for line in page.splitlines() if line.startswith(f"| `{name}` |"))
        assert all(field["label"] in row for field in head["fields"]), name


@pytest.mark.parametrize("language", PAGES)
def test_every_check_and_every_shared_pattern_is_explained(language: str) -> None:
    page = PAGES[language].read_text(encoding="utf-8")
    for word in [*Check, *Format, *COMMON["patterns"]]:
        assert f"| `{word}` |" in page, word
