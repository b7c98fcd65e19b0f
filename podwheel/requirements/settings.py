"""podwheel.toml, or ``[tool.podwheel]`` of a pyproject.toml → `model.Settings`.

docs/configuration.md is the reference. Everything is checked here: an unknown key, a wrong
type, two spellings of one package, a patch that is not there. A setting that is quietly not
applied costs its writer a long build.
"""

from __future__ import annotations

import difflib
import re
import shlex
import tomllib
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from podwheel.errors import RequirementsFileError, SettingsError
from podwheel.model import Origin, PackageSettings, Settings
from podwheel.requirements.lines import decode, load
from podwheel.requirements.urls import absolute

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from packaging.utils import NormalizedName

FILE = "podwheel.toml"
_PROJECT = "pyproject.toml"

_TOP = ("target", "cpu", "cflags", "ldflags", "environment", "package")
_PACKAGE = (
    "environment", "config-settings", "build-requires", "build-constraints", "system-packages",
    "runtime-packages", "patches", "import-modules", "test",
)  # fmt: skip

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
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
        return _Reader(found, table).settings()
    own, project = cwd / FILE, cwd / _PROJECT
    table = _table(project) if project.is_file() else None
    if own.is_file():
        if table is not None:
            raise SettingsError(
                f"both {FILE} and [tool.podwheel] of {_PROJECT} have settings",
                hint=("move them into one of the two", f"or choose: --config {FILE}"),
            )
        return _Reader(own, _table(own) or {}).settings()
    return _Reader(project, table).settings() if table is not None else Settings()


def _table(path: Path) -> Mapping[str, Any] | None:
    """The settings in *path*; None for a pyproject.toml without our table."""
    origin = Origin(source=str(path))
    try:
        document = tomllib.loads(decode(load(path, origin), origin))
    except RequirementsFileError as error:
        raise SettingsError(error.what, hint=error.hint) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not TOML: {error}") from None
    if path.name != _PROJECT:
        return document
    tool = document.get("tool", {})
    ours = tool.get("podwheel") if isinstance(tool, dict) else None
    if ours is not None and not isinstance(ours, dict):
        raise SettingsError(f"{path}: tool.podwheel is {_kind(ours)}, not a table")
    return ours


def _kind(value: Any) -> str:
    """What a TOML value is, as people say it."""
    kinds = {bool: "a boolean", str: "a string", int: "a number", float: "a number"}
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        return "a table"
    return kinds.get(type(value), f"a {type(value).__name__}")


class _Reader:
    """Checks one table; every error names the file and the key."""

    def __init__(self, path: Path, table: Mapping[str, Any]) -> None:
        self._path = path
        self._top = table

    def settings(self) -> Settings:
        top = self._top
        self._check_keys(top, "", _TOP)
        cpu = self._string(top, "cpu")
        if cpu is not None and not _CPU.fullmatch(cpu):
            hint = 'the value alone, as in cpu = "x86-64-v2"'
            raise self._wrong("cpu", f"{cpu!r} is no value of -march", hint)
        return Settings(
            path=self._path,
            target=self._string(top, "target"),
            cpu=cpu,
            cflags=self._words(top, "cflags"),
            ldflags=self._words(top, "ldflags"),
            environment=self._environment(top, "environment"),
            packages=self._packages(),
        )

    def _packages(self) -> tuple[tuple[NormalizedName, PackageSettings], ...]:
        found: dict[NormalizedName, PackageSettings] = {}
        spellings: dict[NormalizedName, str] = {}
        for spelling, table in self._table_of(self._top, "package").items():
            key = f"package.{_quoted(spelling)}"
            if not _PROJECT_NAME.fullmatch(spelling):
                raise self._wrong(key, f"{spelling!r} is no package's name")
            name = canonicalize_name(spelling)
            if name in found:
                raise self._wrong(
                    key,
                    f"the same package as package.{_quoted(spellings[name])}",
                    f"one table: [package.{name}]",
                )
            if not isinstance(table, dict):
                raise self._wrong(key, f"is {_kind(table)}, not a table", f"[package.{name}]")
            found[name] = self._package(table, f"{key}.")
            spellings[name] = spelling
        return tuple(sorted(found.items()))

    def _package(self, table: Mapping[str, Any], prefix: str) -> PackageSettings:
        self._check_keys(table, prefix, _PACKAGE)
        modules = None
        if "import-modules" in table:
            modules = self._strings(table, "import-modules", prefix)
            for module in modules:
                if not all(part.isidentifier() for part in module.split(".")):
                    raise self._wrong(f"{prefix}import-modules", f"{module!r} is no module's name")
        return PackageSettings(
            environment=self._environment(table, "environment", prefix),
            config_settings=self._config_settings(table, prefix),
            build_requires=self._requirements(table, "build-requires", prefix),
            build_constraints=self._requirements(
                table, "build-constraints", prefix, constraints=True
            ),
            system_packages=self._system_packages(table, "system-packages", prefix),
            runtime_packages=self._system_packages(table, "runtime-packages", prefix),
            patches=self._patches(table, prefix),
            import_modules=modules,
            test=self._words(table, "test", prefix),
        )

    def _system_packages(self, table: Mapping[str, Any], key: str, prefix: str) -> tuple[str, ...]:
        packages = self._strings(table, key, prefix)
        for package in packages:
            if not SYSTEM_PACKAGE.fullmatch(package):
                raise self._wrong(f"{prefix}{key}", f"{package!r} is no package's name")
        return packages

    # ------------------------------------------------------------ types

    def _check_keys(self, table: Mapping[str, Any], prefix: str, known: Collection[str]) -> None:
        for key in table:
            if key not in known:
                close = difflib.get_close_matches(key.replace("_", "-"), known, n=1)
                hint = f"did you mean {close[0]} ?" if close else f"known here: {', '.join(known)}"
                if prefix and not close and isinstance(table[key], dict):
                    name = f"{prefix.removeprefix('package.')}{key}".replace('"', "")
                    hint = f'a name with a dot is quoted: [package."{name}"]'
                raise SettingsError(f"{self._path}: unknown key {prefix}{_quoted(key)}", hint=hint)

    def _wrong(self, key: str, why: str, hint: str = "") -> SettingsError:
        return SettingsError(f"{self._path}: {key}: {why}", hint=hint)

    def _string(self, table: Mapping[str, Any], key: str) -> str | None:
        value = table.get(key)
        if value is not None and (not isinstance(value, str) or not value):
            what = "an empty string" if value == "" else _kind(value)
            raise self._wrong(key, f"is {what}, not a string", f'{key} = "…"')
        return value

    def _strings(self, table: Mapping[str, Any], key: str, prefix: str = "") -> tuple[str, ...]:
        value = table.get(key, [])
        if not isinstance(value, list):
            raise self._wrong(f"{prefix}{key}", f"is {_kind(value)}, not a list", f'{key} = ["…"]')
        for one in value:
            if not isinstance(one, str) or not one.strip():
                what = "an empty string" if isinstance(one, str) else _kind(one)
                raise self._wrong(f"{prefix}{key}", f"holds {what}: strings are wanted")
        return tuple(value)

    def _words(self, table: Mapping[str, Any], key: str, prefix: str = "") -> tuple[str, ...]:
        """A list of words, or a string that a shell would split into them (nothing is expanded)."""
        value = table.get(key)
        if not isinstance(value, str):
            return self._strings(table, key, prefix)
        try:
            return tuple(shlex.split(value))
        except ValueError as error:
            raise self._wrong(f"{prefix}{key}", f"cannot be split: {error}") from None

    def _table_of(self, table: Mapping[str, Any], key: str, prefix: str = "") -> Mapping[str, Any]:
        value = table.get(key, {})
        if not isinstance(value, dict):
            raise self._wrong(f"{prefix}{key}", f"is {_kind(value)}, not a table")
        return value

    def _environment(
        self, table: Mapping[str, Any], key: str, prefix: str = ""
    ) -> tuple[tuple[str, str], ...]:
        variables = self._table_of(table, key, prefix)
        for name, value in variables.items():
            full = f"{prefix}{key}.{_quoted(name)}"
            if not _VARIABLE.fullmatch(name):
                raise self._wrong(full, "is no variable's name")
            if not isinstance(value, str):
                raise self._wrong(full, f"is {_kind(value)}, not a string", f'{name} = "{value}"')
            if "\0" in value:
                raise self._wrong(full, "holds a NUL character")
        return tuple(sorted(variables.items()))

    def _config_settings(
        self, table: Mapping[str, Any], prefix: str
    ) -> tuple[tuple[str, str | tuple[str, ...]], ...]:
        found: list[tuple[str, str | tuple[str, ...]]] = []
        settings = self._table_of(table, "config-settings", prefix)
        for name, value in sorted(settings.items()):
            if isinstance(value, str):
                found.append((name, value))
            elif isinstance(value, list) and all(isinstance(one, str) for one in value):
                found.append((name, tuple(value)))
            else:
                key = f"{prefix}config-settings.{_quoted(name)}"
                why = f"is {_kind(value)}, not a string or a list of strings"
                raise self._wrong(key, why, f'{_quoted(name)} = "…"')
        return tuple(found)

    def _requirements(
        self, table: Mapping[str, Any], key: str, prefix: str, *, constraints: bool = False
    ) -> tuple[str, ...]:
        texts = self._strings(table, key, prefix)
        for text in texts:
            try:
                requirement = Requirement(text)
            except InvalidRequirement as error:
                reason = str(error).partition("\n")[0]
                raise self._wrong(f"{prefix}{key}", f"{text!r}: {reason}") from None
            if constraints and requirement.extras:
                raise self._wrong(f"{prefix}{key}", f"{text!r}: a constraint cannot have extras")
        return texts

    def _patches(self, table: Mapping[str, Any], prefix: str) -> tuple[Path, ...]:
        names = self._strings(table, "patches", prefix)
        paths = tuple(absolute(name, self._path.parent) for name in names)
        for path in paths:
            if not path.is_file():
                hint = f"paths are relative to {self._path.parent}"
                raise self._wrong(f"{prefix}patches", f"there is no file {path}", hint)
        return paths


def _quoted(key: str) -> str:
    """*key* as TOML spells it."""
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else f'"{key}"'
