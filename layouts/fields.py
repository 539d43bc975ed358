"""The fields of a kind: what a record of it holds, and one field's value."""

from __future__ import annotations

import enum
from dataclasses import dataclass


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
