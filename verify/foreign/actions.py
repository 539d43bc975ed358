"""The actions of a foreign OFD (GB/T 33190, 14): what opens, plays or leads elsewhere, wherever in the file it stands.

An action that opens an attachment shows it, however well it is hidden from the list of attachments.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from lxml import etree

from verify.reasons import Both, Findings
from verify.xml import local_name

__all__ = ["Actions"]

_KINDS: Final = {
    "Goto": ("跳转", "going to a page"), "URI": ("打开网址", "opening an address"),
    "GotoA": ("打开附件", "opening an attachment"), "Sound": ("播放声音", "playing sound"),
    "Movie": ("播放影像", "playing a film"),
}
_KINDS_TOLD: Final = 10


class Actions:
    """The actions of all files that were looked at.

    What a sound or a film plays is a resource like a picture: the walk comes to it through its listing.
    """

    def __init__(self) -> None:
        self._kinds: dict[str, str] = {}             # kind of action, the first entry that has one
        self._opens: set[str] = set()                # IDs of attachments
        self._attached: dict[str, dict[str, None]] = {}

    def look(self, root: etree._Element, path: str) -> set[str]:
        """Remember the actions of one file; gives its addresses, which may lead to entries of the package."""
        for action in root.iter("{*}Action"):
            for child in action.iterchildren(etree.Element):
                if (kind := local_name(child)) != "Region":
                    self._kinds.setdefault(kind, path)
        for opening in root.iter("{*}GotoA"):
            self._opens.add((opening.get("AttachID") or "").strip())
        addresses: set[str] = set()
        for element in root.iter("{*}URI"):
            address = (element.get("URI") or "").partition("#")[0]
            addresses |= {address, f"{element.get('Base') or ''}/{address}"}
        return addresses

    def attach(self, identifier: str | None, entries: Iterable[str]) -> None:
        """An attachment with this ID."""
        self._attached.setdefault((identifier or "").strip(), {}).update(dict.fromkeys(entries))

    def opened(self) -> Iterator[str]:
        """The entries of the attachments that an action opens: all, where one names none that is listed."""
        known = self._opens <= self._attached.keys()
        for identifier, entries in self._attached.items():
            if self._opens and (identifier in self._opens or not known):
                yield from entries

    def tell(self, found: Findings) -> None:
        """Say that there are actions, and of which kinds."""
        if self._kinds:
            named = [_KINDS.get(kind, (kind, kind)) for kind in self._kinds][:_KINDS_TOLD]
            found.add("form.actions", next(iter(self._kinds.values())),
                      kinds=Both("、".join(zh for zh, _ in named), ", ".join(en for _, en in named)))
