"""A stand-in for a device after GM/T 0018: a C library with the standard's functions, its keys in files."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asn1crypto import pem  # type: ignore[import-untyped]

from certs import sm2

_SOURCE = Path(__file__).parent / "c" / "sdf_standin.c"


@dataclass
class Device:
    """The device: its folder and its library."""

    folder: Path
    library: str
    pin_file: Path

    def put(self, index: int, key: sm2.PrivateKey, password: str = "") -> None:
        """Put a key into the device; with a password it must be shown before the key is used."""
        (self.folder / f"{index}.pem").write_bytes(pem.armor("PRIVATE KEY", key.pkcs8()))
        if password:
            (self.folder / f"{index}.password").write_text(password)

    def reference(self, index: int, *, with_pin: bool = True, **more: Any) -> dict[str, Any]:
        """A reference to a key."""
        pin = {"pin_file": str(self.pin_file)} if with_pin else {}
        return {"store": "sdf", "library": self.library, "key": index, **pin, **more}

    def write_pin(self, pin: str) -> None:
        """Write the PIN file."""
        self.pin_file.write_text(pin)
        self.pin_file.chmod(0o600)

    def answer(self, function: str, code: int) -> None:
        """Let a function answer with a code."""
        (self.folder / function).write_text(f"{code:x}")

    def heal(self) -> None:
        """Have no fault any more."""
        for path in self.folder.glob("SDF_*"):
            path.unlink()

    def count(self, name: str) -> int:
        """How often a function was called (``SDF_….calls``), or a wrong password shown (``<index>.wrong``)."""
        path = self.folder / name
        return path.stat().st_size if path.exists() else 0


@contextmanager
def sdf_device(folder: Path) -> Iterator[Device]:
    """Build the library, and have it keep its keys in ``folder``."""
    library = folder / "libsdf.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, _SOURCE, "-lcrypto"], check=True,
                   capture_output=True)
    keys = folder / "device"
    keys.mkdir()
    before = os.environ.get("ZHENGYIN_SDF_FOLDER")
    os.environ["ZHENGYIN_SDF_FOLDER"] = str(keys)
    try:
        yield Device(keys, str(library), folder / "sdf.pin")
    finally:
        os.environ.pop("ZHENGYIN_SDF_FOLDER")
        if before is not None:
            os.environ["ZHENGYIN_SDF_FOLDER"] = before
