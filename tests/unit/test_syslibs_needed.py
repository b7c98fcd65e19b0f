"""What wheels need of the system, from ELF files made by hand; and who brings what."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from archives_helpers import elf, make_wheel
from needed_helpers import shared_object

from podwheel.archives import read_wheel
from podwheel.errors import WheelRejected
from podwheel.syslibs import needed
from podwheel.syslibs.needed import Object, User, from_json, needed_by, objects_of, to_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from podwheel.model import Wheel
    from podwheel.syslibs.needed import Need

ARM = 183
SUFFIX = ".cpython-313-x86_64-linux-gnu.so"


def wheel_of(
    directory: Path,
    files: Mapping[str, bytes],
    *,
    name: str = "demo",
    requires: Sequence[str] = (),
) -> Wheel:
    lines = [f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"]
    lines += [f"Requires-Dist: {r}\n" for r in requires]
    filename = f"{name}-1.0-py3-none-any.whl"
    path = make_wheel(
        directory, files, filename=filename, metadata="".join(lines).encode(),
        dist_info=f"{name}-1.0.dist-info",
    )  # fmt: skip
    return read_wheel(path, filename=filename)


def needs(*wheels: Wheel, machine: str = "x86_64") -> dict[str, Need]:
    return {need.soname: need for need in needed_by(wheels, machine=machine)}


def test_a_library_of_the_system_with_its_symbols(tmp_path: Path) -> None:
    one = shared_object(
        needed=("libpq.so.5", "libssl.so.3", "libc.so.6"),
        undefined=(
            ("PQconnectdb", None, None),
            ("PyErr_SetString", None, None),
            ("_Py_NoneStruct", None, None),
            ("SSL_new", "OPENSSL_3.0.0", "libssl.so.3"),
            ("memcpy", "GLIBC_2.14", "libc.so.6"),
            ("puts", "GLIBC_2.2.5", "libc.so.6"),
        ),
    )
    wheel = wheel_of(tmp_path, {f"demo/_x{SUFFIX}": one, "demo/__init__.py": b""})
    found = needs(wheel)
    assert list(found) == ["libc.so.6", "libpq.so.5", "libssl.so.3"]
    assert found["libpq.so.5"].by == (User(wheel=wheel.name, path=f"demo/_x{SUFFIX}"),)
    assert str(found["libpq.so.5"].by[0]) == f"demo: demo/_x{SUFFIX}"
    assert found["libpq.so.5"].symbols == {"PQconnectdb@Base"}
    assert found["libssl.so.3"].symbols == {"SSL_new@OPENSSL_3.0.0", "PQconnectdb@Base"}
    # Of the C library the version nodes: which of its functions does not matter.
    assert found["libc.so.6"].symbols == {
        "GLIBC_2.14@GLIBC_2.14", "GLIBC_2.2.5@GLIBC_2.2.5", "PQconnectdb@Base",
    }  # fmt: skip


def test_who_needs_only_the_c_library_keeps_no_other_symbols(tmp_path: Path) -> None:
    one = shared_object(
        needed=("libc.so.6",),
        undefined=(("PyList_New", None, None), ("own", None, None), ("puts", "GLIBC_2.2.5", "libc.so.6")),
    )  # fmt: skip
    (found,) = objects_of(wheel_of(tmp_path, {"demo/_x.so": one}))
    assert found.loose == ()
    assert found.bound == (("libc.so.6", ("GLIBC_2.2.5@GLIBC_2.2.5",)),)


def test_who_links_pythons_library_keeps_its_symbols(tmp_path: Path) -> None:
    one = shared_object(needed=("libpython3.13.so.1.0",), undefined=(("Py_Main", None, None),))
    wheel = wheel_of(tmp_path, {"demo/_x.so": one})
    assert needs(wheel)["libpython3.13.so.1.0"].symbols == {"Py_Main@Base"}


def test_what_the_wheel_brings_is_not_needed(tmp_path: Path) -> None:
    files = {
        "demo/_x.so": shared_object(needed=("libfoo-1234.so.1", "libbar.so.2", "libz.so.1")),
        "demo.libs/libfoo-1234.so.1": shared_object(needed=("libm.so.6",)),
        "demo/plugins/bar.so": shared_object(soname="libbar.so.2"),  # by its soname
        "demo-1.0.data/scripts/tool": shared_object(needed=("libedit.so.2",)),
    }
    assert list(needs(wheel_of(tmp_path, files))) == ["libedit.so.2", "libm.so.6", "libz.so.1"]


def test_what_a_required_wheel_brings_is_not_needed(tmp_path: Path) -> None:
    core = wheel_of(tmp_path, {"core/lib/libcore.so": shared_object()}, name="core")
    middle = wheel_of(tmp_path, {}, name="middle", requires=["core>=1"])
    user = wheel_of(
        tmp_path, {"user/_x.so": shared_object(needed=("libcore.so",))}, name="user",
        requires=["Middle"],
    )  # fmt: skip
    assert needs(core, middle, user) == {}


def test_what_an_unrelated_wheel_has_does_not_count(tmp_path: Path) -> None:
    files = {"vision.libs/libpng16.so.16": shared_object(), "vision/_x.so": shared_object()}
    vision = wheel_of(tmp_path, files, name="vision")
    user = wheel_of(tmp_path, {"u.so": shared_object(needed=("libpng16.so.16",))}, name="user")
    need = needs(vision, user)["libpng16.so.16"]
    assert need.brought_by == ("vision",)
    assert [str(u) for u in need.by] == ["user: u.so"]


def test_files_for_other_machines_are_data(tmp_path: Path) -> None:
    files = {
        "demo/arm/libfoo.so.1": shared_object(machine=ARM, needed=("libarm.so.1",)),
        "demo/_x.so": shared_object(needed=("libfoo.so.1",)),
    }
    wheel = wheel_of(tmp_path, files)
    assert list(needs(wheel)) == ["libfoo.so.1"]
    assert list(needs(wheel, machine="aarch64")) == ["libarm.so.1"]


def test_several_users_of_one_library(tmp_path: Path) -> None:
    def using(symbol: str) -> bytes:
        return shared_object(needed=("libpq.so.5",), undefined=((symbol, None, None),))

    one = wheel_of(tmp_path, {"b.so": using("PQa"), "a.so": using("PQb")}, name="one")
    two = wheel_of(tmp_path, {"c.so": using("PQa")}, name="another")
    need = needs(one, two)["libpq.so.5"]
    assert [str(u) for u in need.by] == ["another: c.so", "one: a.so", "one: b.so"]
    assert need.symbols == {"PQa@Base", "PQb@Base"}


def test_a_path_as_a_needed_name_is_kept(tmp_path: Path) -> None:
    files = {
        "x.so": shared_object(needed=("/opt/lib/libodd.so", "/build/demo/libown.so")),
        "demo/libown.so": shared_object(),
    }
    assert list(needs(wheel_of(tmp_path, files))) == ["/opt/lib/libodd.so"]


def test_strange_names_are_made_harmless(tmp_path: Path) -> None:
    one = shared_object(needed=("lib\n\x1b[31mfoo.so", "-oDir::x $(y)", "é" * 300))
    for soname in needs(wheel_of(tmp_path, {"x.so": one})):
        assert soname.isascii()
        assert soname.isprintable()
        assert soname.startswith("'")


def test_a_damaged_file_is_passed_over(tmp_path: Path) -> None:
    files = {"bad.so": elf()[:30], "good.so": shared_object(needed=("libpq.so.5",))}
    wheel = wheel_of(tmp_path, files)
    assert wheel.extensions == ("bad.so", "good.so")
    assert [o.path for o in objects_of(wheel)] == ["good.so"]


def test_a_wheel_that_changed_is_refused(tmp_path: Path) -> None:
    wheel = wheel_of(tmp_path, {"x.so": shared_object()})
    wheel.path.unlink()
    wheel_of(tmp_path, {"y.so": shared_object()})
    with pytest.raises(WheelRejected, match=r"x\.so is not there"):
        objects_of(wheel)


def test_symbols_beyond_all_measure_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(needed, "_SYMBOLS_LIMIT", 30)
    one = shared_object(needed=("libx.so.1",), undefined=(("a" * 20, None, None),))
    first, second = objects_of(wheel_of(tmp_path, {"a.so": one, "b.so": one}))
    assert (len(first.loose), len(second.loose)) == (1, 0)
    assert second.needed == ("libx.so.1",)


# ------------------------------------------------------------ kept in the store


def test_objects_survive_json(tmp_path: Path) -> None:
    one = shared_object(
        soname="lib\x01x.so",
        needed=("libpq.so.5", "libssl.so.3"),
        undefined=(("PQa", None, None), ("SSL_new", "OPENSSL_3.0.0", "libssl.so.3")),
    )
    objects = objects_of(
        wheel_of(tmp_path, {"a.so": one, "b.so": one, "arm.so": shared_object(machine=ARM)})
    )
    document = json.loads(json.dumps(to_json(objects)))
    assert from_json(document) == objects
    assert document["symbols"] == ["PQa@Base", "SSL_new@OPENSSL_3.0.0"]


@pytest.mark.parametrize("document", [{}, {"format": 0}, {"format": needed.FORMAT + 1}])
def test_documents_of_another_format_count_as_absent(document: dict[str, object]) -> None:
    assert from_json(document) is None


def test_kept_objects_are_used_instead_of_the_wheel(tmp_path: Path) -> None:
    wheel = wheel_of(tmp_path, {"x.so": shared_object(needed=("libpq.so.5",))})
    kept = Object(path="x.so", machine=62, soname=None, needed=("libkept.so.1",))
    found = needed_by([wheel], machine="x86_64", objects=lambda _: [kept])
    assert [need.soname for need in found] == ["libkept.so.1"]
