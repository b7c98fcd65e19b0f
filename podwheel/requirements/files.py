"""Requirements and constraints files, with what they include.

Grammar and meaning are pip's (https://pip.pypa.io/en/stable/reference/requirements-file-format/).
Where pip drops something without a word, podwheel says so or refuses: a ``--hash`` that lost
its backslash, text behind options.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from packaging.pylock import is_valid_pylock_path

from podwheel import log
from podwheel.errors import UsageError
from podwheel.model import Origin, Wanted
from podwheel.requirements import urls
from podwheel.requirements.lines import Line, decode, load, logical
from podwheel.requirements.options import FORMATS, PER_REQUIREMENT, Parts, Selection, take_apart
from podwheel.requirements.problems import includers, mask, problem
from podwheel.requirements.specifier import Asked, parse

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from podwheel.model import Hash

MAX_DEPTH = 32
MAX_FILES = 1000  # includes may fan out: without a cap 32 levels of two would be 2**32 reads


class Reader:
    """Reads files one after another into two lists.

    Args:
        cwd: Where relative paths in requirements start, as in pip.
        environ: For ``${VARIABLES}``.
        selection: Gets the options of the files; None: they are ignored with a warning
            (build constraints constrain, and select nothing).
    """

    def __init__(
        self, *, cwd: Path, environ: Mapping[str, str], selection: Selection | None
    ) -> None:
        self._cwd = cwd
        self._environ = environ
        self._selection = selection
        self._files = 0
        self.requirements: list[Wanted] = []
        self.constraints: list[Wanted] = []

    def read(self, name: str, *, constraint: bool, parent: Origin | None = None) -> None:
        """Read the file *name* (relative to the working directory) and all that it includes.

        Raises:
            RequirementsFileError: A file, a line or an option that cannot be used.
        """
        origin = Origin(source=name, parent=parent)
        path = self._locate(name, origin, self._cwd)
        self._read(path, origin, constraint=constraint, open_files=())

    def _locate(self, name: str, origin: Origin, directory: Path) -> Path:
        scheme = urls.scheme_of(name)
        if scheme == "file":
            try:
                return urls.file_path(name, directory)
            except urls.BadUrl as error:
                raise problem(origin, error.why, text=name, hint=error.hint) from None
        if scheme is not None:
            shown = Origin(source=mask(name), parent=origin.parent)
            local = urls.filename_of(name) or "requirements.txt"
            raise problem(
                shown,
                "requirements files are read from the host, not from a network",
                hint=(f"curl -fsSLo {local} '{mask(name)}'", f"then: -r {local}"),
            )
        return urls.absolute(name, directory)

    def _read(
        self, path: Path, origin: Origin, *, constraint: bool, open_files: tuple[Path, ...]
    ) -> None:
        identity = path.resolve()
        if identity in open_files:
            chain = " ← ".join((origin.source, *includers(origin)))
            raise problem(origin, f"includes itself: {chain}", hint="remove one of these lines")
        self._files += 1
        if len(open_files) >= MAX_DEPTH or self._files > MAX_FILES:
            raise problem(origin, f"more than {MAX_DEPTH} levels or {MAX_FILES} files are included")
        if path.name == "pyproject.toml":
            hint = "--group NAME takes a dependency group of it; its directory, the project itself"
            raise problem(origin, "is a project, not a requirements file", hint=hint)
        if is_valid_pylock_path(path):
            why = "a lock cannot be included or constrain: it is complete by itself"
            raise problem(origin, why, hint=f"podwheel build -r {origin.source}")
        text = decode(load(path, origin), origin)
        for line in logical(text, origin, self._environ):
            at = Origin(source=origin.source, line=line.number, parent=origin.parent)
            inside = (*open_files, identity)
            try:
                self._line(line, at, path, constraint=constraint, open_files=inside)
            except UsageError as error:
                if not line.values:
                    raise
                # Reasons and hints quote parts of the expanded line: a token in a query, a ref.
                raise type(error)(
                    line.hide(error.what),
                    wanted_by=error.wanted_by,
                    hint=tuple(line.hide(hint) for hint in error.hint),
                ) from None

    def _line(
        self, line: Line, at: Origin, path: Path, *, constraint: bool, open_files: tuple[Path, ...]
    ) -> None:
        if line.unset:
            log.get().warning(
                "requirements.unset_variable", variables=list(line.unset), origin=str(at)
            )
        parts = take_apart(line.text, at, line.shown)
        for name, value in parts.options:
            if name == "editable":  # behind other options: "--pre -e ./pkg"
                alone = Parts(requirement=value, editable=True, options=())
                self._requirement(alone, line, at, constraint=constraint)
            elif name in ("requirement", "constraint"):
                self._include(
                    value, at, path, constraint=name == "constraint", open_files=open_files
                )
            elif name not in PER_REQUIREMENT:
                self._option(name, value, parts, at, path.parent)
            elif not parts.requirement:
                raise problem(
                    at,
                    f"--{name} has no requirement on its line",
                    text=line.shown,
                    hint=r"end the line above with a backslash: NAME==1.0 \ ",
                )
        if parts.requirement:
            self._requirement(parts, line, at, constraint=constraint)

    def _include(
        self, name: str, at: Origin, path: Path, *, constraint: bool, open_files: tuple[Path, ...]
    ) -> None:
        """``-r`` and ``-c`` in a file: relative to that file. A lone ``-r`` in constraints asks, as in pip."""
        shown = name
        if urls.scheme_of(name) is None:
            shown = posixpath.normpath(posixpath.join(posixpath.dirname(at.source), name))
        origin = Origin(source=shown, parent=at)
        located = self._locate(name, origin, path.parent)
        only_constraints = self._selection is None
        self._read(
            located, origin, constraint=constraint or only_constraints, open_files=open_files
        )

    def _option(self, name: str, value: str, parts: Parts, at: Origin, directory: Path) -> None:
        # On a requirement's line pip drops all options but these, which it applies to the run.
        if self._selection is None or (parts.requirement and name not in FORMATS):
            log.get().warning("requirements.option_ignored", option=f"--{name}", origin=str(at))
            return
        self._selection.apply(name, value, at, directory=directory)

    def _requirement(self, parts: Parts, line: Line, at: Origin, *, constraint: bool) -> None:
        wanted = parse(
            Asked(
                text=parts.requirement,
                shown=line.shown,
                origin=at,
                editable=parts.editable,
                constraint=constraint,
                hashes=_hashes(parts, line, at),
                config_settings=_config_settings(parts, line, at),
            ),
            self._cwd,
        )
        (self.constraints if constraint else self.requirements).append(wanted)


def _hashes(parts: Parts, line: Line, at: Origin) -> tuple[Hash, ...]:
    found = []
    for name, value in parts.options:
        if name == "hash":
            try:
                found.append(urls.parse_hash(value, accepted=urls.STRONG_HASHES))
            except urls.BadUrl as error:
                raise problem(at, error.why, text=line.shown, hint=error.hint) from None
    return tuple(found)


def _config_settings(parts: Parts, line: Line, at: Origin) -> tuple[tuple[str, str], ...]:
    found = []
    for name, value in parts.options:
        if name == "config-settings":
            key, separator, setting = value.partition("=")
            if not (key and separator):
                why = f"{value!r} is no setting for a build backend"
                raise problem(at, why, text=line.shown, hint="--config-settings KEY=VALUE")
            found.append((key, setting))
    return tuple(found)
