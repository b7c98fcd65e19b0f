"""A wheel that brings its libraries: what was put in, what its names claim, and why it cannot be made."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from attrs import asdict, frozen

from podwheel.archives.contents import open_wheel
from podwheel.build.records import known_wheel
from podwheel.build.telling import shown_lines
from podwheel.errors import NotPortable
from podwheel.text import plain

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from podwheel.model import Interpreter, Wheel
    from podwheel.store import Store

_POLICY: Final = re.compile(r"((?:many|musl)linux)_(\d+)_(\d+)(?=_)")
_GRAFTED: Final = re.compile(r"[^/]+\.libs/[^/]+")
_UNLOCATED: Final = re.compile(r'library "([^"\s]{1,200})" could not be located')
_HINTS: Final = {
    "too-recent versioned symbols": "its symbols are newer than every policy of this auditwheel's: "
    "an older --target, or a newer auditwheel",
    "ISA extensions": "it was compiled for newer CPUs than the policies promise: "
    "lower cpu, or -march in cflags, of podwheel.toml",
    "could not be located": "the library must be in the wheel, in a wheel that its run path leads to, "
    "or in its build image, where system-packages of podwheel.toml put it",
    "in purelib folder": "its build calls it pure Python, and puts compiled files into it",
    "black-listed symbols": "it uses what differs from one system to the next, which no policy allows",
}
"""What auditwheel says → what to do."""
_IDLE: Final = ("usage:", "INFO:", "Traceback", "  ")
"""How lines of auditwheel's begin that do not say why."""
_MOST_SHOWN: Final = 10
_ANYWAY: Final = (
    "without --portable, the wheelhouse names the packages that the server needs instead"
)


@frozen(kw_only=True)
class Bundled:
    """One library that was put into a wheel."""

    path: str
    """In the wheel: ``example.libs/libogg-2c4a3b51.so.0.8.5``."""
    original: str
    """The file name that it had in the build image: ``libogg.so.0.8.5``."""
    package: str | None
    """The distribution's package that has it there; None: no package has."""
    version: str | None
    """Of the package, as the distribution writes it."""
    licences: tuple[str, ...]
    """Paths in the wheel of the texts of its licence; sorted."""

    @property
    def note(self) -> str | None:
        """What whoever passes the wheel on must see to; None: nothing."""
        if self.licences:
            return None
        if self.package is None:
            return f"{self.original} was put in, and is of no package: its licence is yours to add"
        return f"{self.original} of {self.package} was put in without its licence, of which the build image has no text"


@frozen(kw_only=True)
class Ported:
    """A wheel that brings its libraries, or one that had none to bring."""

    wheel: Wheel
    policy: str | None = None
    """The oldest system that it claims to run on, ``manylinux_2_31``; None: it was left as it is."""
    libraries: tuple[Bundled, ...] = ()
    """Sorted by path."""
    step: str | None = None
    """The hash of what went in (hex); None: it was left as it is without a container."""
    log: str | None = None
    """sha256 of the container's log in the store."""
    reused: bool = True
    """No container was started for it in this run."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What the record should say."""
        return tuple(library.note for library in self.libraries if library.note)

    def to_json(self) -> dict[str, Any]:
        """What the store keeps of it under its step."""
        return {
            "wheel": self.wheel.sha256,
            "policy": self.policy,
            "libraries": [asdict(library) for library in self.libraries],
            "log": self.log,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any], *, step: str, store: Store) -> Ported | None:
        """The inverse of `to_json`; None: the store does not have the wheel any more."""
        wheel = known_wheel(store, document["wheel"])
        if wheel is None:
            return None
        libraries = tuple(
            Bundled(**{**one, "licences": tuple(one["licences"])}) for one in document["libraries"]
        )
        return cls(
            wheel=wheel,
            policy=document["policy"],
            libraries=libraries,
            step=step,
            log=document["log"],
        )


def policies_of(python: Interpreter) -> tuple[str, ...]:
    """The platforms with a policy (PEP 600, PEP 656) that the target can claim, oldest first."""
    found = dict.fromkeys(t.platform for t in python.tags if _POLICY.match(t.platform))
    return tuple(sorted(found, key=_age))


def policy_of_wheel(wheel: Wheel) -> str | None:
    """``manylinux_2_31``: of several that its tags name the oldest, since each of them is a claim."""
    named = [t.platform for t in wheel.tags if _POLICY.match(t.platform)]
    match = _POLICY.match(min(named, key=_age)) if named else None
    return None if match is None else match[0]


def _age(platform: str) -> tuple[str, int, int]:
    match = _POLICY.match(platform)
    assert match is not None, platform
    return match[1], int(match[2]), int(match[3])


def libraries_of(wheel: Wheel, *, before: Wheel, said: object) -> tuple[Bundled, ...]:
    """What was put in: the files tell that, the container only where each came from.

    Args:
        before: The wheel as it was built.
        said: The guest's list: the word of a container that has read hostile files.
    """
    told = {
        str(one.get("path")): one
        for one in (said if isinstance(said, list) else ())
        if isinstance(one, dict)
    }
    with open_wheel(wheel.path, filename=wheel.filename, linked=True) as contents:
        members = frozenset(contents.files)
    new = sorted(set(wheel.extensions) - set(before.extensions))
    return tuple(
        _bundled(path, told.get(path, {}), members) for path in new if _GRAFTED.fullmatch(path)
    )


def _bundled(path: str, said: Mapping[str, Any], members: Collection[str]) -> Bundled:
    def text(key: str) -> str | None:
        value = said.get(key)
        return plain(value) if isinstance(value, str) and value else None

    licences = said.get("licences")
    listed = {str(name) for name in licences} if isinstance(licences, list) else set()
    return Bundled(
        path=path,
        original=text("original") or path.rpartition("/")[2],
        package=text("package"),
        version=text("version"),
        licences=tuple(sorted(listed.intersection(members))),
    )


def refusal(wheel: Wheel, *, said: str, wanted_by: tuple[str, ...], log_file: Path) -> NotPortable:
    """What auditwheel said, as an error that says what to do about it."""
    unlocated = _UNLOCATED.search(said)
    why = f"{plain(unlocated[1])} is nowhere to be found" if unlocated else "auditwheel refuses it"
    return NotPortable(
        f"{wheel.filename} cannot be made portable: {why}",
        wanted_by=wanted_by,
        said="\n".join([x for x in shown_lines(said) if not x.startswith(_IDLE)][-_MOST_SHOWN:]),
        log=log_file,
        hint=[*(hint for words, hint in _HINTS.items() if words in said), _ANYWAY],
    )
