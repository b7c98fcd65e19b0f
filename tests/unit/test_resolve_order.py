"""Which name resolvelib is told to look at next; remembered, and never for longer than it holds."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from packaging.specifiers import SpecifierSet

from podwheel.resolve.order import PROMOTED_AFTER, Order


def need(name: str, specifier: str = "") -> Any:
    return SimpleNamespace(
        identifier=name, specifier=SpecifierSet(specifier), direct=None, same=None
    )


class Information:
    """Who needs what, and how often that was asked for."""

    def __init__(self, **needs: list[str]) -> None:
        self.needs = needs
        self.asked: list[str] = []

    def __getitem__(self, name: str) -> Any:
        self.asked.append(name)
        return iter([SimpleNamespace(requirement=need(name, s)) for s in self.needs[name]])


def after(order: Order, information: Any, *names: str, pinned: int = 0, causes: Any = ()) -> str:
    resolutions: Any = {f"pinned-{n}": None for n in range(pinned)}
    return order.next(list(names), resolutions, information, causes)


def test_what_leaves_the_fewest_candidates_goes_first() -> None:
    information: Any = Information(a=[""], b=[">1"], c=["<2"], d=["==1"])
    order = Order({"a"})
    assert after(order, information, "a", "b", "c", "d") == "d"
    assert after(order, information, "a", "b", "c", pinned=1) == "c"
    assert after(order, information, "a", "b", pinned=2) == "a"  # a line of the user's asks for it


def test_a_preference_is_made_once_and_again_when_something_else_needs_it() -> None:
    information: Any = Information(a=[""], b=[">1"])
    order = Order(())
    assert after(order, information, "a", "b", pinned=1) == "b"
    assert after(order, information, "a", "b", pinned=2) == "b"
    assert information.asked == ["a", "b"]
    information.needs["a"].append("==3")
    order.needed_by_one_more("a")
    assert after(order, information, "a", "b", pinned=3) == "a"
    assert information.asked == ["a", "b", "a"]


def test_nothing_is_remembered_when_resolvelib_goes_back() -> None:
    information: Any = Information(a=["==3"], b=[">1"])
    order = Order(())
    assert after(order, information, "a", "b", pinned=4) == "a"
    information.needs["a"] = [""]
    assert after(order, information, "a", "b", pinned=2) == "b"


def test_nothing_is_remembered_when_a_pin_no_longer_holds() -> None:
    information: Any = Information(a=["==3"], b=[">1"])
    order = Order(())
    assert order.next(["a", "b"], {}, information, ()) == "a"
    information.needs["a"] = [""]
    pinned: Any = {"b": None}
    assert order.next(["a", "b"], pinned, information, ()) == "b"


def test_causes_of_a_conflict_go_first_and_what_conflicts_often_stays_in_front() -> None:
    information: Any = Information(a=["==3"], b=[""], c=[">1"])
    order = Order(())
    cause = SimpleNamespace(requirement=need("b"), parent=None)
    for number in range(PROMOTED_AFTER):
        assert after(order, information, "a", "b", pinned=number, causes=[cause]) == "b"
    assert after(order, information, "a", "b", "c", pinned=PROMOTED_AFTER) == "b"
    assert order.conflicts == {"b": PROMOTED_AFTER}
