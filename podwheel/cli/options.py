"""Options that several commands share, and how they become `run.Options`."""

from __future__ import annotations

import contextlib
import functools
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from attrs import evolve

from podwheel import log
from podwheel.asked import Options
from podwheel.cli.terminal import JsonDisplay, TerminalDisplay
from podwheel.model import Freshness
from podwheel.requirements import Arguments
from podwheel.requirements.tables import size_of
from podwheel.settings import LimitSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from podwheel.run import Session

F = TypeVar("F", bound="Callable[..., Any]")

_ORDERED = "podwheel.formats"


class RequirementsCommand(click.Command):
    """Remembers ``--no-binary`` and ``--only-binary`` in their order: the later one wins (as in pip)."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        values, _, order = self.make_parser(ctx).parse_args(args=list(args))
        left = {n: iter(values.get(n) or ()) for n in ("no_binary", "only_binary")}
        ctx.meta[_ORDERED] = tuple(
            (parameter.name.replace("_", "-"), next(left[parameter.name]))
            for parameter in order
            if parameter.name in left
        )
        return super().parse_args(ctx, args)


class Size(click.ParamType[int]):
    """``8G``, ``512M`` → bytes."""

    name = "size"

    def __init__(self, *, zero: bool = False) -> None:
        self._least = 0 if zero else 1

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        try:
            return size_of(str(value), least=self._least)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def _default_store() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "podwheel"


_REQUIREMENTS = [
    click.argument("requirements", nargs=-1, metavar="[REQUIREMENT]..."),
    click.option("-r", "--requirement", "requirement_files", multiple=True, metavar="FILE", help="Requirements file or pylock.toml."),
    click.option("-e", "--editable", "editables", multiple=True, metavar="PATH", help="Built as source; wheels are never editable."),
    click.option("-c", "--constraint", "constraint_files", multiple=True, metavar="FILE", help="Constrain versions of the runtime tree."),
    click.option("--build-constraint", "build_constraint_files", multiple=True, metavar="FILE", help="Constrain versions of build requirements."),
    click.option("--group", "groups", multiple=True, metavar="[PATH:]GROUP", help="Dependency group of a pyproject.toml."),
    click.option("--no-deps", is_flag=True, help="Only what is named, not what it requires."),
    click.option("--pre", is_flag=True, help="Allow pre-releases."),
    click.option("--require-hashes", is_flag=True, help="Every requirement must have a --hash."),
    click.option("--exclude-newer", metavar="DATE", help="Ignore files uploaded at or after DATE, e.g. 2026-01-31 or P7D."),
]  # fmt: skip
_FORMATS = [
    click.option("--prefer-binary", is_flag=True, help="Upstream's wheel wherever one fits; build only the rest."),
    click.option("--no-binary", multiple=True, metavar="NAMES", help="Build these from source (:all:, :none:)."),
    click.option("--only-binary", multiple=True, metavar="NAMES", help="Take upstream's wheel of these (:all:, :none:)."),
]  # fmt: skip
_INDEXES = [
    click.option("-i", "--index-url", metavar="URL", help="Package index (default: pip's)."),
    click.option("--extra-index-url", "extra_index_urls", multiple=True, metavar="URL", help="Asked for names that the first has not."),
    click.option("--no-index", is_flag=True, help="Only --find-links, no index."),
    click.option("-f", "--find-links", multiple=True, metavar="PATH_OR_URL", help="Directory or page of files."),
    click.option("--trusted-host", "trusted_hosts", multiple=True, metavar="HOST", help="Allow plain HTTP, or an unknown certificate."),
    click.option("--proxy", metavar="URL", help="Proxy of index and downloads (default: HTTPS_PROXY …)."),
    click.option("--cert", metavar="FILE", help="CA bundle (default: the system's)."),
    click.option("--client-cert", metavar="FILE", help="Client certificate and key, one PEM file."),
    click.option("--timeout", type=float, metavar="SECONDS", help="Network time-out (default: 15, or pip's)."),
    click.option("--retries", type=int, metavar="N", help="Network retries (default: 5, or pip's)."),
    click.option("--keyring-provider", metavar="NAME", help="auto, disabled, import or subprocess (default: auto)."),
    click.option("--refresh", is_flag=True, help="Ask again, however fresh the answers (default: after 10 min)."),
    click.option("--offline", is_flag=True, help="Open no socket; see `podwheel fetch`."),
]  # fmt: skip
_TARGET = [
    click.option("--target", "-t", "targets", multiple=True, metavar="NAME_OR_FILE", envvar="PODWHEEL_TARGET", help="Target system, or a captured server; may be given several times (default: podwheel.toml's, else debian-13)."),
    click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="Settings (default: podwheel.toml or pyproject.toml here)."),
    click.option("--store", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", envvar="PODWHEEL_STORE", help="Downloads, finished wheels, logs (default: ~/.cache/podwheel)."),
]  # fmt: skip
_BUILDING = [
    click.option("-j", "--jobs", type=click.IntRange(1, 256), metavar="N", help="Jobs at once, in all containers (default: the cores)."),
    click.option("--step-timeout", type=click.FloatRange(min=1), metavar="SECONDS", help="Most that one step may take (default: 14400, 4 hours)."),
    click.option("--silence-timeout", type=click.FloatRange(min=1), metavar="SECONDS", help="Most that a step may be silent (default: 1800)."),
    click.option("--scratch-size", type=Size(), metavar="SIZE", help="Room of one step (default: 8G, at most half of the memory)."),
    click.option("--memory", type=Size(), metavar="SIZE", help="Most memory of one step (default: half of this machine's; all but a reserve with -j 1)."),
    click.option("--processes", type=click.IntRange(min=16), metavar="N", help="Most processes and threads of one step (default: 4096)."),
    click.option("--output-size", type=Size(), metavar="SIZE", help="Most that a step may hand out (default: 4G)."),
    click.option("--log-size", type=Size(), metavar="SIZE", help="Most that is kept of a step's output (default: 256M)."),
]  # fmt: skip
_ISOLATION = [
    click.option("--require-isolation", is_flag=True, help="Refuse where the kernel does not hold every limit and wall (docs/isolation.md)."),
]  # fmt: skip
_SYSTEM = [
    click.option("--no-system-packages", is_flag=True, help="Do not find what the system lacks; only podwheel.toml's system-packages."),
    click.option("--system-packages-from", metavar="FILE", help="Only the system packages of FILE: a wheelhouse's pylock.toml, or like podwheel.toml."),
]  # fmt: skip
_SHARED = [
    click.option("--shared-store", metavar="DIR_OR_URL", envvar="PODWHEEL_SHARED_STORE", help="Take what others built, who are trusted for it (docs/cache.md)."),
]  # fmt: skip
_BUILD_DEPS = [
    click.option("--build-deps", type=click.Choice(["wheel", "source"]), default="wheel", show_default=True, help="Build requirements: upstream's wheels, or built from source too."),
]  # fmt: skip
_COMPILING = [
    click.option("--ccache/--no-ccache", default=None, help="A compiler cache for each package, off by default (docs/speed.md)."),
    click.option("--debug-info/--no-debug-info", default=None, help="Keep debug information in what setuptools compiles, off by default (docs/speed.md)."),
]  # fmt: skip
_MENDING = [
    click.option("--rust", metavar="PATH_OR_NAME", help="Rust toolchain of this host (default: the best there is)."),
    click.option("--no-remedies", is_flag=True, help="Do not try an old package again with what is known to help (docs/remedies.md)."),
]  # fmt: skip
_PORTABLE = [
    click.option("--portable", is_flag=True, help="Put the shared libraries into the wheels, with their licences (auditwheel)."),
]  # fmt: skip
_BUILD_TAG = [
    click.option("--build-tag", metavar="TAG", help="Build tag of our wheels, e.g. 1podwheel (default: none)."),
]  # fmt: skip
_OUTPUT = [
    click.option("-v", "--verbose", is_flag=True, help="Stream the builds' output."),
    click.option("-q", "--quiet", is_flag=True, help="Only warnings and errors."),
    click.option("--log-format", type=click.Choice(["text", "json"]), default="text", help="What stderr gets (default: text)."),
]  # fmt: skip

_ARGUMENTS = [
    "requirements",
    "requirement_files",
    "editables",
    "constraint_files",
    "build_constraint_files",
    "groups",
    "no_deps",
    "pre",
    "require_hashes",
    "exclude_newer",
    "prefer_binary",
    "index_url",
    "extra_index_urls",
    "no_index",
    "find_links",
    "trusted_hosts",
    "proxy",
    "cert",
    "client_cert",
    "timeout",
    "retries",
    "keyring_provider",
]


def requirement_options(function: F) -> F:
    """Requirements, formats, indexes, target and output."""
    return _with(function, [*_REQUIREMENTS, *_FORMATS, *_INDEXES, *_TARGET, *_OUTPUT])


def building_options(function: F) -> F:
    """How steps are run."""
    return _with(function, _BUILDING)


def isolation_option(function: F) -> F:
    """Whether a host that does not hold everything will do."""
    return _with(function, _ISOLATION)


def system_options(function: F) -> F:
    """What a build may be given beside what it asks for."""
    return _with(function, [*_SYSTEM, *_MENDING])


def compiling_options(function: F) -> F:
    """Whether packages have compiler caches, and debug information."""
    return _with(function, _COMPILING)


def build_deps_option(function: F) -> F:
    """Whether build requirements are built as well, and where finished builds may come from."""
    return _with(function, [*_BUILD_DEPS, *_SHARED])


def portable_option(function: F) -> F:
    """Whether wheels bring their libraries."""
    return _with(function, _PORTABLE)


def build_tag_option(function: F) -> F:
    """How our wheels' names differ from upstream's."""
    return _with(function, _BUILD_TAG)


def target_options(function: F) -> F:
    """Indexes, target and output, for commands without requirements."""
    return _with(function, [*_INDEXES, *_TARGET, *_OUTPUT])


def output_options(function: F) -> F:
    """Only how much is said."""
    return _with(function, _OUTPUT)


def store_option(function: F) -> F:
    """Only where things are kept."""
    return _with(function, _TARGET[2:])


def _with(function: F, decorators: Sequence[Callable[[F], F]]) -> F:
    for decorator in reversed(decorators):
        function = decorator(function)
    return function


def store_of(given: dict[str, Any]) -> Path:
    """``--store``, or its default, absolute."""
    return Path(given.get("store") or _default_store()).expanduser().absolute()


def options_of(given: dict[str, Any]) -> Options:
    """The commands' keyword arguments as `run.Options`.

    Raises:
        click.UsageError: Options that contradict each other.
    """
    if given.get("refresh") and given.get("offline"):
        raise click.UsageError(
            "--refresh asks the index and --offline never does: give one of them"
        )
    if given.get("no_system_packages") and given.get("system_packages_from"):
        raise click.UsageError(
            "--no-system-packages adds none and --system-packages-from some: give one of them"
        )
    known = {name: given[name] for name in _ARGUMENTS if given.get(name) is not None}
    formats = click.get_current_context().meta.get(_ORDERED, ())
    freshness = Freshness.NORMAL
    if given.get("refresh"):
        freshness = Freshness.REFRESH
    elif given.get("offline"):
        freshness = Freshness.OFFLINE
    options = Options(
        arguments=Arguments(**known, formats=formats),
        environ=dict(os.environ),
        cwd=Path.cwd(),
        store=store_of(given),
        config=given.get("config"),
        targets=given.get("targets") or (),
        freshness=freshness,
        limits=LimitSettings(
            wall=given.get("step_timeout"),
            silence=given.get("silence_timeout"),
            memory=given.get("memory"),
            processes=given.get("processes"),
            scratch=given.get("scratch_size"),
            output=given.get("output_size"),
            log=given.get("log_size"),
        ),
        build_tag=given.get("build_tag"),
        build_deps=given.get("build_deps", "wheel"),
        rust=given.get("rust"),
        remedies=not given.get("no_remedies"),
        find_system_packages=not given.get("no_system_packages"),
        system_packages_from=given.get("system_packages_from"),
        shared_store=given.get("shared_store"),
        ccache=given.get("ccache"),
        debug_info=given.get("debug_info"),
    )
    return evolve(options, jobs=given["jobs"]) if given.get("jobs") else options


@contextlib.contextmanager
def session(chosen: Options, *, require_isolation: bool) -> Iterator[Session]:
    """What runs share, as `run.session`; with ``--require-isolation`` on a host that holds all of it.

    Raises:
        IsolationIncomplete: It does not.
    """
    from podwheel import run

    with run.session(chosen) as shared:
        if require_isolation:
            from podwheel import doctor
            from podwheel.doctor import isolation

            host = doctor.look(chosen.environ, cwd=chosen.cwd)
            isolation.require(host, shared.targets[0], store=shared.store, sandbox=shared.sandbox)
        yield shared


def displayed(function: F) -> F:
    """Set the logs up for a command, and leave the terminal as it was."""

    @functools.wraps(function)
    def wrapped(**given: Any) -> Any:
        display: JsonDisplay | TerminalDisplay
        if given["log_format"] == "json":
            display = JsonDisplay(verbose=given["verbose"])
        else:
            display = TerminalDisplay(verbose=given["verbose"], quiet=given["quiet"])
        log.configure(display)
        try:
            return function(**given)
        finally:
            display.close()

    return wrapped  # type: ignore[return-value]  # functools.wraps keeps the signature
