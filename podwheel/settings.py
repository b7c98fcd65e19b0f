"""What podwheel.toml says, as values (docs/configuration.md); read and checked in requirements/settings.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen
from packaging.utils import NormalizedName, canonicalize_name

if TYPE_CHECKING:
    from pathlib import Path

    from packaging.version import Version

    from podwheel.model import Direct, VcsUrl


@frozen(kw_only=True)
class Fetch:
    """``[[package.NAME.fetch]]``: bytes that a build would fetch by itself, declared by their hash."""

    url: str
    """Without ``git+`` and commit, where `git` is set."""
    sha256: str | None = None
    """Of the file; None for git, whose commit is a hash already."""
    git: VcsUrl | None = None
    """A repository at a commit (its `ref`, 40 hex digits)."""
    file: str | None = None
    """Put there, relative to the root of the source."""
    directory: str | None = None
    """Unpacked there, relative to the root of the source, without the archive's own top directory."""
    variable: str | None = None
    """An environment variable that gets the path of the file, or of the directory with `unpack`."""
    unpack: bool = False
    fetchcontent: str | None = None
    """CMake's name of it: its directory is given as ``FETCHCONTENT_SOURCE_DIR_<NAME>``."""


@frozen(kw_only=True)
class Seed:
    """``[[seed]]``: an upstream wheel that may break a circle where everything is built from source."""

    name: NormalizedName
    version: Version
    sha256: str


@frozen(kw_only=True)
class PackageSettings:
    """``[package.NAME]`` of podwheel.toml: what one package needs."""

    environment: tuple[tuple[str, str], ...] = ()
    config_settings: tuple[tuple[str, str | tuple[str, ...]], ...] = ()
    build_requires: tuple[str, ...] = ()
    """Requirements beside those that the package declares."""
    build_constraints: tuple[str, ...] = ()
    system_packages: tuple[str, ...] = ()
    """Packages of the target's distribution that its build image needs."""
    runtime_packages: tuple[str, ...] = ()
    """Packages of the distribution that it needs where it runs, beside those that its libraries name."""
    patches: tuple[Path, ...] = ()
    """Unified diffs (``-p1``), applied in order."""
    import_modules: tuple[str, ...] | None = None
    """What verification imports; None: the wheel's own top-level modules."""
    debug_info: bool | None = None
    """None: as `Settings.debug_info`."""
    test: tuple[str, ...] = ()
    """A command that verification runs in the pristine container, without a network."""
    source: Direct | None = None
    """Where it comes from instead of an index: ``git+https://…@v1.2``, an archive, a directory."""
    cargo_lock: Path | None = None
    """A Cargo.lock for a source that has none."""
    fetches: tuple[Fetch, ...] = ()


@frozen(kw_only=True)
class LimitSettings:
    """``[limits]`` of podwheel.toml, or the options of those names; None: not said."""

    wall: float | None = None
    """Seconds."""
    silence: float | None = None
    memory: int | None = None
    """Bytes, as all the following but `processes`."""
    processes: int | None = None
    scratch: int | None = None
    output: int | None = None
    log: int | None = None


@frozen(kw_only=True)
class Settings:
    """The whole of podwheel.toml (or ``[tool.podwheel]``)."""

    path: Path | None = None
    targets: tuple[str, ...] = ()
    """Names or files, as `--target` takes them; empty: it names none."""
    packages: tuple[tuple[NormalizedName, PackageSettings], ...] = ()
    cflags: tuple[str, ...] = ()
    """Appended to CFLAGS and CXXFLAGS of every build."""
    ldflags: tuple[str, ...] = ()
    cpu: str | None = None
    """CPU baseline, ``-march=…``, for every build."""
    environment: tuple[tuple[str, str], ...] = ()
    rust: str | None = None
    """``[toolchain] rust``: a directory of the host with a Rust toolchain, or rustup's name of one."""
    cargo_mirrors: tuple[tuple[str, str], ...] = ()
    """``[cargo.mirrors]``: a registry's URL, or ``crates-io``, and where its crates are fetched instead."""
    seeds: tuple[Seed, ...] = ()
    shared_store: str | None = None
    """A URL, or an absolute directory."""
    ccache: bool = False
    debug_info: bool = False
    """Extensions of setuptools are compiled with the ``-g`` of the target's Python."""
    limits: LimitSettings = LimitSettings()

    def of(self, name: str) -> PackageSettings:
        """The settings of one package; empty ones where the file says nothing."""
        wanted = canonicalize_name(name)
        return next((s for n, s in self.packages if n == wanted), PackageSettings())
