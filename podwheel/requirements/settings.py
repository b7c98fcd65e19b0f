"""podwheel.toml, or ``[tool.podwheel]`` of a pyproject.toml → `settings.Settings`.

docs/configuration.md is the reference. Everything is checked here: an unknown key, a wrong
type, two spellings of one package, a patch that is not there. A setting that is quietly not
applied costs its writer a long build.
"""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import InvalidVersion, Version

from podwheel import strangers
from podwheel.errors import RequirementsFileError, SettingsError, UsageError
from podwheel.model import ArchiveUrl, Origin, Wanted
from podwheel.requirements.fetches import read_fetch
from podwheel.requirements.lines import decode, load
from podwheel.requirements.problems import mask
from podwheel.requirements.specifier import Asked, parse
from podwheel.requirements.tables import Table, kind, quoted
from podwheel.requirements.urls import absolute, filename_of
from podwheel.settings import LimitSettings, PackageSettings, Seed, Settings

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from podwheel.model import Direct

FILE = "podwheel.toml"
_PROJECT = "pyproject.toml"

_TOP = (
    "target", "cpu", "cflags", "ldflags", "environment", "limits", "toolchain", "cargo", "seed", "package",
    "shared-store", "ccache", "debug-info",
)  # fmt: skip
_PACKAGE = (
    "environment", "config-settings", "build-requires", "build-constraints", "system-packages",
    "runtime-packages", "patches", "import-modules", "test", "source", "cargo-lock", "fetch",
    "debug-info",
)  # fmt: skip
_LIMITS = (
    "step-timeout", "silence-timeout", "memory", "processes", "scratch-size", "output-size", "log-size",
)  # fmt: skip
_SEED = ("name", "version", "sha256")

CRATES_IO = "crates-io"
"""What cargo itself calls its default registry."""

_REGISTRY = re.compile(r"(sparse\+|registry\+)?(https?|file)://.")
_CPU = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
# Of any distribution's package manager; never something that it would take for an option.
SYSTEM_PACKAGE = re.compile(r"[A-Za-z0-9@][A-Za-z0-9@_.:=~^/()+-]*")
_PROJECT_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")


def load_settings(path: Path | None, *, cwd: Path) -> Settings:
    """Find and read the settings.

    Args:
        path: ``--config``; None: ``podwheel.toml`` of *cwd*, else its ``pyproject.toml`` if
            that has a ``[tool.podwheel]`` table, else there are none.
        cwd: Where to look, and where a relative *path* starts (absolute).

    Raises:
        SettingsError: The file is missing, is no TOML, or says something that cannot be used;
            or both files of *cwd* have settings, of which one would go unheard.
    """
    if path is not None:
        found = absolute(str(path), cwd)
        table = _table(found)
        if table is None:
            raise SettingsError(f"{path} has no [tool.podwheel] table")
        return _settings(Table(file=found, values=table))
    own, project = cwd / FILE, cwd / _PROJECT
    table = _table(project) if project.is_file() else None
    if own.is_file():
        if table is not None:
            raise SettingsError(
                f"both {FILE} and [tool.podwheel] of {_PROJECT} have settings",
                hint=("move them into one of the two", f"or choose: --config {FILE}"),
            )
        return _settings(Table(file=own, values=_table(own) or {}))
    return Settings() if table is None else _settings(Table(file=project, values=table))


def _table(path: Path) -> Mapping[str, Any] | None:
    """The settings in *path*; None for a pyproject.toml without our table."""
    origin = Origin(source=str(path))
    try:
        document = strangers.toml(decode(load(path, origin), origin))
    except RequirementsFileError as error:
        raise SettingsError(error.what, hint=error.hint) from None
    except ValueError as error:
        raise SettingsError(f"{path} is not TOML: {error}") from None
    if path.name != _PROJECT:
        return document
    tool = document.get("tool", {})
    ours = tool.get("podwheel") if isinstance(tool, dict) else None
    if ours is not None and not isinstance(ours, dict):
        raise SettingsError(f"{path}: tool.podwheel is {kind(ours)}, not a table")
    return ours


def source_constraints(settings: Settings) -> tuple[Wanted, ...]:
    """Each ``source`` as the constraint ``NAME @ URL`` that it is: it pulls nothing in."""
    file = FILE if settings.path is None else settings.path.name
    return tuple(
        Wanted(
            origin=Origin(source=f"{file}: package.{quoted(name)}.source"),
            text=name,
            requirement=Requirement(name),
            direct=package.source,
        )
        for name, package in settings.packages
        if package.source is not None
    )


def misspelt(
    settings: Settings, met: Collection[NormalizedName]
) -> tuple[tuple[NormalizedName, NormalizedName], ...]:
    """Tables of packages that a run did not meet, each with the name that was probably meant.

    One file serves many runs, so that a table which this run had no use for is no mistake by
    itself; one that is spelt almost like a package without a table is.

    Args:
        met: The names of everything that was built, downloaded or asked for its metadata.
    """
    tables = [name for name, _ in settings.packages]
    without = sorted(set(met).difference(tables))
    found = []
    for name in tables:
        near = [] if name in met else difflib.get_close_matches(name, without, n=1, cutoff=0.8)
        found += [(name, canonicalize_name(one)) for one in near]
    return tuple(found)


# ------------------------------------------------------------------ for all packages


def _settings(top: Table) -> Settings:
    top.check_keys(_TOP)
    cpu = top.string("cpu")
    if cpu is not None and not _CPU.fullmatch(cpu):
        hint = 'the value alone, as in cpu = "x86-64-v2"'
        raise top.wrong("cpu", f"{cpu!r} is no value of -march", hint)
    return Settings(
        path=top.file,
        targets=_targets(top),
        cpu=cpu,
        cflags=top.words("cflags"),
        ldflags=top.words("ldflags"),
        environment=top.variables("environment"),
        limits=_limits(top.table("limits")),
        rust=_rust(top.table("toolchain")),
        cargo_mirrors=_mirrors(top.table("cargo")),
        seeds=_seeds(top),
        shared_store=_shared_store(top),
        ccache=top.boolean("ccache"),
        debug_info=top.boolean("debug-info"),
        packages=_packages(top),
    )


def _targets(top: Table) -> tuple[str, ...]:
    """One target, or a list of them."""
    if isinstance(top.values.get("target"), list):
        return top.strings("target")
    one = top.string("target")
    return () if one is None else (one,)


def _limits(table: Table) -> LimitSettings:
    table.check_keys(_LIMITS)
    processes = table.amount("processes")
    return LimitSettings(
        wall=table.amount("step-timeout"),
        silence=table.amount("silence-timeout"),
        memory=table.size("memory"),
        processes=None if processes is None else int(processes),
        scratch=table.size("scratch-size"),
        output=table.size("output-size"),
        log=table.size("log-size"),
    )


def _rust(table: Table) -> str | None:
    """A path, absolute, or rustup's name of a toolchain."""
    table.check_keys(("rust",))
    text = table.string("rust")
    if text is None or not ("/" in text or text in (".", "~")):
        return text
    try:
        place = Path(text).expanduser()
    except RuntimeError as error:  # ~somebody, who is not known here
        raise table.wrong("rust", f"{text!r}: {error}") from None
    return str(absolute(str(place), table.file.parent))


def _shared_store(top: Table) -> str | None:
    """A URL, or a directory, absolute."""
    text = top.string("shared-store")
    if text is None or "://" in text:
        return text
    return str(absolute(str(Path(text).expanduser()), top.file.parent))


def _mirrors(cargo: Table) -> tuple[tuple[str, str], ...]:
    cargo.check_keys(("mirrors",))
    mirrors = cargo.table("mirrors")
    for registry, mirror in mirrors.values.items():
        key = quoted(registry)
        if registry != CRATES_IO and not _REGISTRY.match(registry):
            hint = f'{CRATES_IO} = "…", or a registry\'s URL as Cargo.lock has it'
            raise mirrors.wrong(key, "names no registry", hint)
        if not isinstance(mirror, str) or not _REGISTRY.match(mirror):
            raise mirrors.wrong(key, "is no registry's URL", f'{key} = "sparse+https://…"')
    return tuple(sorted(mirrors.values.items()))


def _seeds(top: Table) -> tuple[Seed, ...]:
    found: dict[NormalizedName, Seed] = {}
    for table in top.tables("seed"):
        table.check_keys(_SEED)
        name = table.needed("name")
        if not _PROJECT_NAME.fullmatch(name):
            raise table.wrong("name", f"{name!r} is no package's name")
        try:
            version = Version(table.needed("version"))
        except InvalidVersion as error:
            raise table.wrong("version", str(error)) from None
        seed = Seed(name=canonicalize_name(name), version=version, sha256=table.sha256())
        if seed.name in found:
            raise table.wrong("name", f"{seed.name} is a seed already")
        found[seed.name] = seed
    return tuple(found.values())


# ------------------------------------------------------------------ for one package


def _packages(top: Table) -> tuple[tuple[NormalizedName, PackageSettings], ...]:
    found: dict[NormalizedName, PackageSettings] = {}
    spellings: dict[NormalizedName, str] = {}
    packages = top.table("package")
    for spelling, value in packages.values.items():
        key = quoted(spelling)
        if not _PROJECT_NAME.fullmatch(spelling):
            raise packages.wrong(key, f"{spelling!r} is no package's name")
        name = canonicalize_name(spelling)
        if name in found:
            same = f"the same package as package.{quoted(spellings[name])}"
            raise packages.wrong(key, same, f"one table: [package.{name}]")
        if not isinstance(value, dict):
            raise packages.wrong(key, f"is {kind(value)}, not a table", f"[package.{name}]")
        table = Table(file=top.file, prefix=f"package.{key}.", values=value)
        found[name] = _package(table, name)
        spellings[name] = spelling
    return tuple(sorted(found.items()))


def _package(table: Table, name: NormalizedName) -> PackageSettings:
    table.check_keys(_PACKAGE)
    cargo_lock = table.string("cargo-lock")
    return PackageSettings(
        environment=table.variables("environment"),
        config_settings=_config_settings(table),
        build_requires=_requirements(table, "build-requires"),
        build_constraints=_requirements(table, "build-constraints", constraints=True),
        system_packages=_system_packages(table, "system-packages"),
        runtime_packages=_system_packages(table, "runtime-packages"),
        patches=tuple(table.file_at("patches", one) for one in table.strings("patches")),
        import_modules=_modules(table),
        debug_info=table.boolean("debug-info") if "debug-info" in table.values else None,
        test=table.words("test"),
        source=_source(table, name),
        cargo_lock=None if cargo_lock is None else table.file_at("cargo-lock", cargo_lock),
        fetches=tuple(read_fetch(one) for one in table.tables("fetch")),
    )


def _source(table: Table, name: NormalizedName) -> Direct | None:
    """``git+https://…@ref``, a source archive's URL or path, or a directory."""
    text = table.string("source")
    if text is None:
        return None
    shown = mask(text)
    asked = Asked(text=text, shown=shown, origin=Origin(source=str(table.file)))
    try:
        wanted = parse(asked, table.file.parent)
    except UsageError as error:
        why = error.what.removeprefix(f"{table.file}: ")
        raise table.wrong("source", why, *error.hint[:1]) from None
    direct = wanted.direct
    if direct is None:
        hint = 'source = "git+https://…@v1.2"'
        raise table.wrong("source", f"{shown!r} is no URL and no path", hint)
    requirement = wanted.requirement
    if wanted.name is not None and wanted.name != name:
        raise table.wrong("source", f"{shown!r} is {wanted.name}, not {name}")
    if (
        wanted.extras
        or wanted.marker
        or (requirement and (requirement.extras or requirement.marker))
    ):
        hint = "extras and markers stand where the package is asked for"
        raise table.wrong("source", f"{shown!r} is more than a source", hint)
    if isinstance(direct, ArchiveUrl) and filename_of(direct.url).endswith(".whl"):
        hint = f"a line {name} @ URL of a requirements or constraints file takes a wheel"
        raise table.wrong("source", f"{shown!r} is a wheel, not a source", hint)
    return direct


def _modules(table: Table) -> tuple[str, ...] | None:
    if "import-modules" not in table.values:
        return None
    modules = table.strings("import-modules")
    for module in modules:
        if not all(part.isidentifier() for part in module.split(".")):
            raise table.wrong("import-modules", f"{module!r} is no module's name")
    return modules


def _system_packages(table: Table, key: str) -> tuple[str, ...]:
    packages = table.strings(key)
    for package in packages:
        if not SYSTEM_PACKAGE.fullmatch(package):
            raise table.wrong(key, f"{package!r} is no package's name")
    return packages


def _config_settings(table: Table) -> tuple[tuple[str, str | tuple[str, ...]], ...]:
    found: list[tuple[str, str | tuple[str, ...]]] = []
    settings = table.table("config-settings")
    for name, value in sorted(settings.values.items()):
        if isinstance(value, str):
            found.append((name, value))
        elif isinstance(value, list) and all(isinstance(one, str) for one in value):
            found.append((name, tuple(value)))
        else:
            why = f"is {kind(value)}, not a string or a list of strings"
            raise settings.wrong(quoted(name), why, f'{quoted(name)} = "…"')
    return tuple(found)


def _requirements(table: Table, key: str, *, constraints: bool = False) -> tuple[str, ...]:
    texts = table.strings(key)
    for text in texts:
        try:
            requirement = Requirement(text)
        except InvalidRequirement as error:
            reason = str(error).partition("\n")[0]
            raise table.wrong(key, f"{text!r}: {reason}") from None
        if constraints and requirement.extras:
            raise table.wrong(key, f"{text!r}: a constraint cannot have extras")
    return texts
