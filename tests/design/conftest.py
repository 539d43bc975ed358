"""The designer's tools are tried where only the installed kinds are known."""

from tests.support.installed_kinds import installed_kinds

__all__ = ["installed_kinds"]
