"""SoftHSM2 tokens for tests: real PKCS#11, and a module before it that has the faults SoftHSM2 never has."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from certs.pkcs11_module import module_at

MODULES = (
    "/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/softhsm/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so")
_SOURCE = Path(__file__).parent / "c" / "pkcs11_fault.c"
_LOOK = """
import sys, pkcs11
from pkcs11.constants import Attribute, ObjectClass
token, = [one for one in pkcs11.lib(sys.argv[1]).get_tokens() if one.label == sys.argv[2]]
if sys.argv[3] == "flags":
    print(int(token.flags))
elif sys.argv[3] == "login":
    token.open(user_pin=sys.stdin.read())
else:
    session = token.open(user_pin=sys.stdin.read())
    print(len(list(session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY}))))
"""


def find_module() -> str | None:
    """Return the path of SoftHSM2's module, None where it is not installed."""
    return next((path for path in MODULES if Path(path).is_file()), None) if shutil.which("softhsm2-util") else None


@dataclass
class SoftTokens:
    """Where the tokens of a run lie."""

    folder: Path
    module: str
    _made: int = 0

    def make(self, *, pin: str = "123456", module: str = "") -> SoftToken:
        """Make a token."""
        self._made += 1
        label = f"t{self._made}"
        before = set((self.folder / "tokens").iterdir())
        subprocess.run(
            ["softhsm2-util", "--init-token", "--free", "--label", label, "--so-pin", "87654321", "--pin", pin],
            check=True, capture_output=True)
        (place,) = set((self.folder / "tokens").iterdir()) - before
        forget(module or self.module)
        pin_file = self.folder / f"{label}.pin"
        pin_file.write_text(pin + "\n")
        pin_file.chmod(0o600)
        return SoftToken(label, pin, pin_file, module or self.module, self.module, place)


def forget(module: str) -> None:
    """Have the module look for tokens anew."""
    with module_at(module).lock:
        module_at(module).forget()


@dataclass
class SoftToken:
    """One token: how a reference names it, and how the world treats it."""

    label: str
    pin: str
    pin_file: Path
    module: str
    real_module: str
    place: Path

    def reference(self, **more: Any) -> dict[str, Any]:
        """A reference that names the token."""
        return {"store": "pkcs11", "module": self.module, "token": self.label, "pin_file": str(self.pin_file), **more}

    def write_pin(self, pin: str) -> None:
        """Change the PIN file."""
        self.pin_file.write_text(pin)

    def relabel(self, label: str) -> SoftToken:
        """Call it otherwise, as whoever has the token may; returns it as it is called then."""
        file = self.place / "token.object"
        before, after = (text.encode().ljust(32) for text in (self.label, label))
        content = file.read_bytes()
        assert content.count(before) == 1
        file.write_bytes(content.replace(before, after))
        forget(self.module)
        return replace(self, label=label)

    def pull(self) -> None:
        """Take the token away."""
        self.place.rename(self.place.parent.parent / self.place.name)

    def put_back(self) -> None:
        """Put it back."""
        (self.place.parent.parent / self.place.name).rename(self.place)

    def _look(self, what: str, pin: str = "") -> str:
        return subprocess.run([sys.executable, "-c", _LOOK, self.real_module, self.label, what], input=pin, check=True,
                              capture_output=True, text=True).stdout

    def flags(self) -> int:
        """The flags that another program sees."""
        return int(self._look("flags"))

    def log_in_elsewhere(self) -> None:
        """Let another program log in with the right PIN: the token forgets that a wrong one was tried."""
        self._look("login", self.pin)

    def keys(self) -> int:
        """The number of private keys that another program sees."""
        return int(self._look("keys", self.pin))


@dataclass
class Faults:
    """The module with faults."""

    folder: Path
    module: str

    def answer(self, function: str, value: int) -> None:
        """Let a function answer with a CKR value, or the token show more flags (``token-flags``)."""
        (self.folder / function).write_text(f"{value:x}")

    def heal(self) -> None:
        """Have no fault any more, and forget the calls."""
        for path in self.folder.iterdir():
            path.unlink()

    def calls(self, function: str) -> int:
        """How often it was called."""
        path = self.folder / f"{function}.calls"
        return path.stat().st_size if path.exists() else 0


@contextmanager
def soft_tokens(folder: Path, module: str) -> Iterator[SoftTokens]:
    """Have SoftHSM2 keep its tokens in ``folder`` while the block runs."""
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(
        f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n")
    with _environment(SOFTHSM2_CONF=str(folder / "softhsm2.conf")):
        forget(module)
        yield SoftTokens(folder, module)
        forget(module)


@contextmanager
def faulty_module(folder: Path, module: str) -> Iterator[Faults]:
    """Build the module with faults before ``module``."""
    path = folder / "faulty.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", path, _SOURCE, "-ldl"], check=True, capture_output=True)
    faults = Faults(folder / "faults", str(path))
    faults.folder.mkdir()
    with _environment(ZHENGYIN_FAULT_FOLDER=str(faults.folder), ZHENGYIN_FAULT_MODULE=module):
        yield faults
        forget(str(path))


@contextmanager
def _environment(**values: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
