"""What a server must have beside the wheels, in one line and in all detail."""

from __future__ import annotations

import json
from typing import Any

from podwheel.prove.server import RuntimePackage, Server, Unprovided


def package(name: str, **more: Any) -> RuntimePackage:
    values: dict[str, Any] = {"why": "linked", "present": False, **more}
    return RuntimePackage(name=name, **values)


def test_the_line_names_what_the_target_has_not() -> None:
    server = Server(
        packages=(package("libc6", present=True), package("libpq5"), package("libxml2")),
        command="apt-get install",
    )
    assert server.line == "apt-get install libpq5 libxml2"


def test_a_server_that_needs_nothing_has_no_line() -> None:
    server = Server(packages=(package("libc6", present=True),), command="apt-get install")
    assert server.line == ""
    assert server.lacking == ()


def test_more_packages_are_sorted_in_and_keep_what_was_known() -> None:
    first = package("libpq5", minimum="12")
    more = Server(packages=(first,)).with_packages(
        (package("libev4", why="loaded"), package("libpq5", why="loaded"), package("libev4"))
    )
    assert [p.name for p in more.packages] == ["libev4", "libpq5"]
    assert more.packages[1] is first


def test_what_several_wheels_load_is_one_package() -> None:
    (found,) = (
        Server()
        .with_packages(
            (
                package("libev4", libraries=("libev.so.4",), needed_by=("b",)),
                package("libev4", libraries=("libev.so.4",), needed_by=("a",)),
            )
        )
        .packages
    )
    assert (found.libraries, found.needed_by) == (("libev.so.4",), ("a", "b"))


def test_a_server_comes_back() -> None:
    server = Server(
        packages=(package("libpq5", minimum="12", libraries=("libpq.so.5",), needed_by=("x",)),),
        unprovided=(Unprovided(library="libcuda.so.1", needed_by=("x: x.so", "y: y.so")),),
        command="apt-get install",
    )
    assert Server.from_json(json.loads(json.dumps(server.to_json()))) == server


def test_only_podwheel_toml_names_configured_packages() -> None:
    server = Server(
        packages=(
            package("liba1", why="configured"),
            package("libb1"),
            package("libc6", why="configured", present=True),
        )
    )
    assert server.configured == ("liba1",)
