"""Values that both halves of the verifier share: what was found in a file, and what it means.

What a page shows is told in the words of the reader of its bytes (PDF or OFD), never of a writer:
glyph runs and pictures in page millimetres, origin at the top left corner, y downwards, text at its
baseline. ``order`` counts the paintings of a page from 0, so that one can ask what lies over what.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from layouts.released import Shape

if TYPE_CHECKING:
    from certs.evidence import EvidenceStep

__all__ = [
    "Attachment", "Bitmap", "EvidenceStanding", "Finding", "PageView", "PictureBox", "PlacedStamp", "Reason", "RectMm",
    "SealStanding", "Severity", "SignatureEvidence", "TextLine", "TextRun", "Verdict", "text_lines", "worst",
]


class Verdict(enum.StrEnum):
    """The answer on one file: 真实, 不真实, 无法确定."""

    VALID = "valid"
    INVALID = "invalid"
    INDETERMINATE = "indeterminate"


class Severity(enum.StrEnum):
    """What a finding does to the verdict."""

    NOTE = "note"                      # told, changes nothing
    INDETERMINATE = "indeterminate"    # the file cannot be called genuine
    INVALID = "invalid"                # the file is not genuine


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One reason of a verdict: a stable code, one sentence in Chinese, one in English."""

    code: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A reason with its weight, and where it was found (an entry, an object, a byte offset)."""

    reason: Reason
    severity: Severity
    where: str = ""


class RectMm(NamedTuple):
    """A rectangle on a page, millimetres, origin top left, y down."""

    x_mm: float
    y_mm: float
    width_mm: float
    height_mm: float

    @property
    def right_mm(self) -> float:
        """Right edge."""
        return self.x_mm + self.width_mm

    @property
    def bottom_mm(self) -> float:
        """Lower edge."""
        return self.y_mm + self.height_mm

    def overlaps(self, other: RectMm) -> bool:
        """Whether the two rectangles share an area (a common edge is none)."""
        x, y, width, height = self
        other_x, other_y, other_width, other_height = other
        return (x < other_x + other_width and other_x < x + width
                and y < other_y + other_height and other_y < y + height)


class TextRun(NamedTuple):
    """Glyphs that one text operation paints on one baseline.

    ``text`` has exactly one Unicode character for each glyph; ``xs_mm[i]`` is the origin of glyph i and
    ``y_mm`` the baseline. ``glyphs`` are ids in the embedded font, ``font`` names it (PostScript name
    without a subset tag), ``font_id`` is the file's own name of it, ``program`` the embedded font itself.
    ``width_mm`` runs from the first origin to the end of the last advance. ``colour`` is sRGB, each channel 0 to 255.
    """

    text: str
    xs_mm: tuple[float, ...]
    y_mm: float
    size_mm: float
    width_mm: float
    font: str
    font_id: str
    glyphs: tuple[int, ...] = ()
    colour: tuple[int, int, int] = (0, 0, 0)
    order: int = 0
    program: bytes = b""

    @property
    def box(self) -> RectMm:
        """A rectangle that holds the glyphs: 0.88 of the size above the baseline, 0.12 below."""
        return RectMm(self.xs_mm[0] if self.xs_mm else 0.0, self.y_mm - 0.88 * self.size_mm,
                      self.width_mm, self.size_mm)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextLine:
    """Runs that share a baseline, from left to right; ``text`` joins them as they stand."""

    text: str
    x_mm: float
    y_mm: float
    runs: tuple[TextRun, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bitmap:
    """Decoded pixels, row after row from the top: ``mode`` "L" (1 byte a pixel) or "RGB" (3 bytes)."""

    width: int
    height: int
    mode: str
    data: bytes
    alpha: bytes | None = None         # 1 byte a pixel, None when opaque


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureBox:
    """A picture painted on a page: where, which pixels. ``upright`` is false when turned or mirrored.

    ``digest`` is the SHA-256 (hex) of the picture's stored bytes. Pixels are decoded only on demand:
    ``load`` raises ``ValueError`` for a picture that cannot be decoded within the reader's limits.
    """

    name: str
    box: RectMm
    digest: str
    load: Callable[[], Bitmap] = field(repr=False, compare=False)
    width_px: int = 0
    height_px: int = 0
    order: int = 0
    upright: bool = True
    clip: RectMm | None = None         # what of a cut picture is seen; None for a whole one
    sm3: str = ""                      # of a JPEG: hex digest of the very file that stands in the document


@dataclass(frozen=True, slots=True, kw_only=True)
class PageView:
    """What one page shows. ``seals`` are the boxes of seal pictures (signature stamps) on it.

    ``grounds`` are the digests of what lies under it and is shared by pages (a template of an OFD, a form of a PDF),
    ``shapes`` the outlines that the page itself paints, in the order of painting.
    """

    number: int                        # from 1
    width_mm: float
    height_mm: float
    runs: tuple[TextRun, ...]
    pictures: tuple[PictureBox, ...]
    seals: tuple[PictureBox, ...] = ()
    grounds: tuple[str, ...] = ()
    shapes: tuple[Shape, ...] = ()

    @property
    def lines(self) -> tuple[TextLine, ...]:
        """Lines of text from top to bottom."""
        return text_lines(self.runs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file inside the file."""

    name: str
    mime: str
    relationship: str                  # PDF AFRelationship, "" where the format has none
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SealStanding:
    """What the published status list says of an e-seal; ``state`` as there, ``unknown`` where it says nothing, and
    ``scheduled`` for one that is in use only from a moment that is still to come at the moment of checking; one whose
    use had an end that is past by then is ``retired``.

    ``since`` and ``until`` mean what :mod:`certs.status_list` says; ``list_…`` name the list. What it says stands
    beside the revocation of the seal's certificate, of which it need not know.
    """

    seal_id: str
    state: str = "unknown"
    since: datetime | None = None
    until: datetime | None = None
    list_sequence: int | None = None
    list_published: datetime | None = None
    list_until: datetime | None = None
    certificate_revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceStanding:
    """What the evidence record beside a file proves: that the file existed at ``proven_at``.

    ``holds``: the whole record does. ``used``: the file was judged by that time. ``steps`` are its time-stamps, oldest
    first; those before the newest one that does not hold were not looked at.
    """

    code: str
    zh: str
    en: str
    holds: bool = False
    proven_at: datetime | None = None
    used: bool = False
    steps: tuple[EvidenceStep, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedStamp:
    """Where a signature shows its seal: the page, from 1, and the box that is seen."""

    page: int
    box: RectMm


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureEvidence:
    """One signature as found. ``indication`` and ``sub_indication`` as in ETSI EN 319 102-1.

    ``claimed_at`` is what the signer says, ``proven_at`` what a verified timestamp proves. ``id`` tells it from the
    file's other signatures.
    """

    kind: str                          # "PAdES", "SES v4", "SES v5"
    indication: str                    # TOTAL-PASSED, INDETERMINATE, TOTAL-FAILED
    sub_indication: str = ""
    signer: str = ""                   # CN of the certificate
    organisation: str = ""             # O of the certificate
    organisation_code: str = ""        # USCC in the certificate, "" when it has none
    certificate_fingerprint: str = ""  # SM3 of the DER, hex
    claimed_at: datetime | None = None
    proven_at: datetime | None = None
    anchor: str = ""                   # CN of the trusted anchor
    anchor_fingerprint: str = ""       # SM3 of the DER, hex
    algorithm: str = ""
    seal: SealStanding | None = None   # None: there is no e-seal, or nobody to ask about it
    reasons: tuple[Reason, ...] = ()
    id: str = ""
    stamps: tuple[PlacedStamp, ...] = ()


def text_lines(runs: Iterable[TextRun], tolerance_mm: float = 0.3) -> tuple[TextLine, ...]:
    """Group runs into lines: same baseline within ``tolerance_mm``, left to right, top to bottom."""
    lines: list[list[TextRun]] = []
    for run in sorted(runs, key=lambda each: (each.y_mm, each.xs_mm[:1])):
        if lines and abs(run.y_mm - lines[-1][0].y_mm) <= tolerance_mm:
            lines[-1].append(run)
        else:
            lines.append([run])
    made = []
    for line in lines:
        line.sort(key=lambda each: each.xs_mm[:1])
        made.append(TextLine(text="".join(run.text for run in line), runs=tuple(line), y_mm=line[0].y_mm,
                             x_mm=line[0].xs_mm[0] if line[0].xs_mm else 0.0))
    return tuple(made)


def worst(findings: Iterable[Finding]) -> Verdict:
    """The verdict that a list of findings leaves possible."""
    severities = {finding.severity for finding in findings}
    if Severity.INVALID in severities:
        return Verdict.INVALID
    if Severity.INDETERMINATE in severities:
        return Verdict.INDETERMINATE
    return Verdict.VALID
