"""Page objects of an OFD as SVG: layers, text, paths, pictures, composites, clips (GB/T 33190-2016, 7 to 13)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from lxml import etree

from verify.drawing.ofd_paint import Paints, first, is_true
from verify.drawing.ofd_scope import Scope
from verify.drawing.ofd_text import Glyphs
from verify.drawing.svg import attributes, box_of, matrix_of, moved, number, numbers_of, transform
from verify.xml import children, local_name, text_of

__all__ = ["Sheet"]

_DEPTH: Final = 12
_ORDER: Final = {"Background": 0, "Body": 1, "Foreground": 2}
_COUNTS: Final = {"S": 2, "M": 2, "L": 2, "Q": 4, "B": 6, "A": 7, "C": 0}
_LETTERS: Final = {"S": "M", "M": "M", "L": "L", "Q": "Q", "B": "C", "A": "A", "C": "Z"}
_PIECE: Final = re.compile(r"[SMLQBAC]|[^\sSMLQBAC,]+")


class Sheet:
    """One page while it is drawn; ``body`` and ``defs`` are SVG, ``lacks`` what is not shown as the file has it."""

    def __init__(self, scope: Scope) -> None:
        self.body: list[str] = []
        self.defs: list[str] = []
        self.lacks: set[str] = set()
        self.scope = scope
        self._budget = scope.package.budget
        self._paints = Paints(self.defs, self.lacks, scope.parameters, scope.spaces, self._budget)
        self._glyphs = Glyphs(scope, self.defs, self.lacks)

    def content(self, root: etree._Element) -> None:
        """Paint the layers of a page or a template, the lower ones first."""
        layers = [layer for content in children(root, "Content") for layer in children(content, "Layer")]
        for layer in sorted(layers, key=lambda each: _ORDER.get(each.get("Type", "Body"), 1)):
            self.objects(layer, layer.get("DrawParam") or "", 0)

    def write(self, text: str) -> None:
        """Add to the page."""
        self._budget.write(len(text))
        self.body.append(text)

    def objects(self, parent: etree._Element, parameter: str, depth: int) -> None:
        """Paint what a layer, a block, an appearance or a composite holds."""
        if depth > _DEPTH:
            self.lacks.add("object")
            return
        for element in parent:
            self._budget.object()
            name = local_name(element)
            if not name or not is_true(element, "Visible", True):
                continue
            if name == "PageBlock":
                self.objects(element, parameter, depth + 1)
            elif name in ("PathObject", "TextObject", "ImageObject", "CompositeObject"):
                self._object(element, name, parameter, depth)
            elif name.endswith("Object") or name == "Content":
                self.objects(element, parameter, depth + 1) if name == "Content" else self.lacks.add("object")

    def _object(self, element: etree._Element, name: str, parameter: str, depth: int) -> None:
        """One object at its place, clipped where it says so."""
        box = box_of(element.get("Boundary"))
        if box is None:
            self.lacks.add("object")
            return
        own = matrix_of(element.get("CTM"))
        clips = list(self._clips(element))
        opened = f'<g transform="{moved(box[0], box[1], None)}">' + "".join(f'<g clip-path="{each}">' for each in clips)
        closed = "</g>" * (1 + len(clips))
        if name == "CompositeObject":
            unit = self.scope.composites.get(element.get("ResourceID", ""))
            content = first(unit, "Content")
            if content is None:
                self.lacks.add("object")
                return
            self.write(opened + f"<g{attributes({'transform': transform(own)} if own else {})}>")
            self.objects(content, parameter, depth + 1)
            self.write("</g>" + closed)
            return
        made = self._path(element, own, parameter) if name == "PathObject" else \
            self._text(element, own, parameter) if name == "TextObject" else self._image(element, own, box)
        if made:
            self.write(opened + made + closed)

    def _text(self, element: etree._Element, own: tuple[float, ...] | None, parameter: str) -> str:
        made = self._glyphs.of(element)
        if not made:
            return ""
        values = self._paints.of(element, parameter, fill=True, stroke=False)
        values.pop("stroke-dasharray", None)
        if "stroke-width" in values:                # outlines are drawn at their own scale
            values["vector-effect"] = "non-scaling-stroke"
        return f"<g{attributes({**_turned(own), **values})}>{made}</g>"

    def _path(self, element: etree._Element, own: tuple[float, ...] | None, parameter: str) -> str:
        data = _path_data("".join(text_of(each) for each in children(element, "AbbreviatedData")))
        if data is None:
            self.lacks.add("object")
            return ""
        values = self._paints.of(element, parameter, fill=False, stroke=True)
        return f"<path{attributes({**_turned(own), **values})} d=\"{data}\"/>"

    def _image(self, element: etree._Element, own: tuple[float, ...] | None,
               box: tuple[float, float, float, float]) -> str:
        """A picture fills the unit square that its matrix lays on the page."""
        matrix = own or (box[2], 0, 0, box[3], 0, 0)
        entry = self.scope.media.get(element.get("ResourceID", ""), "")
        picture = self.scope.package.picture(entry) if entry else None
        alpha = numbers_of(element.get("Alpha"))
        values = {"transform": transform(matrix)}  # type: ignore[arg-type]
        if alpha and 0 <= alpha[0] < 255:
            values["opacity"] = number(alpha[0] / 255)
        if picture is None:
            self.lacks.add("picture")
            return f'<path{attributes(values)} d="M0 0H1V1H0Z" fill="#e4e4e4"/>'
        if element.get("ImageMask"):
            self.lacks.add("picture")
        return f'<image{attributes(values)} width="1" height="1" preserveAspectRatio="none" href="{picture}"/>'

    def _clips(self, element: etree._Element) -> Iterator[str]:
        """Clips of an object, each what its areas leave open; text as a clip is not drawn."""
        for clip in (each for clips in children(element, "Clips") for each in children(clips, "Clip")):
            pieces = []
            for area in children(clip, "Area"):
                if first(area, "Text") is not None:
                    self.lacks.add("object")
                for path in children(area, "Path"):
                    self._budget.object()
                    box = box_of(path.get("Boundary")) or (0.0, 0.0, 0.0, 0.0)
                    data = _path_data(text_of(first(path, "AbbreviatedData")))
                    own, outer = matrix_of(path.get("CTM")), matrix_of(area.get("CTM"))
                    places = [transform(outer)] if outer else []
                    places.append(moved(box[0], box[1], own))
                    if data is not None:
                        values = {"transform": " ".join(places), "d": data}
                        if path.get("Rule", "").lower() == "even-odd":
                            values["clip-rule"] = "evenodd"
                        pieces.append(f"<path{attributes(values)}/>")
            if pieces:
                name = f"c{len(self.defs)}"
                text = f'<clipPath id="{name}">{"".join(pieces)}</clipPath>'
                self._budget.write(len(text))
                self.defs.append(text)
                yield f"url(#{name})"


def _turned(own: tuple[float, ...] | None) -> dict[str, str]:
    return {"transform": transform(own)} if own else {}  # type: ignore[arg-type]


def _path_data(text: str) -> str | None:
    """AbbreviatedData as the data of an SVG path, None when it is malformed."""
    out: list[str] = []
    pieces = _PIECE.findall(text)
    at = 0
    while at < len(pieces):
        letter = pieces[at]
        count = _COUNTS.get(letter)
        if count is None:
            return None
        values = numbers_of(" ".join(pieces[at + 1:at + 1 + count])) if count else []
        if values is None or len(values) != count:
            return None
        if letter == "A":
            values = [*values[:3], float(bool(values[3])), float(bool(values[4])), *values[5:]]
        if not out and letter not in "SM":
            return None
        out.append(_LETTERS[letter] + " ".join(map(number, values)))
        at += 1 + count
    return "".join(out)
