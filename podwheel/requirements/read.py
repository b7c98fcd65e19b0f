"""Files, options and pip's configuration, added up to a `model.Request`."""

from __future__ import annotations

import datetime
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import evolve, fields
from packaging.pylock import is_valid_pylock_path
from packaging.utils import canonicalize_name

# podwheel has no default index of its own: where nobody names one, it asks pip for pip's.
from pip._internal.models.index import PyPI

from podwheel import log
from podwheel.errors import SettingsError, UsageError
from podwheel.model import Network, Origin, Request
from podwheel.requirements import pipconfig, urls
from podwheel.requirements.arguments import Arguments
from podwheel.requirements.files import Reader
from podwheel.requirements.groups import read_group
from podwheel.requirements.lock import Lock, read_lock
from podwheel.requirements.options import Selection
from podwheel.requirements.problems import COMMAND_LINE, mask
from podwheel.requirements.settings import source_constraints
from podwheel.requirements.specifier import Asked, parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from podwheel.model import Wanted
    from podwheel.settings import Settings

_LOCK_WITH_EXTRAS = re.compile(r"(?P<path>.+?)(?:\[(?P<extras>[^\[\]]*)\])?$")
_PROJECT = "pyproject.toml"
_SELECTING = (
    ("index_url", "index-url"),
    ("extra_index_urls", "extra-index-url"),
    ("no_index", "no-index"),
    ("find_links", "find-links"),
    ("trusted_hosts", "trusted-host"),
    ("formats", "formats"),
    ("prefer_binary", "prefer-binary"),
    ("pre", "pre"),
    ("require_hashes", "require-hashes"),
    ("no_require_hashes", "no-require-hashes"),
)
"""Fields of `Arguments` that files can set too, as their options; the first replaces, so it is first."""


def read(
    arguments: Arguments, *, environ: Mapping[str, str], cwd: Path, settings: Settings
) -> Request:
    """Everything that was asked.

    Args:
        arguments: The command line.
        environ: The user's environment: ``PIP_*``, HOME, and the ``${VARIABLES}`` of files.
        cwd: Where relative paths start (absolute).
        settings: podwheel.toml: its sources limit what their names may come from, but where a
            lock names a repository itself; its config settings must not contradict a line's.

    Raises:
        UsageError: Nothing is asked for, or an option cannot be used; `RequirementsFileError`
            and `SettingsError` for what is written in a file.
    """
    config = pipconfig.load(environ)
    selection = _selection(arguments, config, environ, cwd)
    reader = Reader(cwd=cwd, environ=environ, selection=selection)
    build_reader = Reader(cwd=cwd, environ=environ, selection=None)
    merged = _merged(arguments, config.arguments)
    for name, parent in _files_of("constraint_files", arguments, config):
        reader.read(name, constraint=True, parent=parent)
    for name, parent in _files_of("build_constraint_files", arguments, config):
        build_reader.read(name, constraint=True, parent=parent)
    lock = _lock(merged, cwd, beside=len(reader.requirements))
    wanted = _wanted(merged, reader, cwd) if lock is None else lock.wanted
    for one in wanted:
        _check_settings(one, settings)
    hashes_said = lock is None and any(w.hashes for w in (*wanted, *reader.constraints))
    sources = source_constraints(settings)
    locked = {w.name for w in lock.wanted if w.direct is not None} if lock else set()
    return Request(
        wanted=wanted,
        constraints=(*reader.constraints, *(s for s in sources if s.name not in locked)),
        build_constraints=(*build_reader.constraints, *sources),
        indexes=selection.indexes,
        network=_network(merged, selection, environ, cwd),
        formats=selection.formats,
        prereleases=selection.pre,
        no_deps=merged.no_deps or lock is not None,
        require_hashes=_require_hashes(selection, hashes_said=hashes_said),
        exclude_newer=_exclude_newer(merged.exclude_newer),
        requires_python=lock.requires_python if lock else None,
        environments=lock.environments if lock else (),
        system_packages=lock.system_packages if lock else (),
    )


# --------------------------------------------------------------- what is wanted


def _wanted(arguments: Arguments, reader: Reader, cwd: Path) -> tuple[Wanted, ...]:
    """Positional requirements, editables, groups and files, in pip's order."""
    asked = (
        *((text, False) for text in arguments.requirements),
        *((text, True) for text in arguments.editables),
    )
    if not (asked or arguments.groups or arguments.requirement_files):
        raise UsageError(
            "nothing to build: no requirement was named",
            hint=("-r requirements.txt", "or names: NAME NAME==1.2", "or a project: ./DIRECTORY"),
        )
    wanted: list[Wanted] = []
    origin = Origin(source=COMMAND_LINE)
    for text, editable in asked:
        if text.strip():
            shown = mask(text.strip())
            one = Asked(text=text.strip(), shown=shown, origin=origin, editable=editable)
            wanted.append(parse(one, cwd))
    for group in arguments.groups:
        path, name = _split_group(group)
        wanted += read_group(path, name, cwd=cwd)
    for file in arguments.requirement_files:
        reader.read(file, constraint=False)
    wanted += reader.requirements
    if not wanted:
        log.get().warning(
            "requirements.empty", files=[mask(f) for f in arguments.requirement_files]
        )
    return tuple(wanted)


def _split_group(text: str) -> tuple[str, str]:
    """``[path:]name``; a group's name holds no colon."""
    path, colon, name = text.rpartition(":")
    path = path if colon else _PROJECT
    is_lock = is_valid_pylock_path(Path(path))
    if not name or (Path(path).name != _PROJECT and not is_lock):
        raise UsageError(
            f"--group {text}: a group is NAME, or PATH/{_PROJECT}:NAME",
            hint=f"--group {_PROJECT}:{name or 'NAME'}",
        )
    return path, name


def _lock(arguments: Arguments, cwd: Path, *, beside: int) -> Lock | None:
    """The lock, if one is given: by ``-r pylock.toml[extra]``, groups of it by ``--group``.

    *beside* counts what constraints files asked for already (by a ``-r`` of theirs).
    """
    paths: dict[str, set[str]] = {}
    groups: set[str] = set()
    others = beside + len(arguments.requirements) + len(arguments.editables)
    for file in arguments.requirement_files:
        found = _LOCK_WITH_EXTRAS.fullmatch(file)
        if found and urls.scheme_of(file) is None and is_valid_pylock_path(Path(found["path"])):
            extras = (found["extras"] or "").split(",")
            names = {canonicalize_name(e.strip()) for e in extras if e.strip()}
            paths.setdefault(found["path"], set()).update(names)
        else:
            others += 1
    defaults = bool(paths)  # only "--group" of a lock: its default groups are not meant, as in pip
    for group in arguments.groups:
        path, name = _split_group(group)
        if is_valid_pylock_path(Path(path)):
            paths.setdefault(path, set())
            groups.add(canonicalize_name(name))
        else:
            others += 1
    if not paths:
        return None
    if len(paths) > 1 or others:
        raise UsageError(
            f"{next(iter(paths))} is a lock: complete by itself, and nothing else can be asked with it",
            hint="give the lock alone, or the requirements that it was made from",
        )
    ((source, extras_asked),) = paths.items()
    return read_lock(
        source,
        urls.absolute(source, cwd),
        extras=frozenset(extras_asked),
        groups=frozenset(groups),
        default_groups=defaults,
    )


def _check_settings(wanted: Wanted, settings: Settings) -> None:
    """One config setting with two values: no order of the two is obvious, so it is refused."""
    if wanted.name is None:
        return
    said = dict(settings.of(wanted.name).config_settings)
    for key in dict(wanted.config_settings):
        values = tuple(v for k, v in wanted.config_settings if k == key)
        other = said.get(key)
        if other is not None and values != ((other,) if isinstance(other, str) else other):
            raise SettingsError(
                f"{settings.path}: [package.{wanted.name}] config-settings sets {key!r}, "
                f"and so does {wanted.origin} with another value",
                hint="say it in one of the two places",
            )


# --------------------------------------------------------------- options


def _merged(typed: Arguments, configured: Arguments) -> Arguments:
    """The command line over the configuration; lists and flags add up, as in pip."""
    changes: dict[str, Any] = {}
    for attribute in fields(Arguments):
        ours = getattr(typed, attribute.name)
        theirs = getattr(configured, attribute.name)
        if isinstance(ours, tuple):
            changes[attribute.name] = (*theirs, *ours)
        elif isinstance(ours, bool):
            changes[attribute.name] = ours or theirs
        else:
            changes[attribute.name] = theirs if ours is None else ours
    return evolve(typed, **changes)


def _files_of(
    name: str, typed: Arguments, config: pipconfig.PipConfig
) -> list[tuple[str, Origin | None]]:
    """Constraint files, each with the variable or file that names it."""
    by = Origin(source=config.source(name))
    return [
        *((file, by) for file in getattr(config.arguments, name)),
        *((file, None) for file in getattr(typed, name)),
    ]


def _selection(
    typed: Arguments, config: pipconfig.PipConfig, environ: Mapping[str, str], cwd: Path
) -> Selection:
    """The configuration's options, then the command line's; files add theirs as they are read."""
    selection = Selection(cwd=cwd, home=pipconfig.home_of(environ))
    selection.apply("index-url", PyPI.simple_url, Origin(source="pip's default"))
    for name, option in _SELECTING:
        for source, said in (
            (config.source(name), config.arguments),
            (COMMAND_LINE, typed),
        ):
            for kind, value in _options(option, getattr(said, name)):
                selection.apply(kind, value, Origin(source=source))
    return selection


def _options(option: str, value: object) -> Iterator[tuple[str, str]]:
    """A field of `Arguments` as the options that it was."""
    match value:
        case str():
            yield option, value
        case True:
            yield option, ""
        case tuple():
            for one in value:
                yield one if isinstance(one, tuple) else (option, one)


def _require_hashes(selection: Selection, *, hashes_said: bool) -> bool:
    """As in pip, one ``--hash`` anywhere demands them everywhere, unless ``--no-require-hashes``."""
    if selection.require_hashes and selection.no_require_hashes:
        raise UsageError("--require-hashes and --no-require-hashes contradict each other")
    return selection.require_hashes or (hashes_said and not selection.no_require_hashes)


def _network(
    arguments: Arguments, selection: Selection, environ: Mapping[str, str], cwd: Path
) -> Network:
    usual = Network()
    keyring = arguments.keyring_provider or usual.keyring
    if keyring not in pipconfig.KEYRING_PROVIDERS:
        known = ", ".join(pipconfig.KEYRING_PROVIDERS)
        raise UsageError(f"--keyring-provider {keyring}: it is one of {known}")
    timeout = usual.timeout if arguments.timeout is None else arguments.timeout
    retries = usual.retries if arguments.retries is None else arguments.retries
    if not timeout > 0 or retries < 0:
        raise UsageError("--timeout is more than 0 seconds, and --retries at least 0")
    home = pipconfig.home_of(environ)
    return Network(
        proxy=arguments.proxy or None,
        certificate=_file("--cert", arguments.cert, home, cwd),
        client_certificate=_file("--client-cert", arguments.client_cert, home, cwd),
        trusted_hosts=tuple(dict.fromkeys(selection.trusted_hosts)),
        timeout=timeout,
        retries=retries,
        keyring=keyring,
    )


def _file(option: str, value: str | None, home: Path, cwd: Path) -> Path | None:
    if not value:
        return None
    expanded = str(home) + value[1:] if value == "~" or value.startswith("~/") else value
    path = urls.absolute(expanded, cwd)
    if not path.exists():
        raise UsageError(f"certificate ({option}): there is no {path}")
    return path


def _exclude_newer(text: str | None) -> datetime.datetime | None:
    """A date (midnight UTC), an RFC 3339 moment (UTC if it has no offset), or ``P7D``.

    Days before today count from today's midnight, so that a command asks the same all day.
    """
    if text is None:
        return None
    days = re.fullmatch(r"P(\d{1,5})D", text)
    try:
        if days:
            today = datetime.datetime.now(datetime.UTC).replace(
                hour=0, minute=0, second=0, microsecond=0
            )
            return today - datetime.timedelta(days=int(days[1]))
        moment = datetime.datetime.fromisoformat(text)
        if moment.tzinfo is None:
            return moment.replace(tzinfo=datetime.UTC)
        return moment.astimezone(datetime.UTC)
    except (ValueError, OverflowError):
        raise UsageError(
            f"--exclude-newer {text}: neither a date nor a moment",
            hint=("--exclude-newer 2026-01-31", "--exclude-newer 2026-01-31T12:00:00Z"),
        ) from None
