"""The corpus of attacks and its table in docs/isolation.md say the same."""

from __future__ import annotations

import re
from pathlib import Path

from hostile_corpus import KINDS, corpus, of

from podwheel import errors

PAGE = Path(__file__).parents[2] / "docs/isolation.md"


def rows() -> list[str]:
    return [
        f"| `{attack}` | {attack.tries} | {attack.must}{f' (“{attack.says}”)' if attack.says else ''} |"
        for attack in corpus()
    ]


def test_the_table_lists_each_attack() -> None:
    listed = re.findall(r"(?m)^\| `(?:{})/.*$".format("|".join(KINDS)), PAGE.read_text())
    assert listed == rows(), "the right table:\n" + "\n".join(rows())


def test_there_are_many_of_every_kind() -> None:
    assert len(corpus()) >= 40
    assert all(len(of(kind)) >= 10 for kind in KINDS)


def test_an_attack_from_without_ends_in_an_error_that_users_know() -> None:
    wrong = [
        str(attack)
        for kind in ("exhaust", "out", "into")
        for attack in of(kind)
        if attack.expected != "wheel" and not hasattr(errors, attack.expected)
    ]
    assert wrong == []
