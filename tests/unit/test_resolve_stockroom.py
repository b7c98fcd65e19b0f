"""A project's files are sorted out once a run, and again whenever something else is to serve."""

from __future__ import annotations

from packaging.utils import canonicalize_name
from resolve_helpers import day, file, python, sha

from podwheel.model import Format
from podwheel.resolve.candidates import Rules
from podwheel.resolve.stockroom import Stockroom

PKG = canonicalize_name("pkg")
RULES = Rules.of(python(), None)


def test_the_same_files_are_the_same_shelf() -> None:
    stockroom = Stockroom()
    files = (file("pkg-1.0.tar.gz"),)
    first = stockroom.shelf(PKG, files, form=Format.ANY, rules=RULES)
    assert stockroom.shelf(PKG, files, form=Format.ANY, rules=Rules.of(python(), None)) is first


def test_what_decides_what_may_serve_makes_another_shelf() -> None:
    stockroom = Stockroom()
    files = (
        file("pkg-1.0.tar.gz", uploaded=day(1)),
        file("pkg-1.0-py3-none-any.whl", uploaded=day(1)),
    )
    shelves = [
        stockroom.shelf(PKG, files, form=Format.ANY, rules=RULES),
        stockroom.shelf(PKG, files, form=Format.SOURCE, rules=RULES),
        stockroom.shelf(PKG, files, form=Format.ANY, rules=Rules.of(python(), day(1))),
        stockroom.shelf(PKG, files, form=Format.ANY, rules=RULES, hashes=frozenset({sha("a")})),
    ]
    assert [len(shelf.choices) for shelf in shelves] == [2, 1, 0, 0]
    assert len(set(map(id, shelves))) == 4


def test_another_answer_of_the_index_is_sorted_out_anew() -> None:
    stockroom = Stockroom()
    old, new = (file("pkg-1.0.tar.gz"),), (file("pkg-1.0.tar.gz"), file("pkg-2.0.tar.gz"))
    assert len(stockroom.shelf(PKG, old, form=Format.ANY, rules=RULES).choices) == 1
    assert len(stockroom.shelf(PKG, new, form=Format.ANY, rules=RULES).choices) == 2
