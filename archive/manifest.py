"""The manifest of a package: the digests of all that must not change, in canonical JSON.

Evidence records cover the manifest, and it covers the rest. Two files are told apart: the rendition grows at its end by
evidence and timestamps (``grows``), so that its first bytes are held to the digests; what lies under ``evidence/`` is
renewed and not named here: it is judged by what it proves, and held by the timestamps of renewals (archive.cover).
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from archive.layout import MANIFEST, is_mutable
from certs import canonical_json
from certs.canonical_json import JsonError, is_object
from certs.moments import read_moment, write_moment
from certs.sm3 import sm3

__all__ = ["TYPE", "Fault", "Listed", "Manifest", "are_names"]

TYPE: Final = "zhengyin/archive-package/1"
_KEYS: Final = frozenset({"type", "identifier", "kind", "kindVersion", "archivedAt", "engine", "files"})
_FILE: Final = frozenset({"size", "sm3", "sha256"})


def are_names(names: Collection[str]) -> bool:
    """Whether names lead to files inside the package on every system: none out of it, no two but for their case."""
    parts = [part for name in names for part in name.split("/")]
    return (all(part.isprintable() and part not in ("", ".", "..") and not set(part) & set('\\:') for part in parts)
            and len({unicodedata.normalize("NFC", name).casefold() for name in names}) == len(names))


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One file: its size in bytes and its digests in hex. ``grows``: more may follow behind these bytes."""

    size: int
    sm3: str
    sha256: str
    grows: bool = False

    @classmethod
    def of(cls, data: bytes, *, grows: bool = False) -> Listed:
        """The line of a file."""
        return cls(size=len(data), sm3=sm3(data).hex(), sha256=hashlib.sha256(data).hexdigest(), grows=grows)

    def fits(self, data: bytes) -> bool:
        """Whether the bytes are those of the file, whatever follows one that grows."""
        if len(data) < self.size or (len(data) > self.size and not self.grows):
            return False
        return Listed.of(data[:self.size], grows=self.grows) == self


@dataclass(frozen=True, slots=True)
class Fault:
    """A file that is not what the manifest says: ``missing``, ``changed`` or ``extra``."""

    name: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a package is, and its files by name."""

    identifier: str
    kind: str
    kind_version: str
    archived_at: datetime
    engine: str
    files: Mapping[str, Listed]

    def to_json(self) -> bytes:
        """The one spelling of it."""
        files: dict[str, canonical_json.JSON] = {
            name: {"size": one.size, "sm3": one.sm3, "sha256": one.sha256, **({"grows": True} if one.grows else {})}
            for name, one in self.files.items()}
        return canonical_json.encode({
            "type": TYPE, "identifier": self.identifier, "kind": self.kind, "kindVersion": self.kind_version,
            "archivedAt": write_moment(self.archived_at), "engine": self.engine, "files": files})

    @classmethod
    def parse(cls, data: bytes) -> Manifest | None:
        """Read a manifest; None for anything that is none, to the byte."""
        try:
            value = canonical_json.decode(data)
            if not is_object(value) or value.keys() != _KEYS or value["type"] != TYPE or not is_object(value["files"]):
                return None
            texts = [value[key] for key in ("identifier", "kind", "kindVersion", "engine", "archivedAt")]
            if not all(isinstance(each, str) for each in texts):
                return None
            files = {name: _listed(one) for name, one in value["files"].items()}
            if not all(files.values()) or not are_names(files):
                return None
            return cls(identifier=str(texts[0]), kind=str(texts[1]), kind_version=str(texts[2]), engine=str(texts[3]),
                       archived_at=read_moment(str(texts[4])), files={n: f for n, f in files.items() if f is not None})
        except (JsonError, ValueError):
            return None

    def faults(self, files: Mapping[str, bytes]) -> list[Fault]:
        """What in a package is not as it was archived."""
        found = [Fault(name, "missing" if name not in files else "changed")
                 for name, listed in self.files.items() if name not in files or not listed.fits(files[name])]
        return found + [Fault(name, "extra") for name in files
                        if name not in self.files and name != MANIFEST and not is_mutable(name)]


def _listed(value: canonical_json.JSON) -> Listed | None:
    if not is_object(value) or value.keys() - {"grows"} != _FILE:
        return None
    size, first, second, grows = value["size"], value["sm3"], value["sha256"], value.get("grows", False)
    if type(size) is not int or size < 0 or not isinstance(first, str) or not isinstance(second, str):
        return None
    if not (len(first) == len(second) == 64) or ("grows" in value and grows is not True):
        return None
    return Listed(size=size, sm3=first, sha256=second, grows=bool(grows))
