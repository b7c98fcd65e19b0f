"""Toolchains made by hand, and a distribution's index of files made of lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from needed_helpers import shared_object

from podwheel.syslibs.files import FileIndex

if TYPE_CHECKING:
    from pathlib import Path

TRIPLE = "x86_64-unknown-linux-gnu"


def program(*, machine: int = 62, glibc: str = "2.17") -> bytes:
    return shared_object(
        machine=machine, undefined=[("open", f"GLIBC_{glibc}", "libc.so.6"), ("x", None, None)]
    )


def toolchain(
    path: Path,
    release: str = "1.95.0",
    *,
    triple: str = TRIPLE,
    machine: int = 62,
    glibc: str = "2.17",
    date: str = "2026-04-16",
    manifest: bool = True,
) -> Path:
    """A directory as rustup leaves it; *glibc* is what its largest library needs."""
    own = path / "lib/rustlib" / triple / "lib"
    for directory in (path / "bin", own):
        directory.mkdir(parents=True)
    for name in ("rustc", "cargo"):
        (path / "bin" / name).write_bytes(program(machine=machine))
        (path / "bin" / name).chmod(0o755)
    (path / "lib/librustc_driver-0.so").write_bytes(program(machine=machine, glibc=glibc))
    (path / "lib/libLLVM-22-rust.so").write_text("INPUT(libLLVM.so.22.1-rust)\n")
    (own / "libstd-0.so").write_bytes(program(machine=machine, glibc="2.16"))
    if manifest:
        rustlib = path / "lib/rustlib"
        (rustlib / f"manifest-rustc-{triple}").write_text("file:bin/rustc\n")
        (rustlib / "multirust-channel-manifest.toml").write_text(
            f'date = "{date}"\n[pkg.cargo]\nversion = "0.1.0 (x)"\n'
            f'[pkg.rustc]\nversion = "{release} (59807616e {date})"\n'
        )
    return path


def index(directory: Path, *, files: str, packages: str, family: str = "debian") -> FileIndex:
    """An index of lines: ``/path package,package`` and ``name version source dependencies``."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "about").write_text(
        f"family={family}\ninstall=x install\nverified=yes\ntriplet=x86_64-linux-gnu\n"
    )
    entries = [line.split() for line in files.splitlines() if line.strip()]
    lines = sorted(f"{path.rpartition('/')[2]}\t{path}\t{have}\n" for path, have in entries)
    (directory / "files").write_text("".join(lines))
    known = [line.split(maxsplit=3) for line in packages.splitlines() if line.strip()]
    lines = sorted(
        f"{name}\t{version}\tamd64\tdevel\t{source}\t1\t{''.join(depends)}\t\n"
        for name, version, source, *depends in known
    )
    (directory / "packages").write_text("".join(lines))
    return FileIndex.open(directory)
