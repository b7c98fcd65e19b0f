"""The user's own cargo configuration: where this host fetches crates from, and with which tokens.

Only what is about fetching is read, and only the user's own files: ``$CARGO_HOME`` (else
``~/.cargo``). A package's ``.cargo/config.toml`` never counts here.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from attrs import field, frozen

from podwheel import strangers
from podwheel.errors import SettingsError
from podwheel.rust.replacement import Replacements, replacements

if TYPE_CHECKING:
    from collections.abc import Mapping

# cargo takes the name without an ending where both are there (util/context).
_CONFIG: Final = ("config", "config.toml")
_CREDENTIALS: Final = ("credentials", "credentials.toml")
_VARIABLE: Final = re.compile(r"CARGO_REGISTRIES_([A-Z0-9_]+)_(INDEX|TOKEN)")


@frozen(kw_only=True)
class Configuration:
    """What the user told cargo."""

    replaced: Replacements = field(factory=Replacements)
    tokens: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """By a registry's name."""
    base: Path = Path("/")
    """What paths in it are relative to."""
    where: str = "cargo's configuration"
    """The file, for messages."""


def read_configuration(environ: Mapping[str, str]) -> Configuration:
    """Read it, with ``CARGO_REGISTRIES_<NAME>_INDEX`` and ``…_TOKEN`` of the environment.

    Args:
        environ: The host's: CARGO_HOME, HOME and the variables above.

    Raises:
        SettingsError: A file is there and cannot be read, or is no TOML.
    """
    home = Path(environ.get("CARGO_HOME") or Path(environ.get("HOME") or "/", ".cargo"))
    path, document = _load(home, _CONFIG)
    _, secrets = _load(home, _CREDENTIALS)
    found = replacements(document)
    registries = dict(found.registries)
    tokens = {**_tokens(document), **_tokens(secrets)}
    known = {*registries, *tokens}
    for variable, value in environ.items():
        if (match := _VARIABLE.fullmatch(variable)) is not None:
            written = match[1].lower().replace("_", "-")
            name = next((k for k in known if _as_variable(k) == match[1]), written)
            (registries if match[2] == "INDEX" else tokens)[name] = value
    return Configuration(
        replaced=Replacements(sources=found.sources, registries=registries),
        tokens=tuple(sorted(tokens.items())),
        base=home.parent,
        where=str(path),
    )


def _as_variable(name: str) -> str:
    return name.upper().replace("-", "_")


def _tokens(document: Mapping[str, Any]) -> dict[str, str]:
    tables = document.get("registries")
    return {
        name: table["token"]
        for name, table in (tables.items() if isinstance(tables, dict) else ())
        if isinstance(table, dict) and isinstance(table.get("token"), str)
    }


def _load(home: Path, names: tuple[str, ...]) -> tuple[Path, dict[str, Any]]:
    for name in names:
        path = home / name
        try:
            return path, strangers.toml(path.read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise SettingsError(
                f"cargo's {path} cannot be read: {error.strerror or error}"
            ) from None
        except ValueError as error:  # TOML's error too
            raise SettingsError(f"cargo's {path} is not TOML: {error}") from None
    return home / names[-1], {}
