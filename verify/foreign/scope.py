"""What the files of one document use of each other by ID: resources, templates, composites."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from lxml import etree

from verify.foreign.content import Use, box_of
from verify.model import RectMm
from verify.xml import children, text_of

__all__ = ["Drawn", "Scope", "size_of"]


class Drawn(NamedTuple):
    """What a file that draws uses: IDs of templates below it, resources, the boxes of its annotations; its size."""

    templates: tuple[str, ...] = ()
    uses: tuple[Use, ...] = ()
    boxes: tuple[RectMm | None, ...] = ()
    size: RectMm | None = None


@dataclass(slots=True)
class Scope:
    """The resources and templates of one document by ID; of composites, the resources that they use; the size of pages
    that name none."""

    resources: dict[str, dict[str, None]] = field(default_factory=dict)
    templates: dict[str, dict[str, None]] = field(default_factory=dict)
    composites: dict[str, set[str]] = field(default_factory=dict)
    size: RectMm | None = None

    @property
    def circular(self) -> bool:
        """Whether a composite holds itself, directly or through others."""
        left = dict(self.composites)
        while left:
            done = [name for name, uses in left.items() if uses.isdisjoint(left)]
            if not done:
                return True
            for name in done:
                del left[name]
        return False


def size_of(area: etree._Element) -> RectMm | None:
    """The physical box of a page area (GB/T 33190, 7.5), the first where several stand."""
    return next((box_of(text_of(each)) for each in children(area, "PhysicalBox")), None)
