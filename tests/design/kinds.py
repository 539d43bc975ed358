"""Kinds for the tests of the designer's tools: made new, then spoilt in one place."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

from docgen.design.contained import Answer, Limits, run
from docgen.design.folder import open_folder
from docgen.design.scaffold import new_kind, write_schema
from tests.support.running_kind import photo

CODE, NAME = "T1", "测试食品经营许可证"
QUICK = Limits(drawing_s=3, whole_s=20, memory_mb=1024, file_mb=32)
"""Limits for kinds that are to run into them."""


def made(folder: Path) -> Path:
    """A new kind, as the command makes it."""
    new_kind(CODE, name=NAME, out=folder)
    return folder / CODE


def decided(kind: Path) -> Path:
    """What only its author knows is written: a kind that may be released."""
    path = kind / "kind.json"
    path.write_text(re.sub('"待定[^"]*"', '"《测试条例》（虚构）"', path.read_text(encoding="utf-8")), encoding="utf-8")
    return kind


def change(path: Path, old: str, new: str) -> int:
    """Put ``new`` in the place of the first ``old``; returns the line in which it stood."""
    text = path.read_text(encoding="utf-8")
    assert old in text, old
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[:text.index(old)].count("\n") + 1


def with_photo(kind: Path, picture: str = '<picture field="照片" x="232" y="80" width="30" height="40"/>') -> Path:
    """A new kind with a photo on its 正本, and a narrower column beside it."""
    phone = '    {"label": "联系电话"'
    change(kind / "kind.json", phone, f'    {{"label": "照片", "required": true, "format": "photo"}},\n{phone}')
    change(kind / "kind.json", '        {"label": "企业名称", "text": "{企业名称}"},',
           '        {"label": "", "text": "{照片}"},\n        {"label": "企业名称", "text": "{企业名称}"},')
    change(kind / "pages.xml", "    {{ rest() }}\n", f"    {picture}\n    {{{{ rest() }}}}\n")
    change(kind / "pages.xml", 'x="35" y="84" width="227"', 'x="35" y="84" width="190"')
    sample = kind / "samples/example-1.json"
    record = json.loads(sample.read_bytes()) | {"照片": base64.b64encode(photo()).decode()}
    sample.write_text(json.dumps(record, ensure_ascii=False, indent=2), encoding="utf-8")
    write_schema(open_folder(kind))
    return kind


def data(kind: Path) -> dict[str, Any]:
    """What kind.json says."""
    loaded: dict[str, Any] = json.loads((kind / "kind.json").read_bytes())
    return loaded


def check(kind: Path, limits: Limits | None = None) -> Answer:
    """Check a kind in a child."""
    return run("check", open_folder(kind), limits=limits)


def codes(answer: Answer) -> list[str]:
    """The codes of the findings."""
    return [finding.code for finding in answer.findings]
