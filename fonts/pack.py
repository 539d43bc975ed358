"""Font packs: further TrueType fonts of an office, for the rare characters that the faces here cannot draw.

A pack is a folder of ``.ttf`` files. Its faces stand at the end of every chain, in order of file names, for
what is drawn ``with using(pack)``. A face is known by the SHA-256 of its file: the digest is its key, and
stands in the unique name (name 3) of every subset, so that a sealed document says which font drew it.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import mmap
import struct
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from codes.others_words import system_words
from fonts.errors import FontError, FontErrorCode
from fonts.faces import FACES, Face, Source
from fonts.truetype import TrueType

__all__ = ["MARK", "Pack", "active", "find", "load_pack", "mark_of", "using"]

MARK = "SHA-256 "
"""What the unique name of a pack's face begins with; the digest of the whole font file follows, in hex."""

_RESTRICTED = 0x0002                     # OS/2 fsType: the maker forbids embedding
_MAX_FACES = 64
_ACTIVE: ContextVar[tuple[str, ...]] = ContextVar("zhengyin_font_pack", default=())
_LOADED: dict[str, Face] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """The faces of a folder; ``keys`` in the order in which they are tried."""

    folder: Path
    faces: tuple[Face, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(face.key for face in self.faces)


def _refused(path: Path, zh: str, en: str) -> FontError:
    return FontError(FontErrorCode.PACK, f"字体包中的 {path} 不能使用：{zh}",
                     f"{path} of the font pack cannot be used: {en}")


def load_pack(folder: Path) -> Pack:
    """Open the fonts of a folder; an unchanged file is read once a process.

    Raises:
        FontError: ``font.pack``: no such folder, no font in it, a font without TrueType outlines or names,
            one that forbids embedding, or one that has the name of another.
    """
    if not folder.is_dir():
        raise FontError(FontErrorCode.PACK, f"字体包目录 {folder} 不存在，请更正设置 font_pack",
                        f"the font pack {folder} is no folder: correct the setting font_pack")
    paths = sorted(path for path in folder.iterdir()
                   if path.suffix.lower() == ".ttf" and not path.name.startswith("."))
    if not 0 < len(paths) <= _MAX_FACES:
        raise FontError(FontErrorCode.PACK, f"字体包目录 {folder} 中应有 1 至 {_MAX_FACES} 个 .ttf 文件",
                        f"the font pack {folder} must hold 1 to {_MAX_FACES} .ttf files")
    faces: list[Face] = []
    taken = {source.postscript_name for source in FACES.values()}
    for path in paths:
        try:
            state = path.stat()
            face = _open(path, state.st_mtime_ns, state.st_size)
        except OSError as error:
            zh, en = system_words(error)
            raise _refused(path, f"无法读取（{zh}）", f"it cannot be read ({en})") from error
        if face.postscript_name in taken:
            raise _refused(path, f"字体名 {face.postscript_name} 重复",
                           f"there is another font called {face.postscript_name}")
        taken.add(face.postscript_name)
        faces.append(face)
    faces = [_LOADED.setdefault(face.key, face) for face in faces]
    return Pack(folder=folder, faces=tuple(faces))


@functools.lru_cache(maxsize=_MAX_FACES)
def _open(path: Path, _changed_ns: int, _size: int) -> Face:
    with path.open("rb") as file:
        try:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError as error:
            raise _refused(path, "文件是空的", "it is empty") from error
    digest = hashlib.sha256(data).hexdigest()
    try:
        font = TrueType(data)
        embedding = struct.unpack_from(">H", font.table(b"OS/2", 78), 8)[0]
        font.table(b"post", 32), font.table(b"maxp", 32)
        family, name = _name(font, 1), _name(font, 6)
    except FontError as error:
        raise _refused(path, error.zh, error.en) from error
    if embedding & _RESTRICTED:
        raise _refused(path, "字体的许可不允许嵌入文件", "its licence forbids embedding")
    if not name or not name.isascii() or not all(char.isalnum() or char in "-_" for char in name):
        raise _refused(path, "没有可用的 PostScript 名称", "it has no usable PostScript name")
    source = Source(file=str(path), family=family or name, postscript_name=name, bold=False, serif=True)
    return Face(f"pack-{digest[:16]}", source, font, mark=MARK + digest)


def _name(font: TrueType, wanted: int) -> str:
    """Return a name of the font in English, "" when there is none.

    Raises:
        FontError: ``font.malformed``.
    """
    table = font.table(b"name", 6)
    count, strings = struct.unpack_from(">HH", table, 2)
    for index in range(count):
        entry = table[6 + 12 * index:18 + 12 * index]
        if len(entry) < 12:
            break
        platform, _, language, name, length, offset = struct.unpack(">6H", entry)
        if (platform, language, name) == (3, 0x409, wanted):
            text = table[strings + offset:strings + offset + length]
            return text.decode("utf-16-be", "replace")
    return ""


def mark_of(font: TrueType) -> str:
    """Return the SHA-256 (hex) of the font file that a subset of a pack's face names, "" when it names none.

    Raises:
        FontError: ``font.malformed``.
    """
    unique = _name(font, 3)
    digest = unique.removeprefix(MARK)
    return digest if unique.startswith(MARK) and len(digest) == 64 else ""


def find(key: str) -> Face | None:
    """Return the face of a pack that has been loaded, by its key."""
    return _LOADED.get(key)


def active() -> tuple[str, ...]:
    """Return the keys of the faces of the pack in use here."""
    return _ACTIVE.get()


@contextlib.contextmanager
def using(pack: Pack | None) -> Iterator[None]:
    """Let the faces of PACK stand in for missing characters within the block; None uses no pack."""
    before = _ACTIVE.set(pack.keys if pack else ())
    try:
        yield
    finally:
        _ACTIVE.reset(before)
