"""What a server must have beside the wheels: the distribution's run-time packages."""

from __future__ import annotations

from typing import Any, Literal

from attrs import asdict, evolve, frozen


@frozen(kw_only=True)
class RuntimePackage:
    """One package of the distribution that wheels need where they run."""

    name: str
    why: Literal["linked", "loaded", "configured", "declared"]
    """Their libraries name it (ELF ``NEEDED``), an import failed without it (``dlopen``, a program), podwheel.toml
    says it, or the project's own ``[external]`` table (PEP 725)."""
    minimum: str | None = None
    """The least version that has all that they use; None: the distribution does not say."""
    libraries: tuple[str, ...] = ()
    """Sonames; sorted."""
    needed_by: tuple[str, ...] = ()
    """Distributions; sorted."""
    present: bool
    """It is in the pristine target already."""


@frozen(kw_only=True)
class Unprovided:
    """A shared library that neither a wheel nor, as far as is known, a package has."""

    library: str
    needed_by: tuple[str, ...]
    """``lxml: lxml/etree.cpython-313-x86_64-linux-gnu.so``; sorted."""


@frozen(kw_only=True)
class Server:
    """All that a set of wheels needs of the system that it runs on."""

    packages: tuple[RuntimePackage, ...] = ()
    """Sorted by name."""
    unprovided: tuple[Unprovided, ...] = ()
    command: str = ""
    """How packages are installed there: ``apt-get install``; empty: not known."""

    @property
    def lacking(self) -> tuple[str, ...]:
        """The packages that the pristine target has not; sorted."""
        return tuple(p.name for p in self.packages if not p.present)

    @property
    def configured(self) -> tuple[str, ...]:
        """Those of them that podwheel.toml names."""
        return tuple(p.name for p in self.packages if p.why == "configured" and not p.present)

    @property
    def line(self) -> str:
        """What to paste on the server: ``apt-get install libpq5 libxml2``; empty: nothing is needed."""
        if not self.lacking:
            return ""
        return " ".join([self.command or "install", *self.lacking])

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Server:
        """The inverse of `to_json`."""
        return cls(
            packages=tuple(
                RuntimePackage(
                    **{
                        **p,
                        "libraries": tuple(p["libraries"]),
                        "needed_by": tuple(p["needed_by"]),
                    }
                )
                for p in document["packages"]
            ),
            unprovided=tuple(
                Unprovided(library=u["library"], needed_by=tuple(u["needed_by"]))
                for u in document["unprovided"]
            ),
            command=document["command"],
        )

    def with_packages(self, more: tuple[RuntimePackage, ...]) -> Server:
        """The same, and *more* of those that it has not yet; what several wheels need is there once."""
        known = {p.name for p in self.packages}
        new: dict[str, RuntimePackage] = {}
        for one in more:
            other = new.get(one.name, one)
            if one.name not in known:
                new[one.name] = evolve(
                    other,
                    libraries=tuple(sorted({*other.libraries, *one.libraries})),
                    needed_by=tuple(sorted({*other.needed_by, *one.needed_by})),
                )
        return evolve(
            self, packages=tuple(sorted((*self.packages, *new.values()), key=lambda p: p.name))
        )
