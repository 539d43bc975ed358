"""A licence kind: everything that distinguishes one licence from another, as frozen data.

A kind is a folder (``K0/kind.json`` and its artwork); nothing in Python knows a kind by name.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from codes.errors import EngineError
from codes.number import NumberPattern

__all__ = [
    "FOLIOS", "Check", "Condition", "Delay", "Face", "Field", "Format", "Kind", "KindError", "KindErrorCode",
    "Line", "Metadata", "Part", "Pattern", "Renewal", "Rule", "ScopeRule", "SealRule", "Serial", "Table",
    "UnitNames", "Validity", "Value",
]


@dataclass(frozen=True, slots=True)
class Table:
    """The value of a table field: rows from top to bottom, each with one text (or None) a column."""

    rows: tuple[tuple[str | None, ...], ...]


Value = str | tuple[str, ...] | Table | None
"""A field's value in a checked record: a text, several texts, a table, or nothing.

Dates are ``YYYY-MM-DD``; paragraphs are joined with LF; a photo is ``sm3:`` and the hex digest of its bytes; a
reference to an earlier document is ``<identifier> sm3:<hex>``.
"""

Condition = tuple[str, ...]
"""A label, then the values of which the field has one; without values: the field has any value."""


class KindErrorCode(enum.StrEnum):
    """Stable codes of what can be wrong with a kind's data."""

    UNKNOWN = "kind.unknown"
    DATA = "kind.data"
    LEGAL_BASIS = "kind.no-legal-basis"
    RESOURCE = "kind.resource"
    UNREADABLE = "kind.unreadable"
    FOLDER = "kind.folder"
    TWICE = "kind.twice"
    DUPLICATE_ID = "kind.duplicate-id"


class KindError(EngineError):
    """A kind that is not there, or whose data make no sense."""


class Format(enum.StrEnum):
    """What a field holds."""

    TEXT = "text"
    UNIT = "unit"               # full name of an authority (R-001-04)
    USCC = "uscc"               # GB 32100
    NUMBER = "number"           # the kind's number pattern
    DATE = "date"               # YYYY-MM-DD
    ENUM = "enum"               # one of ``values``
    CHOICES = "choices"         # one or more of ``values``, a list
    PATTERN = "pattern"         # a named pattern: phone, digits, ids
    ADDRESS = "address"         # https address that the QR code opens
    SCOPE = "scope"             # 许可范围, see ScopeRule
    PARAGRAPHS = "paragraphs"   # text of one or more paragraphs, LF between them
    TABLE = "table"             # rows of ``columns``
    PHOTO = "photo"             # base64 of a baseline JPEG in the record
    IDENTITY = "identity"       # GB 11643, always private
    DIGEST_OF = "digest-of"     # an earlier document of ours: its identifier and the SM3 of its bytes


class Check(enum.StrEnum):
    """What a rule over several fields demands. ``other`` are the labels it compares with."""

    EQUAL = "equal"                     # field = each of other
    DIFFERS = "differs"                 # field ≠ each of other
    ISSUE_ONLY = "issue-only"           # issued only when field = value
    NOT_BEFORE = "not-before"           # date of field ≥ first given date of other
    NOT_AFTER = "not-after"             # date of field ≤ first given date of other
    EMPTY_WHEN = "empty-when"           # field is empty when ``when`` holds
    REQUIRED_WHEN = "required-when"     # field is given when ``when`` holds
    YEARS = "years"                     # other (start) + years = field (end), same day or the day before
    NUMBER_YEAR = "number-year"         # part ``value`` of the number ≤ year of the date other
    NUMBER_REGION = "number-region"     # part ``value`` of the number = region inside the code other
    ALLOWED = "allowed"                 # field is one of ``values``
    BARRED = "barred"                   # field is none of ``values``
    AT_LEAST = "at-least"               # field's place among its values ≥ that of ``value``
    ONE_OF = "one-of"                   # field or one of other is given
    COUNT = "count"                     # ``minimum`` ≤ rows (or choices) of field ≤ ``maximum``
    LENGTH = "length"                   # characters of field (of its column ``value``, in each row) ≤ ``maximum``
    AGE = "age"                         # ``minimum`` ≤ years from field (birth, identity) to other ≤ ``maximum``
    IDENTITY_BIRTH = "identity-birth"   # date of field = date of birth inside the identity number other
    IDENTITY_SEX = "identity-sex"       # 男/女 of field = sex inside the identity number other
    DERIVED = "derived"                 # field = ``value`` and 16 digits that follow from other (16 of their SM3)
    ROW_EQUAL = "row-equal"             # column ``value`` of each row of field = other
    ROW_NOT_AFTER = "row-not-after"     # date of column ``value`` of each row of field ≤ other
    LEVEL = "level"                     # level (省级, 市级, 县级) of the authority code field is of ``values``


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of the record, or one column of a table.

    ``private`` ones never reach a public view, a QR code or 元数据 (R-003-03). ``form`` says how a page shows
    the value where that is not the format's own way: ``masked`` (identity), ``identifier`` or ``sm3``
    (digest-of), ``date-plain`` (a date without leading zeros, as letters have it).
    """

    label: str
    format: Format
    required: bool = False
    private: bool = False
    max_length: int = 60                # characters
    constant: str | None = None
    values: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()           # ids of ``values`` in the issuing system
    pattern: str | None = None
    metadata: str | None = None         # short name, e.g. ZZBH
    form: str | None = None
    columns: tuple[Field, ...] = ()     # of a table
    min_rows: int = 1                   # of a table that has any
    max_rows: int = 200
    unique: bool = False                # of a column: no two rows have the same value
    attachment: str = ""                # of digest-of: key of the attachment that holds the earlier document
    of: tuple[str, ...] = ()            # of digest-of: codes of the kinds that it may be of; () for any
    same: tuple[tuple[str, str], ...] = ()      # of digest-of: own label, label there: both have one value

    @property
    def printed_as(self) -> str:
        """The form in which a page shows the value; see :func:`layouts.printed`."""
        return self.form or _PRINTED.get(self.format, "text")

    def column(self, label: str) -> Field:
        """The column of a table with this label.

        Raises:
            KeyError: the table has no such column.
        """
        for column in self.columns:
            if column.label == label:
                return column
        raise KeyError(label)


_PRINTED = {
    Format.DATE: "date-zh", Format.CHOICES: "join-slash", Format.PARAGRAPHS: "paragraphs", Format.TABLE: "table",
    Format.PHOTO: "picture",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A piece of a line: the value of ``field``, or the fixed ``text``."""

    field: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a face: a label (may be empty) and what stands behind it.

    ``style`` is ``line``, ``title``, ``subtitle`` or ``maker`` (the 监制 line). A line with ``when`` stands only
    where that holds; other lines stand with an empty value too (decision 4). ``heads``: of the one table that
    the line prints, the texts over its columns, repeated on each page that it reaches. ``on``: where the line stands
    in a face that repeats: on ``each`` page, on the ``first`` or the ``last``, or it belongs to what may ``run`` over
    several pages and is printed once.
    """

    label: str
    parts: tuple[Part, ...]
    style: str = "line"
    when: Condition | None = None
    heads: tuple[str, ...] = ()
    on: str = "each"

    @property
    def fields(self) -> tuple[str, ...]:
        """Labels of the fields that this line prints, in their order."""
        return tuple(part.field for part in self.parts if part.field is not None)


FOLIOS = ("{n}/{m}", "第{n}页 共{m}页", "第 {n} 页 共 {m} 页", "— {n} —", "－ {n} －")
"""The forms of a page number: of the pages of a face that repeats, ``n`` of ``m``."""

_STRADDLED = 8              # pages that one 骑缝章 may lie over


@dataclass(frozen=True, slots=True, kw_only=True)
class SealRule:
    """How the seal stands on the pages of a face.

    ``count`` whole seals a page, or with ``last_page_only`` on the last page of the face alone; with
    ``straddle`` the 骑缝章 besides: one slice of a seal on each page, when the face has more than one. With
    ``size_mm`` the seal's picture is scaled into a square of that size: a card is smaller than a seal of 42 mm.
    """

    count: int = 1
    last_page_only: bool = False
    straddle: bool = False
    size_mm: float | None = None        # side of the seal's place where that is not the picture's own size

    def on(self, number: int, pages: int) -> tuple[int, bool]:
        """Whole seals, and whether a slice, on page ``number`` (from 1) of ``pages`` of the face."""
        whole = self.count if number == pages or not self.last_page_only else 0
        return whole, self.straddle and pages > 1

    @staticmethod
    def slice_of(number: int, pages: int) -> tuple[int, int]:
        """Which slice (from 0) of how many page ``number`` (from 1) of ``pages`` bears.

        One seal lies over eight pages at most; pages that need several share them as evenly as they can.
        """
        groups = -(-pages // _STRADDLED)
        first = 0
        for group in range(groups):
            size = pages // groups + (group < pages % groups)
            if number <= first + size:
                return number - 1 - first, size
            first += size
        raise ValueError(f"page {number} of {pages}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """One page of the document with its lines in their exact order (R-000-15).

    ``summary``: the 许可范围 may stand as a summary with 详见附页 (decision 5).
    ``repeats``: over as many pages as its long text or table needs.
    ``qr``: each page carries the QR code.
    """

    role: str
    lines: tuple[Line, ...]
    summary: bool = False
    repeats: bool = False
    seals: SealRule = SealRule()
    qr: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """How an age limit rises with the month of birth (渐进式延迟法定退休年龄).

    Who is born in the month ``since`` (YYYY-MM) or later stays one month longer for every ``every`` months begun
    since then, ``most`` months at most.
    """

    since: str
    every: int
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A demand over several fields, with its source; ``zh`` and ``en`` add to the check's own words."""

    check: Check
    field: str
    source: str
    other: tuple[str, ...] = ()
    value: str = ""
    values: tuple[str, ...] = ()
    when: tuple[Condition, ...] = ()    # the rule binds where all of these hold
    years: int = 0
    minimum: int | None = None
    maximum: int | None = None
    delay: Delay | None = None          # of an age: by how much the maximum rises
    warning: bool = False
    zh: str = ""
    en: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeRule:
    """How the 许可范围 is built: per mode of ``modes`` a group of items.

    ``lists``: per mode the items that a deployment allows; a mode without a list takes any well-formed
    item, with a warning (decision 17).
    """

    field: str
    items: str                          # key of the record that may hold the groups
    modes: str
    max_groups: int
    max_items: int                      # in all groups together
    max_item_length: int
    lists: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """One 元数据 item: from a field, a constant, or the ``identifier``, ``type_code``, ``version``."""

    name: str
    field: str | None = None
    constant: str | None = None
    source: str | None = None
    form: str | None = None             # ``masked``: the one form in which an identity number may stand here


@dataclass(frozen=True, slots=True, kw_only=True)
class Serial:
    """SERIAL of the identifier: the value of ``field``, or these ``parts`` of the number joined.

    A part that is a sequence of one to n digits is filled up with zeros to n. Deterministic (decision 18).
    """

    field: str
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity:
    """How long a licence of the kind holds: ``years`` where the source says so; ``text`` for people."""

    text: str
    source: str
    years: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """When renewal may be applied for: ``months`` or ``days`` before the last day; ``text`` for people."""

    text: str
    source: str
    months: int | None = None
    days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """A named form of text: a regular expression over the whole value, and its description."""

    regex: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitNames:
    """What makes the full name of an authority (001 附件2 注3, R-001-04)."""

    abbreviations: Mapping[str, str]    # abbreviation → what it stands for
    endings: tuple[str, ...]
    bare: str                           # regular expression of names without a place


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Kind:
    """A licence kind. Two kinds are equal when they are the same object; loading is cached."""

    code: str
    version: str
    name: str
    name_en: str
    source: str
    legal_basis: tuple[str, ...]
    type_code: str                      # 21 characters, GB/T 36904
    type_code_provisional: bool
    serial: Serial
    number: NumberPattern
    fields: tuple[Field, ...]
    roles: Mapping[str, str]            # role (issuer_name, holder_code, …) → label
    rules: tuple[Rule, ...]
    scope: ScopeRule | None
    metadata: tuple[Metadata, ...]
    faces: tuple[Face, ...]
    patterns: Mapping[str, Pattern]
    unit_names: UnitNames
    validity: Validity | None = None
    renewal: Renewal | None = None
    statuses: tuple[str, ...] = ()      # that a licence of the kind may take

    def field(self, label: str) -> Field:
        """The field with this label.

        Raises:
            KeyError: the kind has no such field.
        """
        for field in self.fields:
            if field.label == label:
                return field
        raise KeyError(label)

    def face(self, role: str) -> Face:
        """The face with this role (正本, 副本, 附页, …).

        Raises:
            KeyError: the kind has no such face.
        """
        for face in self.faces:
            if face.role == role:
                return face
        raise KeyError(role)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of all fields in their order."""
        return tuple(field.label for field in self.fields)

    @property
    def has_qr(self) -> bool:
        """Whether documents of this kind carry a QR code."""
        return "qr" in self.roles

    @property
    def holder_is_person(self) -> bool:
        """Whether the holder's code is a person's identity number: it reaches neither QR code nor look-up."""
        label = self.roles.get("holder_code")
        return label is not None and self.field(label).format is Format.IDENTITY

    @property
    def earlier(self) -> Mapping[str, Field]:
        """The fields that refer to an earlier document, by the key of its attachment."""
        return {field.attachment: field for field in self.fields if field.format is Format.DIGEST_OF}

    @property
    def drawn(self) -> frozenset[str]:
        """The labels of the fields that some face prints."""
        return frozenset(label for face in self.faces for line in face.lines for label in line.fields)
