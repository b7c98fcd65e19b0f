"""From a set of wheels to what their server needs: `server.Server`."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final, Literal

from attrs import evolve, frozen

from podwheel import log
from podwheel.prove.server import RuntimePackage, Server, Unprovided
from podwheel.prove.undeclared import absent_module
from podwheel.store import digest_of
from podwheel.syslibs import needed
from podwheel.syslibs.external import known_packages
from podwheel.syslibs.loading import dlopened
from podwheel.syslibs.runtime import declared_package, loaded_package, packages_for
from podwheel.syslibs.symbols import Symbols, version_key
from podwheel.targets.installed import installed, shlibs_of, symbols_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from packaging.utils import NormalizedName

    from podwheel.build.supplies import Supplies
    from podwheel.build.workshop import Workshop
    from podwheel.model import Image, Wheel
    from podwheel.prove.verdict import Proof, Verdict
    from podwheel.syslibs.needed import Need, Object

_SERVER: Final = "server"
"""The kind of those that say what a set of wheels names in its libraries."""
_LOADS: Final = "loaded"
"""The kind of the store's documents that say what a wheel was found to load when it is imported."""


@frozen(kw_only=True)
class Needs:
    """Finds what wheels need of the workshop's target."""

    workshop: Workshop
    supplies: Supplies
    """Opens the distribution's index of files, where it is wanted."""

    def server(self, wheels: Sequence[Wheel], images: Iterable[Image] = ()) -> Server:
        """What a server needs for *wheels*: what their libraries name, what imports were found to
        load, what podwheel.toml and the projects themselves say.

        Args:
            images: Those in which they were built.
        """
        server = self._named(wheels, tuple(dict.fromkeys(images)))
        for one in server.unprovided:
            log.get().warning("server.unprovided", library=one.library, needed_by=one.needed_by[0])
        more = (*self._configured(wheels), *self._declared(wheels), *self._loads(wheels))
        return self._commanded(server.with_packages(more))

    def loaded(self, verdict: Verdict, wheels: Sequence[Wheel], server: Server) -> Server | None:
        """The server with what failed imports wanted to load, or may have called; None: nothing new is known.

        A library that one of *wheels* brings was not found for another reason than its absence: the
        system's would only hide it. What helps is kept for these wheels by `keep`.
        """
        if not verdict.installed or not self.workshop.system.looking:
            return None
        own = {
            name
            for wheel in wheels
            for one in self.objects(wheel)
            for name in (one.soname, one.path.rpartition("/")[2])
        }
        found: list[RuntimePackage] = []
        for proof in verdict.proofs:
            if not proof.imported:
                wanted = [p for p in self._wanted_by(proof) if not own & {*p.libraries}]
                found += wanted or self._called_by(proof)
        more = server.with_packages(tuple(found))
        return None if more.lacking == server.lacking else self._commanded(more)

    def keep(self, wheels: Sequence[Wheel], server: Server) -> None:
        """Remember what the wheels load when they are imported: the next verification starts with it."""
        for wheel in wheels:
            loads = [
                [p.name, p.libraries]
                for p in server.packages
                if p.why == "loaded" and wheel.name in p.needed_by
            ]
            if loads:
                self.workshop.store.write(_LOADS, self._key(wheel), {"packages": loads})

    def versions(self, server: Server) -> dict[str, str]:
        """The versions in which the images have what a server needs, as far as they are known."""
        runtime = installed(self.workshop.target.runtime, store=self.workshop.store)
        known = {p.name: p.version for p in runtime}
        files = self.supplies.files if server.lacking else None
        if files is not None:
            found = map(files.package, server.lacking)
            known |= {p.name: p.version for p in found if p is not None}
        return known

    def family(self, server: Server) -> str:
        """Of the images' distribution: ``debian``, ``rpm``; empty where nothing is needed, or it is not known."""
        files = self.supplies.files if server.packages else None
        return "" if files is None else files.family

    # ------------------------------------------------------------ what is named by the libraries

    def _named(self, wheels: Sequence[Wheel], images: tuple[Image, ...]) -> Server:
        """What the wheels' libraries name; kept for this set of wheels and images."""
        store, target = self.workshop.store, self.workshop.target
        key = digest_of(
            [
                needed.FORMAT,
                target.fingerprint,
                sorted(w.sha256 for w in wheels),
                sorted(i.content for i in images),
            ]
        )
        document = store.read(_SERVER, key)
        if document is not None:
            return Server.from_json(document)
        needs = needed.needed_by(wheels, machine=target.python.machine, objects=self.objects)
        present, rest = self._present(needs)
        linked, unprovided = self._linked(rest, images)
        packages = tuple(sorted((*present, *linked), key=lambda p: p.name))
        files = self.supplies.files if rest else None
        server = Server(
            packages=packages,
            unprovided=unprovided,
            command="" if files is None else files.install_command,
        )
        if files is not None or not rest:  # without an index nothing final can be said
            store.write(_SERVER, key, server.to_json())
        return server

    def objects(self, wheel: Wheel) -> Sequence[Object]:
        """The ELF files of a wheel; read once, and kept."""
        store = self.workshop.store
        document = store.read("needed", wheel.sha256)
        known = None if document is None else needed.from_json(document)
        if known is None:
            known = needed.objects_of(wheel)
            store.write("needed", wheel.sha256, needed.to_json(known))
        return known

    def _present(
        self, needs: Sequence[Need]
    ) -> tuple[tuple[RuntimePackage, ...], tuple[Need, ...]]:
        """What packages of the pristine target bring, by their own word; and the needs that are left."""
        if not needs:
            return (), ()
        runtime = self.workshop.target.runtime
        symbols, there = self._symbols([runtime]), self._installed(runtime)
        found: dict[str, list[tuple[Need, str | None]]] = {}
        rest = []
        for need in needs:
            minimum = symbols.minimum(need.soname, need.symbols)
            if minimum is not None and minimum.package in there:
                found.setdefault(minimum.package, []).append((need, minimum.version))
            else:
                rest.append(need)
        return tuple(_package(n, of, present=True) for n, of in found.items()), tuple(rest)

    def _linked(
        self, needs: Sequence[Need], images: Sequence[Image]
    ) -> tuple[tuple[RuntimePackage, ...], tuple[Unprovided, ...]]:
        """What the rest of the needs is mapped to by the index of files, and what nobody has."""
        files = self.supplies.files if needs else None
        if files is None:
            return (), tuple(_unprovided(need) for need in needs)
        there = self._installed(self.workshop.target.runtime)
        linked = frozenset[str]().union(*(self._installed(image) for image in images))
        provided = packages_for(needs, files=files, linked=linked, symbols=self._symbols(images))
        by_soname = {need.soname: need for need in needs}
        found: dict[str, list[tuple[Need, str | None]]] = {}
        nobody = []
        for one in provided:
            if one.package is None:
                nobody.append(_unprovided(by_soname[one.soname]))
            else:
                found.setdefault(one.package, []).append((by_soname[one.soname], one.minimum))
        return tuple(_package(n, of, present=n in there) for n, of in found.items()), tuple(nobody)

    def _symbols(self, images: Sequence[Image]) -> Symbols:
        store = self.workshop.store
        return Symbols.read(
            "".join(symbols_of(image, store=store) for image in images),
            "".join(shlibs_of(image, store=store) for image in images),
        )

    def _installed(self, image: Image) -> frozenset[str]:
        return frozenset(p.name for p in installed(image, store=self.workshop.store))

    # ------------------------------------------------------------ what nothing but running shows

    def _configured(self, wheels: Sequence[Wheel]) -> tuple[RuntimePackage, ...]:
        settings = self.workshop.settings
        return self._packages(
            "configured",
            [(w, name, ()) for w in wheels for name in settings.of(w.name).runtime_packages],
        )

    def _declared(self, wheels: Sequence[Wheel]) -> tuple[RuntimePackage, ...]:
        """The ``dependencies`` of projects' ``[external]`` tables (PEP 725), as far as they can be mapped."""
        found: list[tuple[Wheel, str, Sequence[str]]] = []
        for wheel in wheels:
            external = self.supplies.externals.get(wheel.name)
            if external is None or not (external.run or external.run_packages):
                continue
            files = self.supplies.files
            if files is None:
                continue
            named = (declared_package(lack, files) for lack in external.run)
            names = filter(None, (*known_packages(external.run_packages, files), *named))
            found += [(wheel, name, ()) for name in names]
        return self._packages("declared", found)

    def _loads(self, wheels: Sequence[Wheel]) -> tuple[RuntimePackage, ...]:
        known = [
            (wheel, name, libraries)
            for wheel in wheels
            for name, libraries in self._known_loads(wheel)
        ]
        return self._packages("loaded", known)

    def _known_loads(self, wheel: Wheel) -> Iterable[tuple[str, Sequence[str]]]:
        """From an earlier run, or as it was written down: packages, and the libraries of each."""
        shop = self.workshop
        document = shop.store.read(_LOADS, self._key(wheel)) if shop.system.looking else None
        written = (dict(one.loads).get(wheel.name, ()) for one in shop.written_down)
        return document["packages"] if document else chain.from_iterable(written)

    def _packages(
        self,
        why: Literal["loaded", "configured", "declared"],
        found: Sequence[tuple[Wheel, str, Sequence[str]]],
    ) -> tuple[RuntimePackage, ...]:
        there = self._installed(self.workshop.target.runtime) if found else frozenset()
        return tuple(
            RuntimePackage(
                name=name,
                why=why,
                libraries=tuple(libraries),
                needed_by=(wheel.name,),
                present=name in there,
            )
            for wheel, name, libraries in found
        )

    def _wanted_by(self, proof: Proof) -> list[RuntimePackage]:
        """The packages of what a failed import says that it could not load."""
        text = "\n".join(i.said for i in proof.imports if not i.ok)
        lacks = dlopened(text)
        files = self.supplies.files if lacks else None
        if files is None:
            return []
        there = self._installed(self.workshop.target.runtime)
        found = []
        for lack in lacks:
            provided = loaded_package(lack, files)
            if provided is not None and provided.package is not None:
                found.append(
                    RuntimePackage(
                        name=provided.package,
                        why="loaded",
                        libraries=(provided.soname,),
                        needed_by=(proof.name,),
                        present=provided.package in there,
                    )
                )
        return found

    def _called_by(self, proof: Proof) -> list[RuntimePackage]:
        """The programs that its build called: one whose import fails without naming a library may call
        them, too. Not one that says which module of Python's it lacks."""
        if all(i.ok or absent_module(i.said) for i in proof.imports if i.counts):
            return []
        files = self.supplies.files
        there = self._installed(self.workshop.target.runtime)
        return [
            RuntimePackage(
                name=supply.name,
                why="loaded",
                needed_by=(proof.name,),
                present=supply.name in there,
            )
            for project in self.supplies.supplied
            if files is not None and project.name == proof.name
            for supply in project.supplies
            if supply.found and not files.is_development(supply.name)
        ]

    def _commanded(self, server: Server) -> Server:
        if not server.lacking or server.command:
            return server
        files = self.supplies.files
        return server if files is None else evolve(server, command=files.install_command)

    def _key(self, wheel: Wheel) -> str:
        return digest_of([self.workshop.definition.name, wheel.sha256])


def _package(
    name: str, needs: Sequence[tuple[Need, str | None]], *, present: bool
) -> RuntimePackage:
    """One package that brings what several needs ask for; the greatest of their least versions holds."""
    versions = [minimum for _, minimum in needs if minimum is not None]
    users: set[NormalizedName] = {user.wheel for need, _ in needs for user in need.by}
    return RuntimePackage(
        name=name,
        why="linked",
        minimum=max(versions, key=version_key, default=None),
        libraries=tuple(sorted(need.soname for need, _ in needs)),
        needed_by=tuple(sorted(users)),
        present=present,
    )


def _unprovided(need: Need) -> Unprovided:
    return Unprovided(library=need.soname, needed_by=tuple(map(str, need.by)))
