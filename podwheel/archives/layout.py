"""A checked wheel as an installation, without installing it anywhere.

A wheel is laid out once, read-only, and hard-linked into every build environment that has it
(6,400 files in 0.1 to 0.2 s; unpacking them takes seconds). So a file here never refers to one
environment: the prefix is the constant path at which every environment is mounted.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
from configparser import Error as ConfigParserError
from typing import TYPE_CHECKING, BinaryIO

import installer
from installer.destinations import WheelDestination
from installer.exceptions import InstallerError
from installer.records import Hash, RecordEntry
from installer.scripts import Script
from installer.sources import WheelSource

from podwheel.archives.assemble import assemble
from podwheel.archives.contents import Contents, open_wheel
from podwheel.archives.frame import reserved, virtual_environment, with_plain_lib
from podwheel.archives.records import encode_digest
from podwheel.archives.streams import CHUNK, stream_of
from podwheel.archives.zips import Limits
from podwheel.errors import WheelRejected

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from installer.scripts import ScriptSection
    from installer.sources import WheelContentElement
    from installer.utils import Scheme

    from podwheel.model import Interpreter

__all__ = ["assemble", "lay_out", "virtual_environment"]

# What a file is dated, so that an environment does not depend on when it was laid out. Later
# than 1980: builds pack copies of such files into ZIP archives.
_MOMENT = 946684800  # 2000-01-01


def lay_out(
    wheel_path: Path, *, filename: str, python: Interpreter, prefix: str, into: Path
) -> None:
    """Lay a wheel out as ``pip install`` would into a virtual environment, without bytecode.

    Args:
        wheel_path: A wheel that `read_wheel` accepted.
        filename: Its name.
        python: Of the target; its paths are relative to the environment's root.
        prefix: Where the environment will be, ``/podwheel/env``; scripts begin with
            ``#!{prefix}/bin/python``.
        into: A directory that is empty or not there. Files become 0444 or 0555.

    Raises:
        WheelRejected: It cannot be installed: broken entry points, a file that would replace
            the environment's own (``bin/python``, ``pyvenv.cfg``), a file where another of
            its files needs a directory.
    """
    into.mkdir(parents=True, exist_ok=True)
    # linked: a podwheel that verifies at the same time links the store's wheels into its wheelhouse.
    with open_wheel(wheel_path, filename=filename, linked=True) as contents:
        try:
            installer.install(
                _Source(contents),
                _Destination(into, python, prefix=prefix, name=contents.filename.name),
                {"INSTALLER": b"podwheel\n"},
            )
        except (AssertionError, ConfigParserError, InstallerError, ValueError) as error:
            # installer asserts what an entry point looks like
            raise WheelRejected(
                f"{filename} cannot be installed: {str(error) or 'an entry point is malformed'}"
            ) from error
        except (FileExistsError, IsADirectoryError, NotADirectoryError) as error:
            raise WheelRejected(
                f"{filename} cannot be installed: one of its files is where another needs a directory"
            ) from error


class _Source(WheelSource):
    """`installer`'s view of a wheel, through our own checking reader."""

    def __init__(self, contents: Contents) -> None:
        name, _, version = contents.dist_info.removesuffix(".dist-info").rpartition("-")
        super().__init__(name, version)
        self._contents = contents

    @property
    def data_dir(self) -> str:
        # The two directories may spell the name differently.
        return self._contents.data or super().data_dir

    @property
    def dist_info_filenames(self) -> list[str]:
        prefix = f"{self.dist_info_dir}/"
        return [n.removeprefix(prefix) for n in self._contents.files if n.startswith(prefix)]

    def read_dist_info(self, filename: str) -> str:
        return self._contents.text(filename, limit=Limits().text) or ""

    def get_contents(self) -> Iterator[WheelContentElement]:
        ours = {f"{self.dist_info_dir}/{name}" for name in ("INSTALLER", "REQUESTED")}
        for name, member in self._contents.files.items():
            if name in ours or "__pycache__" in name.split("/"):
                continue
            with stream_of(self._contents.archive.chunks(member)) as stream:
                yield (name, "", ""), stream, bool(member.mode & 0o111)


class _Destination(WheelDestination):
    """Files below a directory, each written once, read-only and dated the same."""

    def __init__(self, root: Path, python: Interpreter, *, prefix: str, name: str) -> None:
        self._root = root
        self._python = f"{prefix}/bin/python"
        self._places = {
            "purelib": python.purelib,
            "platlib": with_plain_lib(python.platlib),
            "scripts": "bin",
            "headers": f"{python.include}/{name}",
            "data": "",
        }
        self._written: dict[str, RecordEntry] = {}
        self._reserved = reserved(python)

    def write_script(
        self, name: str, module: str, attr: str, section: ScriptSection
    ) -> RecordEntry:
        if "/" in name or "\0" in name or name in (".", ".."):
            raise ValueError(f"the entry point {name!r} is no file name")
        filename, data = Script(name, module, attr, section).generate(self._python, "posix")
        return self._write("scripts", filename, [data], executable=True)

    def write_file(
        self, scheme: Scheme, path: str | os.PathLike[str], stream: BinaryIO, is_executable: bool
    ) -> RecordEntry:
        chunks: Iterable[bytes] = iter(lambda: stream.read(CHUNK), b"")
        if scheme == "scripts":
            chunks = self._with_shebang(chunks)
        return self._write(
            scheme, os.fspath(path), chunks, executable=is_executable or scheme == "scripts"
        )

    def finalize_installation(
        self,
        scheme: Scheme,
        record_file_path: str,
        records: Iterable[tuple[Scheme, RecordEntry]],
    ) -> None:
        """Write RECORD, its paths relative to the directory that dist-info is in."""
        base = self._places[scheme]
        rows = {}
        for each, entry in records:
            path = os.path.relpath(f"/{self._places[each]}/{entry.path}", f"/{base}")
            rows[path] = entry.to_row()[1:]
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows(
            (path, *rest) for path, rest in sorted(rows.items())
        )
        self._write(scheme, record_file_path, [text.getvalue().encode()], executable=False)

    def _with_shebang(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """``#!python`` (and ``#!pythonw``) made the environment's Python (PEP 427)."""
        rest = iter(chunks)
        first = next(rest, b"")
        if first.startswith(b"#!python"):
            line, newline, body = first.partition(b"\n")
            arguments = line.split(b" ", 1)[1:]
            first = b" ".join((f"#!{self._python}".encode(), *arguments)) + newline + body
        yield first
        yield from rest

    def _write(
        self, scheme: str, path: str, chunks: Iterable[bytes], *, executable: bool
    ) -> RecordEntry:
        relative = with_plain_lib(os.path.normpath(f"{self._places[scheme]}/{path}".lstrip("/")))
        if relative in self._reserved or relative.startswith(".."):
            raise ValueError(f"it would replace {relative} of the environment")
        if relative in self._written:
            # A script beside an entry point of the same name: as with pip, the entry point's.
            return self._written[relative]
        place = self._root / relative
        place.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        size = 0
        with place.open("xb") as out:
            for chunk in chunks:
                digest.update(chunk)
                out.write(chunk)
                size += len(chunk)
            out.flush()
            os.fchmod(out.fileno(), 0o555 if executable else 0o444)
            os.utime(out.fileno(), (_MOMENT, _MOMENT))
        entry = RecordEntry(path, Hash("sha256", encode_digest(digest.digest())), size)
        self._written[relative] = entry
        return entry
