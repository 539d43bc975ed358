"""The table of faults in docs/seals.md names tests that are there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\|[^|]+\|[^|]+\| `(tests/[a-z_/]+\.py)::(\w+)(?:\[(.+)\])?` \|$", re.MULTILINE)
DEMANDED = (
    "expired", "not yet valid", "revoked", "on hold", "wrong key usage", "name mismatch", "swapped imprint",
    "another organisation's certificate", "seal maker that is not trusted", "clock going backwards", "full disk",
    "two rotations at once", "approval exhausted", "role missing")


def test_every_fault_of_the_table_has_its_test() -> None:
    section = (ROOT / "docs" / "seals.md").read_text(encoding="utf-8").partition("### The faults that were tried")[2]
    table = section.partition("\n## ")[0]
    rows = ROW.findall(table)
    assert len(rows) == table.count("\n| ") - 1                       # every line but the heading
    for path, function, row in rows:
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, (path, function)
        texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
        assert not row or row in texts, (path, row)
    faults = [line.split("|")[1].strip() for line in table.splitlines() if line.startswith("| ")]
    for fault in DEMANDED:
        assert any(fault in one for one in faults), fault
