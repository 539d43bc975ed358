"""Licence kinds as data, a folder each, and the small loader.

A kind says everything that distinguishes one licence from another: fields, number pattern, rules, faces,
page templates, artwork, samples. Nothing else in the engine knows a kind by name.
"""

from layouts.configuration import configure
from layouts.folders import add_folder, forget, kind_folder, kinds, on_change, resource
from layouts.kind import (
    FOLIOS,
    Check,
    Face,
    Field,
    Format,
    Kind,
    KindError,
    KindErrorCode,
    Line,
    Part,
    Rule,
    SealRule,
    Table,
    Value,
)
from layouts.loading import build_kind, load_kind
from layouts.printing import (
    cell_tag,
    cells,
    earlier_parts,
    face_lines,
    heads,
    holds,
    line_text,
    part_text,
    printed,
    stands,
    table_of,
)
from layouts.scope import Groups, ScopeError, ScopeErrorCode, parse_scope, scope_summary, scope_text

__all__ = [
    "FOLIOS", "Check", "Face", "Field", "Format", "Groups", "Kind", "KindError", "KindErrorCode", "Line", "Part",
    "Rule", "ScopeError", "ScopeErrorCode", "SealRule", "Table", "Value", "add_folder", "build_kind", "cell_tag",
    "cells", "configure", "earlier_parts", "face_lines", "forget", "heads", "holds", "kind_folder", "kinds",
    "line_text", "load_kind", "on_change", "parse_scope", "part_text", "printed", "resource", "scope_summary",
    "scope_text", "stands", "table_of",
]
