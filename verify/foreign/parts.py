"""The structure of a foreign OFD, as values: pages, lists of signatures, what each entry is and does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from verify.model import RectMm

__all__ = ["Listed", "Page", "Place", "Structure"]


class Page(NamedTuple):
    """A page: its number in the whole file, its ID, its document's number."""

    number: int
    id: str
    document: int


class Listed(NamedTuple):
    """One line of a list of signatures; ``path`` "" when its Signature.xml is not there; the pages it may stamp."""

    id: str
    type: str
    path: str
    location: str
    pages: tuple[Page, ...]


class Place(NamedTuple):
    """Where an entry shows: page, what it is there, box (None: anywhere on the page)."""

    page: int
    part: str
    box: RectMm | None


@dataclass(slots=True)
class Structure:
    """What was found.

    ``parts`` says of each entry what it is (page, font, …), ``roles`` what it does: picture, harmless, signature,
    unreached. ``places`` tells where it shows, ``tagged`` which listing of tags names it, ``areas`` how large each page
    is (mm²), by its number; what has no size is not there.
    """

    parts: dict[str, str] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)
    places: dict[str, list[Place]] = field(default_factory=dict)
    pages: list[Page] = field(default_factory=list)
    areas: dict[int, float] = field(default_factory=dict)
    signatures: list[Listed] = field(default_factory=list)
    lists: list[str] = field(default_factory=list)
    tagged: dict[str, str] = field(default_factory=dict)
    documents: int = 0                   # with those of versions
    bodies: int = 0

    def mark(self, name: str, part: str, role: str) -> None:
        """Say what an entry is and does; what can change the picture wins over anything else."""
        if role == "picture" and self.roles.get(name) != "picture":
            self.roles.pop(name, None)
            self.parts.pop(name, None)
        self.roles.setdefault(name, role)
        self.parts.setdefault(name, part)
