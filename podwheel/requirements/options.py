"""The options of a requirements file's line, and what all options add up to.

The grammar of a line is pip's: the requirement first, then options, and only the options are
split like a shell would (a marker has quotes of its own). `getopt` reads them: like pip's
optparse it takes unambiguous abbreviations, and unlike it, it keeps the order.
"""

from __future__ import annotations

import difflib
import getopt
import re
import shlex
from typing import TYPE_CHECKING

from attrs import frozen
from packaging.utils import canonicalize_name, is_normalized_name

from podwheel import log
from podwheel.model import Formats, Indexes
from podwheel.requirements import urls
from podwheel.requirements.problems import mask, problem

if TYPE_CHECKING:
    from pathlib import Path

    from podwheel.model import Origin

_LONG = (
    "all-releases=", "build-option=", "config-setting=", "config-settings=", "constraint=",
    "editable=", "extra-index-url=", "find-links=", "global-option=", "hash=", "index-url=",
    "install-option=", "no-binary=", "no-index", "no-require-hashes", "only-binary=",
    "only-final=", "pre", "prefer-binary", "pypi-url=", "require-hashes", "requirement=",
    "trusted-host=", "use-feature=",
)  # fmt: skip
_SHORT = {
    "-C": "config-settings", "-c": "constraint", "-e": "editable", "-f": "find-links",
    "-i": "index-url", "-r": "requirement",
}  # fmt: skip
_ALIASES = {"config-setting": "config-settings", "pypi-url": "index-url"}
_REFUSED = {
    "build-option": "-C KEY=VALUE gives a setting to the build backend",
    "global-option": "-C KEY=VALUE gives a setting to the build backend",
    "install-option": "pip 23.1 removed it; -C KEY=VALUE gives a setting to the build backend",
    "all-releases": "for one package: NAME>=1.0a0; for all of them: --pre",
    "only-final": "pre-releases are left out unless --pre or the specifier asks for them",
}
_COMMAND_LINE_ONLY = ("no-deps", "exclude-newer", "proxy", "cert", "build-constraint", "group")

PER_REQUIREMENT = ("hash", "config-settings")
FORMATS = ("no-binary", "only-binary")

_EDITABLE = re.compile(r"(?:-e(?!\w)|--editable(?=[\s=]))(?:\s*=\s*|\s*)(?P<rest>.+)", re.DOTALL)
_FIRST_OPTION = re.compile(r"(?:^|\s)(?=-)")


@frozen(kw_only=True)
class Parts:
    """A line, taken apart."""

    requirement: str
    """Empty if the line has options only."""
    editable: bool
    options: tuple[tuple[str, str], ...]
    """Long names without dashes, and values ('' for a flag), in order."""


def take_apart(text: str, origin: Origin, shown: str) -> Parts:
    """Split a logical line.

    Raises:
        RequirementsFileError: An unknown or refused option, or a value that is missing.
    """
    editable = _EDITABLE.match(text)
    if editable:
        text = editable["rest"]
        if text[0] in "'\"":  # -e "./a directory"
            text = " ".join(_words(text, origin, shown))
    split = _FIRST_OPTION.search(text)
    requirement = (text[: split.start()] if split else text).strip()
    options = text[split.end() :] if split else ""
    if editable and not requirement:
        raise problem(origin, "nothing follows -e", text=shown, hint="-e ./DIRECTORY")
    return Parts(
        requirement=requirement,
        editable=editable is not None,
        options=_options(_words(options, origin, shown), origin, shown),
    )


def _words(text: str, origin: Origin, shown: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        why = f"its options cannot be split: {str(error).lower()}"
        raise problem(origin, why, text=shown, hint="close the quotes") from None


def _options(words: list[str], origin: Origin, shown: str) -> tuple[tuple[str, str], ...]:
    try:
        pairs, rest = getopt.gnu_getopt(words, "C:c:e:f:i:r:", list(_LONG))
    except getopt.GetoptError as error:
        raise problem(origin, error.msg, text=shown, hint=_option_hint(error.opt)) from None
    if rest:
        why = f"{rest[0]!r} stands behind the options"
        raise problem(
            origin, why, text=shown, hint="a requirement comes first on its line"
        ) from None
    named = []
    for option, value in pairs:
        name = _SHORT.get(option, option.removeprefix("--"))
        if name in _REFUSED:
            why = f"--{name} is not supported"
            raise problem(origin, why, text=shown, hint=_REFUSED[name])
        named.append((_ALIASES.get(name, name), value))
    return tuple(named)


def _option_hint(option: str) -> str:
    if option in _COMMAND_LINE_ONLY:
        return f"--{option} is for the command line: podwheel build --{option} …"
    close = difflib.get_close_matches(option, [name.rstrip("=") for name in _LONG], n=1)
    if close and close[0] != option:
        return f"did you mean --{close[0]} ?"
    return "the options of a requirements file are listed in docs/requirements.md"


class Selection:
    """Where files come from and which kinds serve: all sources of options, added up in pip's order."""

    def __init__(self, *, cwd: Path, home: Path) -> None:
        self._cwd = cwd
        self._home = home
        self._urls: list[str] = []
        self._no_index = False
        self._find_links: list[str] = []
        self._control: dict[str, set[str]] = {name: set() for name in FORMATS}
        self.trusted_hosts: list[str] = []
        self.prefer_binary = False
        self.pre = False
        self.require_hashes = False
        self.no_require_hashes = False

    def apply(
        self, name: str, value: str, origin: Origin, *, directory: Path | None = None
    ) -> None:
        """Apply one option; *directory* is the one of the file that holds it.

        Raises:
            UsageError: The value cannot be used.
        """
        if name in FORMATS:
            self._apply_format(name, value, origin)
        elif name == "index-url":
            self._urls = [self._index(value, origin)]  # pip's: it replaces the extra ones too
        elif name == "extra-index-url":
            self._urls.append(self._index(value, origin))
        elif name == "no-index":
            self._no_index = True
        elif name == "find-links":
            self._find_links.append(self._link(value, origin, directory))
        elif name == "trusted-host":
            self.trusted_hosts.append(value)
        elif name == "use-feature":
            log.get().debug("requirements.use_feature", feature=value, origin=str(origin))
        else:
            setattr(self, name.replace("-", "_"), True)

    @property
    def indexes(self) -> Indexes:
        """Duplicates removed, the first of each kept."""
        addresses = () if self._no_index else tuple(dict.fromkeys(self._urls))
        return Indexes(urls=addresses, find_links=tuple(dict.fromkeys(self._find_links)))

    @property
    def formats(self) -> Formats:
        return Formats(
            prefer_binary=self.prefer_binary,
            no_binary=frozenset(self._control["no-binary"]),
            only_binary=frozenset(self._control["only-binary"]),
        )

    def _apply_format(self, name: str, value: str, origin: Origin) -> None:
        """pip's FormatControl: the last word on a package wins, ``:none:`` empties the list."""
        target = self._control[name]
        other = self._control["only-binary" if name == "no-binary" else "no-binary"]
        items = [item.strip() for item in value.split(",")]
        while ":all:" in items:
            other.clear()
            target.clear()
            target.add(":all:")
            del items[: items.index(":all:") + 1]
            if ":none:" not in items:
                return
        for item in items:
            project = canonicalize_name(item)
            if item == ":none:":
                target.clear()
            elif is_normalized_name(project):
                other.discard(project)
                target.add(project)
            else:
                hint = f"--{name} takes :all:, :none: or names with commas between them"
                raise problem(origin, f"{item!r} is no package's name", text=value, hint=hint)

    def _index(self, value: str, origin: Origin) -> str:
        """An index's URL; pip takes a local directory that is laid out like one, too."""
        scheme = urls.scheme_of(value)
        if scheme in ("http", "https", "file"):
            return value
        path = urls.absolute(value, self._cwd)
        if scheme is None and path.is_dir():
            return path.as_uri()
        hint = "give the URL whole: https://HOST/PATH/simple"
        raise problem(origin, "is no index's URL", text=value, hint=hint)

    def _link(self, value: str, origin: Origin, directory: Path | None) -> str:
        """A find-links URL, or an absolute path: below *directory* if it is there, else the cwd."""
        scheme = urls.scheme_of(value)
        if scheme in ("http", "https", "file"):
            return value
        if scheme is not None:
            hint = "give a directory, or the http(s) URL of a page with links"
            raise problem(origin, "no links can be found there", text=value, hint=hint)
        if value == "~" or value.startswith("~/"):
            value = value.replace("~", str(self._home), 1)
        if directory is not None and (beside := urls.absolute(value, directory)).exists():
            return str(beside)
        path = urls.absolute(value, self._cwd)
        if not path.exists():
            log.get().warning(
                "requirements.find_links_missing", path=mask(str(path)), origin=str(origin)
            )
        return str(path)
