"""Licence kinds as data, a folder each, and the small loader.

A kind says everything that distinguishes one licence from another: fields, number pattern, rules, faces,
page templates, artwork, samples. Nothing else in the engine knows a kind by name.
"""

from layouts.configuration import configure
from layouts.kind import Check, Face, Field, Format, Kind, KindError, KindErrorCode, Line, Part, Rule, Value
from layouts.loading import build_kind, kinds, load_kind, resource
from layouts.printing import face_lines, line_text, part_text, printed
from layouts.scope import Groups, ScopeError, ScopeErrorCode, parse_scope, scope_summary, scope_text

__all__ = [
    "Check", "Face", "Field", "Format", "Groups", "Kind", "KindError", "KindErrorCode", "Line", "Part",
    "Rule", "ScopeError", "ScopeErrorCode", "Value", "build_kind", "configure", "face_lines", "kinds",
    "line_text", "load_kind", "parse_scope", "part_text", "printed", "resource", "scope_summary",
    "scope_text",
]
