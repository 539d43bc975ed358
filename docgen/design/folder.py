"""The folder of a kind as a designer sees it: files, and the lines in which things stand."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import layouts
from docgen.design.findings import DesignError, Finding, FindingCode
from layouts.folders import kind_folder
from layouts.json_lines import JsonError, read_json
from layouts.kind_faults import safe

__all__ = ["KindFolder", "line_of", "open_folder"]

_MAX_BYTES = 4_000_000
_LONE = re.compile("[\ud800-\udfff]")         # how Python writes bytes of a name that are no UTF-8


@dataclass(frozen=True, slots=True, kw_only=True)
class KindFolder:
    """Where a kind lies. ``own`` says that it is none of the kinds that are installed."""

    code: str
    path: Path
    own: bool

    def read(self, name: str) -> bytes | None:
        """The content of a file in the folder; None where there is none that can be read (or is larger than 4 MB)."""
        path = self.path / name
        try:
            return path.read_bytes() if path.is_file() and path.stat().st_size <= _MAX_BYTES else None
        except OSError:                                     # gone in this moment, or not ours to read
            return None

    def json(self, name: str) -> Any | Finding:
        """The JSON of a file in the folder, or what is wrong with it."""
        data = self.read(name)
        if data is None:
            return self._finding(FindingCode.PART, name, f"缺少文件 {name}", f"the file {name} is missing")
        try:
            return read_json(data).value
        except JsonError as error:
            return self._finding(FindingCode.JSON, name, error.zh, error.en, error.line)

    def _finding(self, code: FindingCode, name: str, zh: str, en: str, line: int = 1) -> Finding:
        return Finding(code=code.value, zh=zh, en=en, file=f"{self.code}/{name}", line=line)

    def lines(self, name: str, labels: tuple[str, ...]) -> dict[str, int]:
        """Label → line of ``name`` in which it first stands in quotes."""
        text = (self.read(name) or b"").decode("utf-8", errors="replace")
        return {label: line_of(text, label) for label in labels}

    def samples(self) -> tuple[str, ...]:
        """Names of the sample records (``samples/example-1.json``), sorted."""
        return tuple(name for name in self._all_samples() if not _LONE.search(name))

    def unnamed_samples(self) -> tuple[str, ...]:
        """Those whose names are no UTF-8, as they can be printed; they are not drawn."""
        return tuple(safe(name) for name in self._all_samples() if _LONE.search(name))

    def _all_samples(self) -> list[str]:
        return sorted(f"samples/{path.name}" for path in (self.path / "samples").glob("*.json"))


def line_of(text: str, word: str) -> int:
    """The first line of ``text`` in which ``word`` stands in double quotes; 1 where it stands nowhere."""
    found = re.search(f'"{re.escape(word)}"', text)
    return text.count("\n", 0, found.start()) + 1 if found else 1


def _ships(path: Path) -> bool:
    """Whether a kind's folder is one of those that ship with the engine."""
    return path.resolve().parent == Path(layouts.__file__).resolve().parent


def open_folder(what: str | Path) -> KindFolder:
    """The folder that a command names: a kind's code, or a path.

    Raises:
        DesignError: ``design.no-folder``.
    """
    path = Path(what)
    if (path / "kind.json").is_file():
        path = path.resolve()
        return KindFolder(code=path.name, path=path, own=not _ships(path))
    code = str(what)
    if code in layouts.kinds():
        path = kind_folder(code)
        return KindFolder(code=code, path=path, own=not _ships(path))
    known, near = layouts.kinds(), Path("kinds") / code
    meant = (near / "kind.json").is_file()
    raise DesignError(
        FindingCode.FOLDER, f"“{safe(code)}”不是证照种类（现有{'、'.join(known)}），也不是含 kind.json 的目录"
        + (f"，是否指 {safe(str(near))}？" if meant else ""),
        f"“{safe(code)}” is neither a kind ({', '.join(known)}) nor a folder with a kind.json"
        + (f"; is {safe(str(near))} meant?" if meant else ""))
