"""``new``: the folder of a new kind, complete and working: data, template, artwork, sample, schema.

The blank that it is made from lies in ``blank/``. What only its author can know is marked 待定.
"""

from __future__ import annotations

import contextlib
import json
import zlib
from importlib import resources
from pathlib import Path

import layouts
from certs.files import write_atomic
from docgen.characters import check_text
from docgen.design.describing import kind_in
from docgen.design.findings import DesignError, FindingCode
from docgen.design.folder import KindFolder, open_folder
from docgen.design.records import drawable
from layouts.folders import CODE
from layouts.kind_faults import safe
from layouts.loading import type_code_of
from layouts.schema import schema_bytes

__all__ = ["new_kind", "write_schema"]

_FILES = ("kind.json", "pages.xml", "samples/example-1.json", "art/ground.svg", "art/border.svg")
_NAME_LENGTH = 20
_NOT_IN_NAMES = frozenset("{}@<>")          # the template language and the blank give them a meaning
_DEMO_OWNER = "11100000MB9TEX018A"      # fictitious code of who publishes type codes, GB/T 36904
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


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
    mark = "".join(char for char in code.upper() if char in _DIGITS)        # tells its numbers from those of others
    put = {"@CODE@": code, "@TYPE@": _free_type_code(code, out), "@MARK@": mark, "@LENGTH@": str(len(mark)),
           "@NAME@": json.dumps(name, ensure_ascii=False)[1:-1]}            # the name last: nothing in it is replaced
    written = []
    for file in _FILES:
        text = resources.files(__package__).joinpath("blank", *file.split("/")).read_text(encoding="utf-8")
        for word, value in put.items():
            text = text.replace(word, value)
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        written.append(path)
    write_schema(open_folder(folder))
    return [*written, folder / "schema.json"]


def write_schema(folder: KindFolder) -> Path:
    """Write ``schema.json`` as the kind's data give it.

    Raises:
        DesignError: ``design.json``, ``kind.json`` is larger than 4 MB; ``design.exists``, ``schema.json`` is a link.
        KindError: the kind's data are wrong.
        FileError: as :func:`certs.files.write_atomic`.
    """
    path = folder.path / "schema.json"
    if path.is_symlink():
        raise DesignError(FindingCode.EXISTS, f"{safe(str(path))} 是符号链接，不会改写；请先删除",
                          f"{safe(str(path))} is a symbolic link and is not written through; remove it first")
    write_atomic(path, schema_bytes(kind_in(folder)), mode=0o644)
    return path


def _free_type_code(code: str, out: Path) -> str:
    """A provisional type code that neither a known kind has nor one beside the new one: ``…X`` and two characters."""
    taken = {type_code_of(known) for known in layouts.kinds()}
    for path in out.glob("*/kind.json"):
        with contextlib.suppress(OSError, KeyError, TypeError, ValueError, RecursionError):
            taken.add(json.loads(path.read_bytes())["identifier"]["type_code"])
    places = len(_DIGITS) ** 2
    start = zlib.crc32(code.encode())
    for number in range(start, start + places):
        high, low = divmod(number % places, len(_DIGITS))
        found = f"{_DEMO_OWNER}X{_DIGITS[high]}{_DIGITS[low]}"
        if found not in taken:
            return found
    raise DesignError(FindingCode.CODE, "暂定的类型代码已用完，请删去不用的证照种类",
                      "every provisional type code is taken; remove kinds that are not used")


def _check(code: str, name: str) -> None:
    if not CODE.fullmatch(code):
        raise DesignError(
            FindingCode.CODE, f"代码“{safe(code)}”应以大写字母开头，其后为字母、数字、连字符，不超过16个字符",
            f"the code “{safe(code)}” must be a capital, then letters, digits, hyphens; 16 characters at most")
    if code in layouts.kinds():
        raise DesignError(FindingCode.EXISTS, f"已有代码为{code}的证照种类，请换一个代码",
                          f"there is a kind {code} already; take another code")
    clean, faults = check_text("--name", name)
    missing = drawable(clean)
    if faults or not clean or len(name) > _NAME_LENGTH or missing or _NOT_IN_NAMES & set(name):
        raise DesignError(
            FindingCode.CODE, f"名称“{safe(name)}”应为1至{_NAME_LENGTH}个可以绘制的字符，不含 {{ }} @ < >",
            f"the name “{safe(name)}” must be 1 to {_NAME_LENGTH} characters that the fonts here can draw, "
            "none of { } @ < >")
