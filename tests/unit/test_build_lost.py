"""Wheels that lost compiled parts, compared with upstream's of the same version."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from archives_helpers import make_wheel
from index_helpers import Bench, json_page, ranged
from packaging.tags import Tag
from packaging.utils import canonicalize_name
from packaging.version import Version

from podwheel.build.lost import Lost, find_lost, lost_of
from podwheel.build.step import Built, Step
from podwheel.errors import OfflineMiss, ProjectNotFound
from podwheel.model import File, Metadata, Wheel

if TYPE_CHECKING:
    from packaging.utils import NormalizedName

NATIVE = "pkg-1.0-cp313-cp313-manylinux_2_17_x86_64.whl"
STABLE = "pkg-1.0-cp38-abi3-manylinux_2_17_x86_64.whl"
OURS = ".cpython-313-x86_64-linux-gnu.so"


class FakeIndex:
    """What `lost_of` asks of an index: files, and the names in them."""

    def __init__(self, files: dict[str, list[str]]) -> None:
        self.listed = files
        self.asked: list[str] = []

    def files(self, name: NormalizedName) -> tuple[File, ...]:
        if name == "offline":
            raise OfflineMiss("not in the store")
        if name != "pkg":
            raise ProjectNotFound(name)
        return tuple(File(filename=f, url=f"https://index.example/{f}") for f in self.listed)

    def wheel_names(self, file: File) -> tuple[str, ...]:
        self.asked.append(file.filename)
        return tuple(self.listed[file.filename])


class FakePython:
    tags = (
        Tag("cp313", "cp313", "manylinux_2_17_x86_64"),
        Tag("cp38", "abi3", "manylinux_2_17_x86_64"),
        Tag("py3", "none", "any"),
    )


PYTHON: Any = FakePython()


def built(*extensions: str, name: str = "pkg", by_us: bool = True) -> Built:
    one = Wheel(
        path=Path("/nowhere"), filename=f"{name}-1.0-py3-none-any.whl", sha256="0" * 64, size=1,
        name=canonicalize_name(name), version=Version("1.0"), tags=frozenset(),
        metadata=Metadata(name=name, version=Version("1.0"), requires=()),
        modules=(name,), extensions=extensions, root_is_purelib=True,
    )  # fmt: skip
    step = Step(
        name=one.name, version="1.0", source="sha256:0", image="i", environment=(), backend="b",
        backend_path=(), config_settings=(), variables=(), patches=(), build_tag=None,
    )  # fmt: skip
    return Built(
        wheel=one, step=step if by_us else None, reused=False, usage=None, log=None, url="u",
        source_sha256="0",
    )  # fmt: skip


def lost(ours: list[str], theirs: list[str], *, filename: str = NATIVE) -> Lost | None:
    index: Any = FakeIndex({filename: theirs})
    return lost_of(built(*ours), index=index, python=PYTHON)


@pytest.mark.parametrize(
    ("theirs", "modules"),
    [
        (["pkg/_fast.so", "pkg/__init__.py"], ("pkg._fast",)),
        (["pkg-1.0.data/platlib/pkg/_fast.abi3.so"], ("pkg._fast",)),
        # No module, but a library that ctypes loads.
        (["pkg/libfast.so", "pkg.libs/libz-1234.so.1"], ()),
        (["pkg/libfast.so.2"], ()),
    ],
)
def test_all_that_was_compiled_is_lost(theirs: list[str], modules: tuple[str, ...]) -> None:
    assert lost([], theirs) == Lost(theirs=NATIVE, modules=modules, all=True)


def test_some_modules_are_lost() -> None:
    found = lost(
        [f"pkg/_a{OURS}", f"pkg/sub/_b{OURS}"],
        ["pkg/_a.abi3.so", "pkg/sub/_b.abi3.so", "pkg/sub/_c.abi3.so", "_top.so", "pkg/x.py"],
    )
    assert found == Lost(theirs=NATIVE, modules=("_top", "pkg.sub._c"), all=False)
    assert str(found) == f"{NATIVE} (has _top, pkg.sub._c)"


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ([f"pkg/_a{OURS}"], ["pkg/_a.abi3.so"]),
        ([f"pkg/_a{OURS}"], ["pkg/_a.so"]),
        (["pkg-1.0.data/platlib/pkg/_a.abi3.so"], [f"pkg/_a{OURS}"]),
        # What is bundled, loaded by ctypes or no shared object at all is no module.
        ([f"pkg/_a{OURS}"], ["pkg/_a.so", "pkg.libs/libz.so", "pkg.libs/foo.so", "pkg/libfoo.so"]),
        ([f"pkg/_a{OURS}"], ["pkg/_a.so", "pkg/not-a-name.so", "pkg/notes.something", "pkg/b.so.1"]),
        # mypyc names its library by a hash of the build.
        ([f"81d243bd2c585b0f4821__mypyc{OURS}"], [f"6ec57f84c680d3a3778b__mypyc{OURS}"]),
        ([f"pkg/_a{OURS}", f"pkg/_b{OURS}"], ["pkg/_a.so"]),
        ([], ["pkg/__init__.py"]),
    ],
)  # fmt: skip
def test_nothing_is_lost(ours: list[str], theirs: list[str]) -> None:
    assert lost(ours, theirs) is None


def test_a_module_whose_name_begins_with_lib() -> None:
    found = lost([f"pkg/_a{OURS}"], ["pkg/_a.so", f"pkg/libfast{OURS}"])
    assert found is not None
    assert found.modules == ("pkg.libfast",)


@pytest.mark.parametrize(
    "filename",
    [
        "pkg-1.0-py3-none-any.whl",
        "pkg-2.0-cp313-cp313-manylinux_2_17_x86_64.whl",
        "pkg-1.0-cp312-cp312-manylinux_2_17_x86_64.whl",
        "pkg-1.0-cp313-cp313-win_amd64.whl",
        "nonsense.whl",
        "pkg-1.0.tar.gz",
    ],
)
def test_wheels_that_say_nothing_of_this_platform(filename: str) -> None:
    assert lost([], ["pkg/_fast.so"], filename=filename) is None


def test_the_wheel_that_an_installer_would_take_is_compared() -> None:
    index: Any = FakeIndex({STABLE: ["pkg/_old.abi3.so"], NATIVE: [f"pkg/_new{OURS}"]})
    found = lost_of(built(), index=index, python=PYTHON)
    assert found is not None
    assert (found.theirs, found.modules) == (NATIVE, ("pkg._new",))
    assert index.asked == [NATIVE]


@pytest.mark.parametrize("name", ["offline", "private"])
def test_nothing_to_compare_with_is_no_error(name: str) -> None:
    index: Any = FakeIndex({})
    assert lost_of(built(name=name), index=index, python=PYTHON) is None


def test_upstreams_own_wheel_is_not_compared() -> None:
    index: Any = FakeIndex({NATIVE: ["pkg/_fast.so"]})
    assert lost_of(built(by_us=False), index=index, python=PYTHON) is None
    assert index.asked == []


def test_all_of_a_run() -> None:
    index: Any = FakeIndex({NATIVE: ["pkg/_fast.so"]})
    several = [built(), built(name="private")]
    found = find_lost(several, index=index, python=PYTHON)
    assert found == {"pkg": Lost(theirs=NATIVE, modules=("pkg._fast",), all=True)}


def test_many_modules_are_counted() -> None:
    theirs = [f"pkg/_m{n}.so" for n in range(9)]
    found = lost([f"pkg/_m0{OURS}"], theirs)
    assert found is not None
    assert found.what == "pkg._m1, pkg._m2, pkg._m3, pkg._m4, pkg._m5 and 3 more"


def test_asking_again_costs_no_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = make_wheel(
        tmp_path,
        {"pkg/_fast.so": b"x" * 100_000, "pkg/__init__.py": b""},
        filename=NATIVE,
        metadata=b"Metadata-Version: 2.1\nName: pkg\nVersion: 1.0\n",
        dist_info="pkg-1.0.dist-info",
    ).read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    with Bench(tmp_path, monkeypatch) as bench:
        listed = {"filename": NATIVE, "hashes": {"sha256": digest}}
        bench.server.routes["/simple/pkg/"] = json_page(listed)
        bench.server.routes[f"/files/{NATIVE}"] = ranged(data)
        index = bench.index()
        first = lost_of(built(), index=index, python=PYTHON)
        asked = len(bench.server.seen)
        assert first is not None
        assert asked > 1
        assert lost_of(built(), index=index, python=PYTHON) == first
        assert lost_of(built(), index=bench.offline(), python=PYTHON) == first
        assert len(bench.server.seen) == asked
