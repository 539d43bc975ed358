"""Where a location written in an OFD leads, read as leniently as readers do.

A location may be absolute, relative to the file that it stands in, or relative to the package although it looks
relative. All entries that some reader could come to are given, the standard's own first: so what counts as reached is
never less than what is shown. A match in another letter case is taken only where it is unique.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from typing import Final

from verify.reasons import Findings

__all__ = ["Locator"]

_TOLD: Final = 100                      # oddities told of one file; what weighs is always told
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


class Locator:
    """Finds the entries of one archive.

    Args:
        names: the entries.
        found: gets ``form.path``, ``form.case`` for what was forgiven, ``foreign.dangling`` for what is not there,
            ``foreign.external`` and ``ofd.path`` for what leaves the package.
    """

    def __init__(self, names: Iterable[str], found: Findings) -> None:
        self._names = frozenset(names)
        self._found = found
        blind: dict[str, list[str]] = {}
        for name in self._names:
            blind.setdefault(name.casefold(), []).append(name)
        self._blind: Mapping[str, list[str]] = blind
        self._ends = frozenset(name.rpartition("/")[2].casefold() for name in self._names)
        self._told: set[tuple[str, str]] = set()

    def may_name(self, text: str) -> bool:
        """Whether a text could name an entry (asked of every value of a file, so it is cheap)."""
        return len(text) <= 512 and text.strip().rpartition("/")[2].casefold() in self._ends

    def find(self, base: str, text: str, *, folder: str | None = None, quiet: bool = False,
             absent: str = "foreign.dangling") -> tuple[str, ...]:
        """The entries that a location may mean, the standard's own reading first; () when there is none.

        Args:
            base: the entry that holds the location.
            folder: the folder that counts where it is not that of ``base`` (BaseLoc of a resource file).
            quiet: tell nothing (the text need not be a location).
            absent: the code for a location that leads to nothing.
        """
        text = text.strip()
        if not text:
            return ()
        plain = text.replace("\\", "/")
        if _SCHEME.match(plain):
            self._tell("foreign.external", base, text, quiet)
            return ()
        places = self._places(base, plain, folder)
        if not places:
            self._tell("ofd.path", base, text, quiet)
            return ()
        exact = [place for place in places if place in self._names]
        if exact:
            if "\\" in text or "//" in text or exact[0] != places[0]:
                self._tell("form.path", base, text, quiet)
            return tuple(dict.fromkeys(exact))
        for place in places:
            if len(alike := self._blind.get(place.casefold(), [])) == 1:
                self._tell("form.case", base, text, quiet)
                return (alike[0],)
        self._tell(absent, base, text, quiet)
        return ()

    def exact(self, base: str, text: str) -> str | None:
        """The entry that a location means by the standard, never by leniency; None when it leaves the package."""
        text = text.strip()
        places = [] if not text or "\\" in text or "//" in text or ":" in text else self._places(base, text, None)
        return places[0] if places else None

    def _places(self, base: str, text: str, folder: str | None) -> list[str]:
        """Names within the package that the text may mean; none when the standard's own reading leaves it."""
        own = posixpath.dirname(base)
        starts = ["", own] if text.startswith("/") else [own if folder is None else folder, own, ""]
        places = [posixpath.normpath(posixpath.join(start, text.lstrip("/"))) for start in starts]
        if places[0].startswith("../") or places[0] in ("..", "."):
            return []
        return [place for place in dict.fromkeys(places) if not place.startswith("..")]

    def _tell(self, code: str, base: str, text: str, quiet: bool) -> None:
        if quiet or (code, text) in self._told:
            return
        if len(self._told) < _TOLD:
            self._told.add((code, text))
        elif code.startswith("form."):
            return
        self._found.add(code, base, location=text)
