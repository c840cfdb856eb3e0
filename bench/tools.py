"""The other contestants' programs: installed under the bench's home, or said to be missing."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from bench.bed import ROOT

__all__ = ["MissingError", "Tools"]

_PEERS = ROOT / "bench" / "peers.txt"
_PGLOADER_LIBRARIES = ("libsqlite3-0", "libssl3", "libzstd1")


class MissingError(Exception):
    """A program that can't be had on this machine; the text says why."""


@dataclass(frozen=True)
class Tools:
    """Programs under `home`; each is installed when it is first asked for."""

    home: Path

    def python(self) -> Path:
        """The Python of the peers' environment, as peers.txt pins it.

        Raises:
            MissingError: uv could not install it.
        """
        venv = self.home / "peers"
        python, stamp = venv / "bin" / "python", venv / ".installed"
        wanted = hashlib.sha256(_PEERS.read_bytes()).hexdigest()
        if not stamp.exists() or stamp.read_text() != wanted:
            uv = str(Path(sys.executable).parent / "uv")
            stamp.unlink(missing_ok=True)
            if not python.exists():
                _run(
                    "the peers' environment",
                    [uv, "venv", "--quiet", "--python", sys.executable, str(venv)],
                )
            sync = [uv, "pip", "sync", "--quiet", "--compile-bytecode", "--require-hashes"]
            _run("the peers' environment", [*sync, "--python", str(python), str(_PEERS)])
            stamp.write_text(wanted)
        return python

    def sling(self) -> Path:
        """sling's binary, out of its wheel.

        Raises:
            MissingError: there is no wheel for this platform.
        """
        self.python()
        found = sorted((self.home / "peers").glob("lib/*/site-packages/sling_*/bin/sling-*"))
        if not found:
            raise MissingError("no wheel for this platform")
        return found[0]

    def pgloader(self) -> list[str]:
        """The command that runs pgloader: the system's, or Debian's package unpacked here.

        Raises:
            MissingError: it is not installed, and there is no apt or no such package.
        """
        system = shutil.which("pgloader")
        if system:
            return [system]
        folder = self.home / "pgloader"
        binary = folder / "usr" / "bin" / "pgloader"
        if not binary.exists():
            _unpack("pgloader", folder)
        if not _starts([str(binary)]):
            for package in _PGLOADER_LIBRARIES:
                _unpack(package, folder)
        libraries = ":".join(str(path) for path in sorted((folder / "usr" / "lib").glob("*-*-*")))
        command = ["env", f"LD_LIBRARY_PATH={libraries}", str(binary)] if libraries else [
            str(binary)
        ]  # fmt: skip
        if not _starts(command):
            raise MissingError("Debian's package does not run here")
        return command


def _unpack(package: str, folder: Path) -> None:
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise MissingError("not installed, and no apt to get it with")
    folder.mkdir(parents=True, exist_ok=True)
    _run(package, ["apt-get", "download", "--quiet", package], cwd=folder)
    for file in folder.glob(f"{package}_*.deb"):
        _run(package, ["dpkg-deb", "--extract", str(file), str(folder)])
        file.unlink()


def _run(what: str, command: list[str], cwd: Path | None = None) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        lines = [line for line in done.stderr.strip().splitlines() if line.strip()]
        raise MissingError(
            f"{what} could not be installed: {lines[-1][:120] if lines else command[0]}"
        )


def _starts(command: list[str]) -> bool:
    try:
        done = subprocess.run([*command, "--version"], capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0
