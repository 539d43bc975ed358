"""The other side of a signer: a home that issues with the keys of a signer has references in their places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from certs.files import reported, write_atomic
from certs.key_reference import reference_bytes
from certs.remote_key import read_address
from certs.seal_folder import ROLES, seal_folders
from signer.room import SERVICES

__all__ = ["write_references"]


def write_references(home: Path, where: Mapping[str, Any]) -> tuple[list[Path], list[Path]]:
    """Write a reference beside the certificate of every seal's key, and of the services that a signer signs for.

    Args:
        where: members of the references that say where the signer is; ``key`` is added.

    Returns:
        The references, and the key files that are still there: while they are, the home refuses both.

    Raises:
        RemoteError: ``signer.bad-reference``.
        FileError: a file cannot be written.
    """
    read_address(where, home)
    written, keys = [], []
    with reported(home):
        for folder, role, name in _places(home):
            if not (folder / f"{role}.cer").is_file():
                continue
            path = folder / f"{role}.key.json"
            write_atomic(path, reference_bytes({**where, "key": name}))
            written.append(path)
            if (own := folder / f"{role}.key").exists():
                keys.append(own)
    return written, keys


def _places(home: Path) -> Iterator[tuple[Path, str, str]]:
    """Yield folder, role and name of every key that may be there."""
    authorities = home / "authorities"
    for authority in sorted(authorities.iterdir()) if authorities.is_dir() else ():
        for folder in seal_folders(authority):
            for role in ROLES:
                yield folder, role, f"{authority.name}/{folder.name}/{role}"
    for role in SERVICES:
        yield home / role, role, role
