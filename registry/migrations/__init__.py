"""How the registry's tables came to be, step by step (Alembic); run on opening, under the registry's lock."""

from typing import Final

__all__ = ["HEAD", "KNOWN"]

KNOWN: Final = ("0001", "0002", "0003")
"""Every revision, oldest first."""
HEAD: Final = KNOWN[-1]
"""The revision that this program works with."""
