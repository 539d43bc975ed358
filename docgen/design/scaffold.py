"""``new``: the folder of a new kind, complete and working: data, template, artwork, sample, schema.

The blank that it is made from lies in ``blank/``. What only its author can know is marked 待定.
"""

from __future__ import annotations

import json
import zlib
from importlib import resources
from pathlib import Path

import layouts
from docgen.characters import check_text
from docgen.design.describing import kind_in
from docgen.design.findings import DesignError, FindingCode
from docgen.design.folder import KindFolder, open_folder
from docgen.design.records import drawable
from layouts.folders import CODE
from layouts.schema import schema_bytes

__all__ = ["new_kind", "write_schema"]

_FILES = ("kind.json", "pages.xml", "samples/example-1.json", "art/ground.svg", "art/border.svg")
_NAME_LENGTH = 20
_DEMO_OWNER = "11100000MB9TEX018A"      # fictitious code of who publishes type codes, GB/T 36904


def new_kind(code: str, *, name: str, out: Path) -> list[Path]:
    """Make the folder ``out/code`` of a new kind.

    Args:
        code: a capital, then letters, digits and hyphens; no installed kind has it.
        name: the licence's name, at most 20 characters.

    Returns:
        The files that were written.

    Raises:
        DesignError: ``design.code`` (code or name cannot be used), ``design.exists``.
    """
    _check(code, name)
    folder = out / code
    if folder.exists():
        raise DesignError(FindingCode.EXISTS, f"{folder} 已存在，请换一个代码或目录",
                          f"{folder} exists already; take another code or folder")
    type_code = f"{_DEMO_OWNER}{zlib.crc32(code.encode()) % 900 + 100}"
    written = []
    for file in _FILES:
        text = resources.files(__package__).joinpath("blank", *file.split("/")).read_text(encoding="utf-8")
        put = json.dumps(name, ensure_ascii=False)[1:-1] if file.endswith(".json") else _as_xml(name)
        text = text.replace("@CODE@", code).replace("@NAME@", put).replace("@TYPE@", type_code)
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return [*written, write_schema(open_folder(folder))]


def write_schema(folder: KindFolder) -> Path:
    """Write ``schema.json`` as the kind's data give it.

    Raises:
        DesignError: ``design.json``, ``kind.json`` cannot be read; KindError: its data are wrong.
    """
    path = folder.path / "schema.json"
    path.write_bytes(schema_bytes(kind_in(folder)))
    return path


def _as_xml(name: str) -> str:
    """The name inside a comment of the template."""
    return name.replace("--", "—")


def _check(code: str, name: str) -> None:
    if not CODE.fullmatch(code):
        raise DesignError(FindingCode.CODE, f"代码“{code}”应以大写字母开头，其后为字母、数字、连字符，不超过16个字符",
                          f"the code “{code}” must be a capital, then letters, digits, hyphens; 16 characters at most")
    if code in layouts.kinds():
        raise DesignError(FindingCode.EXISTS, f"已有代码为{code}的证照种类，请换一个代码",
                          f"there is a kind {code} already; take another code")
    clean, faults = check_text("--name", name)
    missing = drawable(clean)
    if faults or not clean or len(name) > _NAME_LENGTH or missing:
        raise DesignError(FindingCode.CODE, f"名称“{name}”应为1至{_NAME_LENGTH}个可以绘制的字符",
                          f"the name “{name}” must be 1 to {_NAME_LENGTH} characters that the fonts here can draw")
