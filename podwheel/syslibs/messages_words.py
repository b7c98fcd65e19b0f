"""A project's own words for what it lacks: never sure, and only what looks like a system's thing.

``Please make sure the libxml2 and libxslt development packages are installed.`` People write
these lines as they like; what they share is a word of want, and near the thing a word that says
what it is (library, headers, executable), quotes, or a name as only libraries and tools have.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from podwheel.syslibs.found import Finding, Weight, compiler, header, library, missing, program
from podwheel.syslibs.lack import Kind, Missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from podwheel.syslibs.logtext import Statement

_LONGEST: Final = 400
"""Characters of a line that a person wrote for persons."""
_MOST: Final = 8
"""Names taken from one line."""

_WANTS: Final = re.compile(
    r"\bNo [^\n]{1,60} found|not find|n't find|not found|not locate|n't locate|not be found|nable to (?:find|locate|run|load|invoke)"
    r"|not run\b|not available|not installed|not in path|missing\b|required?\b|must be (?:pre)?installed|make sure"
    r"|need to (?:be )?install|needs? (?:to be installed|the)\b|installed\?|lease install|without\b|failed!",
    re.IGNORECASE,
)
_ERROR: Final = re.compile(
    r"^\s{0,8}(?:[\w.]{0,80}(?:Error|Exception|SystemExit|Failure)\b|\**\s?(?:configure: )?(?:fatal )?error\b|CRITICAL\b|FATAL\b"
    r"|WARNING: \"|(?:\S{1,200} )?ERROR\b|Please\b|[Cc](?:ould|an) ?not\b|Unable to\b|Did not find\b|Missing\b|The headers or)"
    r"|INFO:root:Did not find executable|(?:is|are) (?:required|not installed)\b|must be (?:pre)?installed|installed\?"
    r"|^\s{0,4}[A-Za-z][\w.+-]{0,40} not found[.!]?$",
    re.IGNORECASE,
)
_NOT_OURS: Final = re.compile(
    r"^\s{4,}|^(?:UserWarning|copying|adding|creating|reading|writing|skipping|checking|Requirement)\b|^-- "
    r"|ModuleNotFoundError|ImportError|No module named|DeprecationWarning|UserWarning|SyntaxWarning|FutureWarning"
    r"|(?:Attribute|Index|Key|Name|Syntax|Type)Error: |\d: (?:fatal )?(?:error|warning|note): "
    r"|Did not find CMake|CMake \d[\d.]* or higher|returned non-zero|\[Errno \d|No matching distribution|project\.license"
)
"""Python's own messages (what a module lacks is another matter), and chatter."""

_NAME: Final = r"[A-Za-z][A-Za-z0-9_+.\-]{0,59}"
_THINGS: Final = (
    r"(?:header files?|headers?|include files?|librar(?:y|ies)|shared librar(?:y|ies)|pkg-config(?: file| module)?"
    r"|resources|(?:development|dev|devel) (?:files?|packages?|headers?|librar(?:y|ies)|tools))"
)

_STOP: Final = frozenset((
    "a", "an", "and", "any", "or", "not", "no", "none", "the", "this", "that", "these", "those", "it",
    "its", "is", "are", "was", "be", "been", "to", "of", "for", "from", "in", "on", "at", "by", "with",
    "without", "your", "you", "we", "if", "please", "error", "errors", "warning", "fatal", "missing",
    "required", "requires", "require", "found", "find", "install", "installed", "python", "python2",
    "python3", "pip", "setuptools", "wheel", "module", "modules", "package", "packages", "dependency",
    "dependencies", "extension", "file", "files", "header", "headers", "include", "library", "libraries",
    "lib", "libs", "shared", "static", "development", "devel", "dev", "external", "system", "executable",
    "executables", "binary", "program", "command", "tool", "tools", "compiler", "path", "environment",
    "variable", "version", "option", "build", "building", "source", "sources", "following", "some", "one",
    "more", "other", "all", "both", "either", "own", "c", "cxx", "cpp", "optional", "native", "pkg-config",
    "needed", "necessary", "could", "cannot", "can", "sure", "make", "true", "false", "yes", "directory",
    "local", "locate", "valid",
))  # fmt: skip
"""Words that stand where a name could."""

_SUFFIXES: Final = ("-dev", "-devel", "-headers")
_DATA: Final = (
    ".c", ".cfg", ".cpp", ".i", ".in", ".json", ".md", ".pxd", ".py", ".pyx", ".rst", ".toml", ".txt", ".xml", ".yaml", ".yml",
)  # fmt: skip


def _thing(token: str) -> tuple[Missing, ...]:
    """What a name says by its own shape."""
    token = token.rstrip(".-+,:")
    lowered = token.lower()
    if lowered in _STOP or lowered.startswith(("python", "http")) or lowered.endswith(_DATA):
        return ()
    if lowered.endswith((".h", ".hpp")):
        return header(token)
    if lowered.endswith(".pc"):
        return missing(Kind.PKG_CONFIG, token[:-3])
    if lowered.startswith("lib") and ".so" in lowered:
        return library(token)
    if lowered.endswith(("-config", "_config")):
        return program(token)
    for suffix in _SUFFIXES:
        token = token.removesuffix(suffix)
    return missing(Kind.NAME, token) if len(token) > 1 and token.lower() not in _STOP else ()


def _command(token: str) -> tuple[Missing, ...]:
    token = token.rstrip(".-+,:")
    return () if token.lower() in _STOP else program(token)


_SHAPES: Final[tuple[tuple[re.Pattern[str], Callable[[str], tuple[Missing, ...]]], ...]] = tuple(
    (re.compile(pattern.replace("NAME", f"({_NAME})").replace("THINGS", _THINGS)), look)
    for pattern, look in (
        (r"(?:^|[\s(])NAME,? and NAME THINGS", _thing),
        (r"(?:^|[\s(])['\"]?NAME['\"]? THINGS\b", _thing),
        (r"(?:headers|library files|libraries|library|headers? files?) (?:files )?could not be found for NAME", _thing),
        (r"(?:^|[\s(])NAME/NAME THINGS", _thing),
        (r"\bdependency NAME", _thing),
        (r"\bfind NAME with version", _thing),
        (r"(?:^|[\s'\"(])([A-Za-z0-9_][A-Za-z0-9_/+.\-]{0,100}\.h(?:pp)?)\b", header),
        (r"\bfind a local NAME installation", _thing),
        (r"['\"]?NAME['\"]? (?:executable|binary|program|command|utility)\b", _command),
        (r"\bfind (?:the )?(?:executable|program|command) ['\"]?NAME", _command),
        (r"\b(?:unable to|could not|cannot|can't) (?:run|invoke) ['\"]?NAME", _command),
        (r"\b(?:the |a |no |find )NAME compiler\b", compiler),
        (r"(?:Error|Exception|SystemExit|error|ERROR): NAME (?:was |is )?(?:not found|not installed|missing|required)\b", _thing),
        (r"^\s{0,4}NAME not found[.!]?$", _thing),
        (r"(?:^|[\s'\"(])NAME (?:is|are|was) (?:not installed|required|missing)\b", _thing),
        (r"(?:^|[\s'\"])NAME must be (?:pre)?installed\b", _thing),
        (r"\b[Ii]s NAME installed\?", _thing),
        (r"\b[Ii]nstall (?:the )?NAME[\s.,;]", _thing),
        (r"\bfind (?:the )?(lib[A-Za-z0-9_+.\-]{2,60})", _thing),
        (r"\bbuilt without NAME", _thing),
        (r"['\"]NAME['\"]", _thing),
        (r"(?:^|[\s(])(lib[a-z0-9][A-Za-z0-9_+.\-]{1,60})", _thing),
        (r"(?:^|[\s(])([A-Za-z0-9][A-Za-z0-9_+.\-]{0,50}[-_]config)\b", _thing),
        (r"(?:^|[\s(])([a-z0-9][a-z0-9+.\-]{1,50}-(?:dev|devel))\b", _thing),
    )
)  # fmt: skip


def wanting(statement: Statement) -> bool:
    """Whether *statement* looks like the last words of a project that lacks something."""
    text = statement.text
    if len(text) > _LONGEST and not statement.cmake:
        return False
    if statement.cmake == "Warning" or _NOT_OURS.search(text):
        return False
    return bool(_WANTS.search(text) and (statement.cmake or _ERROR.search(text)))


def findings(statement: Statement) -> Iterator[Finding]:
    """What *statement* names, at most `_MOST` things; of one name the first kind."""
    text = statement.text.partition("\n")[2] if statement.cmake else statement.text
    text = text[:_LONGEST]
    named: dict[str, Missing] = {}
    for shape, look in _SHAPES:
        for match in shape.finditer(text):
            for token in match.groups():
                for thing in look(token):
                    named.setdefault(thing.name.lower(), thing)
    for thing in list(named.values())[:_MOST]:
        yield Finding(any_of=(thing,), weight=Weight.WORDS)
