"""What programs write into the catalog beside their signature or evidence: the levels and the version they need.

Source: ISO 32000-2 7.7.2 (catalog), 7.12 (extensions).
"""

from __future__ import annotations

from typing import Final

from verify.foreign.pdf_pair import Pair
from verify.foreign.pdf_store import same
from verify.pdf_objects import Name, Object, Ref

__all__ = ["is_later_version", "only_extended"]

_EXTENSION: Final = frozenset({"Type", "BaseVersion", "ExtensionLevel", "URL", "ExtensionRevision"})
_VERSIONS: Final = ("1.0", "1.1", "1.2", "1.3", "1.4", "1.5", "1.6", "1.7", "2.0")


def only_extended(pair: Pair, old: Object, new: Object) -> bool:
    """Whether extension levels were only added, each in the form that cannot act."""
    one, two = pair.before.deref(old), pair.after.deref(new)
    kept = one if isinstance(one, dict) else {}
    if not isinstance(two, dict) or any(not same(value, two.get(key)) for key, value in kept.items()):
        return False
    added = [value for key, value in two.items() if key not in kept and key != "Type"]
    levels = [level for value in added for level in (value if isinstance(value, list) else [value])]
    return all(isinstance(level, dict) and level.keys() <= _EXTENSION
               and level.get("Type", "DeveloperExtensions") == "DeveloperExtensions"
               and not any(isinstance(part, (Ref, list, dict)) for part in level.values()) for level in levels)


def is_later_version(old: Object, new: Object) -> bool:
    """Whether the catalog names a later version of the standard, as programs do that add a signature."""
    told = [str(each) for each in (old, new) if isinstance(each, Name)]
    known = all(each in _VERSIONS for each in told) and isinstance(new, Name)
    return known and (old is None or _VERSIONS.index(told[0]) < _VERSIONS.index(told[-1]))
