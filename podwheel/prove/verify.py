"""Install everything in a pristine container, then import each distribution by itself.

Two kinds of container, both of the target's `runtime` image, without a compiler or a network:

1. pip, mounted as a wheel, installs the whole set into one virtual environment with
   ``--no-index`` and runs ``pip check``.
2. Each distribution's modules are imported in an environment of that distribution and what it
   requires, nothing else: one hostile ``.pth`` file cannot speak for all, and a dependency
   that was forgotten is missed (but see `prove.undeclared`).
"""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

from attrs import evolve, frozen
from packaging.utils import canonicalize_name

from podwheel import log
from podwheel.build.environment import PREFIX, Environments, identity
from podwheel.errors import VerificationFailed
from podwheel.prove.undeclared import NOTHING, for_an_extra, undeclared
from podwheel.prove.verdict import Imported, Proof, Verdict
from podwheel.sandbox.job import Mount
from podwheel.sandbox.session import Ended, GuestGone
from podwheel.store import digest_of
from podwheel.text import plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from packaging.utils import NormalizedName

    from podwheel.build.workshop import Workshop
    from podwheel.model import Image, Wheel
    from podwheel.prove.undeclared import BuiltWith
    from podwheel.settings import PackageSettings

FORMAT: Final = 3
"""Raised when verification looks at more than before: kept verdicts are then asked for again."""

IMPORT_TIMEOUT: Final = 300
"""Seconds for one distribution's imports, and for its test command."""

_ASIDE: Final = frozenset(
    {"test", "tests", "testing", "doc", "docs", "example", "examples", "benchmark", "benchmarks"}
)
"""Top-level names that are put into wheels by mistake: tried, and only noted."""


@frozen(kw_only=True)
class Verifier:
    """Proves sets of wheels on the workshop's target."""

    workshop: Workshop
    pip: Wheel
    """A wheel of pip that runs on the target's Python."""
    slots: int
    image: Image
    """The pristine target, with the run-time packages that the wheels are said to need."""

    def verify(
        self,
        wheels: Sequence[Wheel],
        *,
        lost: Mapping[str, str],
        built_with: BuiltWith = NOTHING,
        anew: bool = False,
    ) -> Verdict:
        """Install and import *wheels*; a good verdict of the same set is used again.

        Args:
            lost: For a distribution that has lost its compiled part: upstream's wheel that has it.
            built_with: What is known of their build environments.
            anew: Do not use a kept verdict.

        Raises:
            VerificationFailed: The containers themselves failed; a bad wheel is in the verdict.
        """
        settings = {w.name: self.workshop.settings.of(w.name) for w in wheels}
        key = self._key(wheels, settings, lost)
        kept = None if anew else self.workshop.store.read("verdict", key)
        if kept is not None:
            log.get().info("verify.kept", target=self.workshop.target.name)
            return Verdict.from_json(kept)
        wheels = [self._in_store(w) for w in wheels]
        installed, consistent, said = self._install(wheels)
        found, beside = self._imported(wheels, settings, built_with)
        verdict = Verdict(
            installed=installed,
            consistent=consistent,
            said="" if installed and consistent else said,
            proofs=tuple(
                evolve(
                    self._proof(w, found[w.name], settings[w.name], installed, lost.get(w.name)),
                    beside=tuple(sorted(beside.get(w.name, ()))),
                )
                for w in sorted(wheels, key=lambda w: w.name)
            ),
        )
        if verdict.ok:
            self.workshop.store.write("verdict", key, verdict.to_json())
        return verdict

    def _key(
        self,
        wheels: Sequence[Wheel],
        settings: Mapping[NormalizedName, PackageSettings],
        lost: Mapping[str, str],
    ) -> str:
        asked = [[n, s.import_modules, s.test] for n, s in sorted(settings.items())]
        return digest_of(
            [
                FORMAT,
                identity(wheels),
                self.workshop.target.fingerprint,
                [self.image.reference, self.image.content],
                asked,
                sorted(lost.items()),
            ]
        )

    def _in_store(self, wheel: Wheel) -> Wheel:
        """*wheel* with its bytes in the store: a user's wheelhouse may be on another file system,
        where nothing can be linked, and its files may be unreadable to a subordinate id."""
        path = self.workshop.store.blob(wheel.sha256)
        if path is None:
            sha256, path = self.workshop.store.put_file(wheel.path)
            if sha256 != wheel.sha256:
                raise VerificationFailed(f"{wheel.path} changed while it was read")
        return evolve(wheel, path=path)

    # ------------------------------------------------------------ installing

    def _install(self, wheels: Sequence[Wheel]) -> tuple[bool, bool, str]:
        """Returns: installed, consistent, and what pip said."""
        shop = self.workshop
        title = "verify: install"
        with log.step(title) as told, shop.store.attempt("verify") as place:
            house = place / "wheelhouse"
            house.mkdir()
            for wheel in wheels:
                (house / wheel.filename).hardlink_to(wheel.path)
            frame = place / "frame"
            Environments(store=shop.store, python=shop.target.python).make((), into=frame)
            pip = f"/podwheel/in/pip/{self.pip.filename}"
            reply = self._ask(
                title,
                "install.py",
                (
                    Mount(source=house, target="/podwheel/in/wheelhouse"),
                    Mount(source=frame, target="/podwheel/in/frame"),
                    Mount(source=self.pip.path, target=pip),
                ),
                0,
                {
                    "op": "install",
                    "pip": pip,
                    "frame": "/podwheel/in/frame",
                    "wheelhouse": "/podwheel/in/wheelhouse",
                    "requirements": [f"{w.name}=={w.version}" for w in wheels],
                },
            )
            installed, consistent = (
                reply.get(word) is True for word in ("installed", "consistent")
            )
            if not installed or not consistent:
                told.fails(
                    "pip check found contradictions" if installed else "pip could not install"
                )
        return installed, consistent, plain_lines(str(reply.get("output", "")))

    def _imported(
        self,
        everything: Sequence[Wheel],
        settings: Mapping[NormalizedName, PackageSettings],
        built_with: BuiltWith,
    ) -> tuple[dict[str, dict[str, Any]], BuiltWith]:
        """What every import came to, and what each distribution had beside what it requires."""
        beside: dict[NormalizedName, frozenset[NormalizedName]] = {}
        found = self._import_all(everything, everything, settings, beside)
        while more := undeclared(everything, found, built_with, beside):
            beside |= more
            again = [w for w in everything if w.name in more]
            found |= self._import_all(again, everything, settings, beside)
        return found, beside

    def _import_all(
        self,
        wheels: Sequence[Wheel],
        everything: Sequence[Wheel],
        settings: Mapping[NormalizedName, PackageSettings],
        beside: BuiltWith,
    ) -> dict[str, dict[str, Any]]:
        closures = {w.name: self._closure(w, everything, beside) for w in wheels}
        tested = [[w] for w in wheels if settings[w.name].test]
        rest = [w for w in wheels if not settings[w.name].test]
        batches = [*tested, *(rest[n :: self.slots] for n in range(min(self.slots, len(rest))))]
        pool = ThreadPoolExecutor(max_workers=self.slots)
        try:
            results = pool.map(
                lambda numbered: self._import_batch(numbered[0], numbered[1], closures, settings),
                enumerate(batches),
            )
            return {name: found for batch in results for name, found in batch.items()}
        finally:
            # Not waiting: after Ctrl-C it is the run's closing that ends their containers.
            pool.shutdown(wait=False, cancel_futures=True)

    def _import_batch(
        self,
        slot: int,
        batch: Sequence[Wheel],
        closures: Mapping[NormalizedName, Sequence[Wheel]],
        settings: Mapping[NormalizedName, PackageSettings],
    ) -> dict[str, dict[str, Any]]:
        shop = self.workshop
        title = f"verify: import ({slot + 1})"
        environments = Environments(store=shop.store, python=shop.target.python)
        with log.step(title) as told, shop.store.attempt("verify") as place:
            mounts, asked = [], []
            for number, wheel in enumerate(batch):
                own = settings[wheel.name]
                # A test command may call installed scripts, whose first line names one place.
                root = PREFIX if own.test else f"/podwheel/envs/{number}"
                env = place / str(number)
                environments.make(closures[wheel.name], into=env)
                mounts.append(Mount(source=env, target=root))
                asked.append(
                    {
                        "name": wheel.name,
                        "root": root,
                        "modules": list(_modules(wheel, own)),
                        "extensions": [_module_of(e) for e in wheel.extensions if _module_of(e)],
                        "test": list(own.test) or None,
                        "timeout": IMPORT_TIMEOUT,
                    }
                )
            reply = self._ask(
                title, "imports.py", tuple(mounts), slot, {"op": "import", "environments": asked}
            )
            results = reply.get("results")
            said = [r for r in results if isinstance(r, dict)] if isinstance(results, list) else []
            found = {str(w.name): _of(w.name, said) for w in batch}
            bad = [
                w
                for w in batch
                if not self._proof(w, found[w.name], settings[w.name], True, None).ok
            ]
            if bad:
                told.fails(", ".join(f"{w.name} {w.version}" for w in bad))
        return found

    def _closure(self, wheel: Wheel, everything: Sequence[Wheel], beside: BuiltWith) -> list[Wheel]:
        """*wheel* and what it requires, among *everything*; an extra's requirements if they are there."""
        by_name = {w.name: w for w in everything}
        markers = self.workshop.target.python.marker_environment
        seen = {wheel.name: wheel, **{name: by_name[name] for name in beside.get(wheel.name, ())}}
        stack = list(seen.values())
        while stack:
            current = stack.pop()
            for requirement in current.metadata.requires:
                name = canonicalize_name(requirement.name)
                if name in seen or name not in by_name:
                    continue
                extras = ("", *current.metadata.extras)
                if requirement.marker is None or any(
                    requirement.marker.evaluate({**markers, "extra": e}) for e in extras
                ):
                    seen[name] = by_name[name]
                    stack.append(by_name[name])
        return list(seen.values())

    def _proof(
        self,
        wheel: Wheel,
        found: Mapping[str, Any],
        settings: PackageSettings,
        installed: bool,
        lost: str | None,
    ) -> Proof:
        imports = [
            _imported(found.get("modules"), module, counts=_counts(module, wheel, settings))
            for module in _modules(wheel, settings)
        ]
        if any(one.ok for one in imports) and settings.import_modules is None:
            imports = [
                evolve(one, counts=one.counts and not for_an_extra(one, wheel)) for one in imports
            ]
        imports += [
            _imported(found.get("extensions"), module, counts=False)
            for module in map(_module_of, wheel.extensions)
            if module
        ]
        test = found.get("test") if isinstance(found.get("test"), dict) else None
        return Proof(
            name=wheel.name,
            version=str(wheel.version),
            installed=installed,
            imports=tuple(imports),
            test=None if not settings.test else bool(test and test.get("ok") is True),
            test_said=plain_lines(str(test.get("output", ""))) if test else "",
            lost=lost,
        )

    # ------------------------------------------------------------ one container

    def _ask(
        self,
        title: str,
        program: str,
        mounts: tuple[Mount, ...],
        slot: int,
        request: dict[str, Any],
    ) -> dict[str, Any]:
        shop = self.workshop
        log_file = shop.log_file(title)
        job = shop.job(title, image=self.image, program=program, mounts=mounts, slot=slot)
        reply: dict[str, Any] = {}
        with shop.sandbox.session(job, log=log_file) as session, contextlib.suppress(GuestGone):
            reply = session.ask(request)  # why it is gone, the outcome says
        if session.outcome.ended is not Ended.OK:
            raise VerificationFailed(
                f"the container of “{title}” died ({session.outcome.reason or session.outcome.ended.value})",
                log=log_file,
                hint="podwheel doctor shows what is enforced here; --scratch-size gives it more room",
            )
        return reply


def plain_lines(text: str) -> str:
    """Container output made harmless, line by line; at most the last 40."""
    return "\n".join(plain(line) for line in text.splitlines()[-40:])


def _of(name: str, results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What a container said of one distribution; what it did not say is missing."""
    return next((r for r in results if r.get("name") == name), {})


def _modules(wheel: Wheel, settings: PackageSettings) -> tuple[str, ...]:
    return wheel.modules if settings.import_modules is None else settings.import_modules


def _counts(module: str, wheel: Wheel, settings: PackageSettings) -> bool:
    """Whether that module's import decides: what a user named, and what a package is imported by.

    A private module beside a public one decides only if it is compiled: packages keep a
    stand-in there for an optional part (``_name/__init__.py`` that raises without it).
    """
    if settings.import_modules is not None:
        return True
    if _is_aside(module):  # alone, it is what the wheel is for
        return all(map(_is_aside, wheel.modules))
    if not module.startswith("_") or module in map(_module_of, wheel.extensions):
        return True
    return all(m.startswith("_") or _is_aside(m) for m in wheel.modules)


def _is_aside(module: str) -> bool:
    """``tests``, and what is below it where that is a namespace: ``examples.storage``."""
    return module.partition(".")[0] in _ASIDE


def _module_of(extension: str) -> str | None:
    """``pkg/_speedups.cpython-313-x86_64-linux-gnu.so`` → ``pkg._speedups``; None: not importable."""
    parts = extension.split("/")
    if parts[0].endswith(".data"):
        parts = parts[2:]
    if not parts:
        return None
    parts[-1] = parts[-1].split(".")[0]
    is_library = (
        parts[-1].startswith("lib") and ".cpython" not in extension and ".abi3" not in extension
    )
    return None if is_library or not all(p.isidentifier() for p in parts) else ".".join(parts)


def _imported(found: Any, module: str, *, counts: bool) -> Imported:
    """One module's result out of the container's words; what is not there did not happen."""
    result = (
        next((r for r in found if isinstance(r, dict) and r.get("module") == module), None)
        if isinstance(found, list)
        else None
    )
    if result is None:
        return Imported(module=module, ok=False, said="it was not tried", counts=counts)
    return Imported(
        module=module,
        ok=result.get("ok") is True,
        said="" if result.get("ok") is True else plain_lines(str(result.get("said", ""))),
        counts=counts,
    )
