"""What a step's log says was missing from the system.

The rules are about kinds of message of compilers, linkers, loaders and build systems
(`messages_compilers`, `messages_programs`, `messages_cmake`, `messages_meson`), and of people
(`messages_words`); none knows a package. A log is hostile text: the time is linear in its
length, and lines, names and results are bounded.

Log lines are no exact record of time (a program's standard output comes when its buffer is
full, its errors at once), so no rule asks what came after what over more than a few lines.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from podwheel.syslibs import (
    messages_cmake,
    messages_compilers,
    messages_meson,
    messages_programs,
    messages_words,
)
from podwheel.syslibs.collected import Collected, Told
from podwheel.syslibs.found import Weight
from podwheel.syslibs.lack import Lack
from podwheel.syslibs.logtext import statements
from podwheel.text import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from podwheel.syslibs.found import Finding
    from podwheel.syslibs.logtext import Statement

_RULES: Final = (
    *messages_compilers.RULES,
    *messages_programs.RULES,
    *messages_cmake.RULES,
    *messages_meson.RULES,
)
_MOST_WORDS: Final = 400
"""Lines of a project's own words that are read."""
_MOST_EXTENSIONS: Final = 64
_SHOWN: Final = 240

_FAILED: Final = re.compile(r"\b(?:building |build )extension [\"']([^\"'\n]{1,200})[\"'] failed")
_STARTED: Final = re.compile(r"^building '([^'\n]{1,200})' extension$")
_FAULT: Final = re.compile(r": (?:fatal )?error: |^error: command |cannot find -l")
_NAMED: Final = re.compile(r"[\w.+\-]{1,200}")
_UNNAMED: Final = (
    (re.compile(r"^(?:WARNING: )?[Tt]he C extension could not be compiled"), "C extension"),
    (re.compile(r"^can't find Rust compiler$"), "Rust extension"),
)


def lacks_in(text: str) -> tuple[Lack, ...]:
    """What was missing from the system, as the log of a step says.

    Args:
        text: The log, or a part of it; hostile, of any length.

    Returns:
        Each distinct lack once, in the order of the text. A lack is sure if a compiler, linker
        or build system ended there; also if a tool failed whose caller may go on (pkg-config, a
        shell) and nothing else in this log ended the build. The order in which to try them is
        the caller's.
    """
    collected = Collected()
    words = 0
    for at, statement in enumerate(statements(text)):
        _follow(statement, collected)
        found = list(_by_rules(statement))
        if not found and words < _MOST_WORDS and messages_words.wanting(statement):
            words += 1
            found = list(messages_words.findings(statement))
        for finding in found:
            collected.add(Told(finding=finding, said=_shown(statement, finding)), at)
    return tuple(_lacks(list(collected)))


def _by_rules(statement: Statement) -> Iterator[Finding]:
    text = statement.text
    for rule in _RULES:
        if rule.needle in text:
            yield from rule.findings(statement)


def _follow(statement: Statement, collected: Collected) -> None:
    """What a statement says of those before it."""
    if statement.text.startswith("-- Checking for "):
        collected.begin_modules()
    elif statement.cmake == "Error" and "A required package was not found" in statement.text:
        collected.require_modules()
    elif statement.text.startswith("configure: error:"):
        collected.recall_checks()


def _shown(statement: Statement, finding: Finding) -> str:
    """The line to show: of a wrapped message its first paragraph too, of a long line the part that matters."""
    paragraph = statement.text.partition("\n")[2].partition("\n")[0]
    line = f"{statement.first} {paragraph}".strip()
    if len(line) > _SHOWN:
        where = max(line.find(m.name) for m in finding.any_of)
        start = max(0, min(where - _SHOWN // 3, len(line) - _SHOWN))
        line = ("…" if start else "") + line[start:]
    return plain(line)[:_SHOWN]


def _lacks(told: list[Told]) -> Iterator[Lack]:
    stopped = any(t.finding.weight is Weight.STOP for t in told)
    least = Weight.STOP if stopped else Weight.CHECK
    for t in told:
        yield Lack(
            any_of=t.finding.any_of,
            sure=t.finding.weight >= least,
            said=t.said,
            too_old=t.finding.too_old,
        )


def dropped_extensions(text: str) -> tuple[str, ...]:
    """The compiled parts that a *successful* build left out, as its log says.

    Args:
        text: The log of a step whose exit code was 0; hostile, of any length.

    Returns:
        Names of extensions, in the order of the text; where a kind of message has no name, what
        it calls the part. Empty: everything was built, as far as the log tells. If it is not,
        `lacks_in` of the same log may say why.
    """
    dropped: dict[str, None] = {}
    building = None
    for statement in statements(text):
        line = statement.text
        if len(dropped) >= _MOST_EXTENSIONS:
            break
        if started := _STARTED.match(line):
            building = started[1]
        elif failed := _FAILED.search(line):
            _add(dropped, failed[1])
            building = None
        elif building and _FAULT.search(line):
            # A build_ext of the project's own has caught it: the build went on.
            _add(dropped, building)
            building = None
        else:
            for pattern, what in _UNNAMED:
                if pattern.match(line):
                    _add(dropped, what)
    return tuple(dropped)


def _add(names: dict[str, None], name: str) -> None:
    if _NAMED.fullmatch(name) or name in {what for _, what in _UNNAMED}:
        names[name] = None
