"""Long data fill tables to their last row; pages that go on are always drawn, and reckoned when there are too many."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import layouts
from docgen.compose import MOST_PAGES
from docgen.design.folder import open_folder
from docgen.design.records import extreme_record
from docgen.design.scaffold import write_schema
from tests.design.kinds import CODE, change, check, made
from verify.pdf_pages import MAX_PAGES

PAGE = """
  <page role="附页" width="210" height="297">
    <qr x="20" y="20" size="36"/>
    <line text="{证照名称}" style="subtitle" x="66" y="40" width="120" align="center"/>
    <flow x="20" y="70" width="170" bottom="220">
      <table text="{设备}" style="value">
        <col width="20"/>
        <col share="1"/>
        <col width="40"/>
      </table>
    </flow>
    <column x="100" y="240" width="90" bottom="270" label-width="20" label-gap="6">
      {{ row("发证机关", "{发证机关}") }}
      {{ row("发证日期", "{发证日期}") }}
    </column>
    <seal over="发证机关 发证日期"/>
    <straddle y="120"/>
    <folio text="{n}/{m}" style="label" x="20" y="285" width="170"/>
  </page>
</template>"""


def _kind(folder: Path, rows: int) -> Path:
    """A new kind with an 附页 that repeats; its table has at most so many rows."""
    kind = made(folder)
    data: dict[str, Any] = json.loads((kind / "kind.json").read_bytes())
    data["fields"].append({
        "label": "设备", "required": True, "format": "table", "max_rows": rows, "columns": [
            {"label": "序号", "required": True, "format": "pattern", "pattern": "digits", "unique": True},
            {"label": "名称", "required": True, "format": "text", "max_length": 60},
            {"label": "购置日期", "required": True, "format": "date", "unique": True}]})
    data["faces"].append({
        "role": "附页", "repeats": True, "seals": {"count": 1, "last_page_only": True, "straddle": True}, "lines": [
            {"label": "", "text": "{证照名称}", "style": "title"},
            {"label": "", "text": "{设备}", "on": "run", "heads": ["序号", "名称", "购置日期"]},
            {"label": "发证机关", "text": "{发证机关}", "on": "last"},
            {"label": "发证日期", "text": "{发证日期}", "on": "last"}]})
    (kind / "kind.json").write_text(json.dumps(data, ensure_ascii=False, indent=2), encoding="utf-8")
    change(kind / "pages.xml", "\n</template>", PAGE)
    sample = kind / "samples/example-1.json"
    record = json.loads(sample.read_bytes()) | {
        "设备": [{"序号": "1", "名称": "测试冷柜", "购置日期": "2025-01-02"}]}
    sample.write_text(json.dumps(record, ensure_ascii=False, indent=2), encoding="utf-8")
    write_schema(open_folder(kind))
    return kind


def test_a_table_with_unique_columns_is_drawn_to_its_last_row(tmp_path: Path) -> None:
    kind = _kind(tmp_path, 40)
    layouts.add_folder(tmp_path)
    sample = json.loads((kind / "samples/example-1.json").read_bytes())
    record, _ = extreme_record(layouts.load_kind(CODE), sample, "long")
    assert len(record["设备"]) == 40
    for column in ("序号", "购置日期"):
        assert len({row[column] for row in record["设备"]}) == 40
    answer = check(kind)
    assert (answer.findings, answer.facts["drawn"][-1]) == ((), "rare")


@pytest.mark.parametrize("rows", [40, 2])
@pytest.mark.parametrize(("old", "new", "code", "named"), [
    ('<straddle y="120"/>', '<straddle y="290"/>', "compose.seal-place", '<straddle y="290"/>'),
    ('bottom="220"', 'bottom="262"', "compose.overlap", None),
])
def test_faults_of_pages_that_go_on_are_found_even_where_no_record_fills_one(
    tmp_path: Path, rows: int, old: str, new: str, code: str, named: str | None,
) -> None:
    kind = _kind(tmp_path, rows)
    change(kind / "pages.xml", '发证机关 发证日期"/>\n    <straddle', '发证机关 发证日期" dx="0"/>\n    <straddle')
    change(kind / "pages.xml", '<seal over="发证机关 发证日期" dx="0"/>', '<seal x="50" y="250"/>')
    if code == "compose.overlap":
        change(kind / "pages.xml", 'x="50" y="250"', 'x="150" y="250"')
        change(kind / "pages.xml", 'x="100" y="240" width="90" bottom="270"', 'x="20" y="240" width="90" bottom="270"')
    change(kind / "pages.xml", old, new)
    (finding,) = check(kind).findings
    assert (finding.code, finding.data) == (code, "long" if rows == 40 else "two-pages")
    if named is not None:
        lines = (kind / "pages.xml").read_text(encoding="utf-8").splitlines()
        assert finding.line == next(number for number, text in enumerate(lines, 1) if named in text)


def test_rows_that_make_more_pages_than_a_verifier_reads_are_found_in_the_line_of_their_field(tmp_path: Path) -> None:
    kind = _kind(tmp_path, 5000)
    (finding,) = check(kind).findings
    line = next(number for number, text in enumerate((kind / "kind.json").read_text().splitlines(), 1)
                if '"label": "设备"' in text)
    assert (finding.code, finding.file, finding.line) == ("design.too-many-pages", f"{CODE}/kind.json", line)


def test_a_table_of_which_no_row_can_be_made_is_named_in_a_note(tmp_path: Path) -> None:
    kind = _kind(tmp_path, 40)
    change(kind / "kind.json", '"required": true,\n      "format": "table"', '"format": "table"')
    change(kind / "kind.json", '"format": "date",\n          "unique": true', '"format": "uscc"')
    sample = kind / "samples/example-1.json"
    record = json.loads(sample.read_bytes())
    del record["设备"]
    sample.write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")
    write_schema(open_folder(kind))
    notes = [note for note in check(kind).facts["notes"] if note["code"] == "design.unfilled-table"]
    assert [note["field"] for note in notes] == ["设备"]


def test_a_fault_of_a_cell_is_found_in_the_line_of_its_row(tmp_path: Path) -> None:
    kind = _kind(tmp_path, 40)
    sample = kind / "samples/example-1.json"
    rows = [{"序号": str(number), "名称": "测试冷柜", "购置日期": f"2025-01-0{number}"} for number in (1, 2, 3)]
    rows[2]["序号"] = "2"
    record = json.loads(sample.read_bytes()) | {"设备": rows}
    sample.write_text(json.dumps(record, ensure_ascii=False, indent=1), encoding="utf-8")
    (finding,) = check(kind).findings
    lines = [number for number, text in enumerate(sample.read_text().splitlines(), 1) if '"序号": "2"' in text]
    assert (finding.code, finding.field, finding.line) == ("table.twice", "设备[3].序号", lines[1])


def test_the_most_pages_are_those_of_the_verifier() -> None:
    assert MOST_PAGES == MAX_PAGES
