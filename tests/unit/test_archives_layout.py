"""normalise, lay_out, assemble, virtual_environment, and the names of modules."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from archives_helpers import METADATA, NAME, WHEEL, elf, entry, make_wheel, python, record_of
from attrs import evolve

from podwheel.archives import (
    assemble,
    lay_out,
    normalise,
    read_wheel,
    virtual_environment,
)
from podwheel.archives.elf import glibc_version, inspect
from podwheel.archives.modules import top_level_modules
from podwheel.errors import TargetFileError, UsageError, WheelRejected

INFO = "demo-1.0.dist-info"
PREFIX = "/podwheel/env"
SITE = "lib/python3.13/site-packages"


# ------------------------------------------------------------------ normalise


def normalised(path: Path, into: Path, **arguments: object) -> Path:
    into.mkdir()
    values = {"filename": NAME, "build_tag": None, "epoch": 1_600_000_000} | arguments
    return normalise(path, into=into, **values)[0]  # type: ignore[arg-type]


def test_same_content_same_bytes(tmp_path: Path) -> None:
    files = {"demo/__init__.py": b"X = 1\n", "demo/run": b"#!/bin/sh\n", "a.py": b""}
    first = make_wheel(tmp_path, files, modes={"demo/run": 0o700}, filename="1.whl")
    other = dict(reversed(files.items()))
    stored = tmp_path / "2.whl"
    with zipfile.ZipFile(stored, "w") as archive:  # other order, times, modes, method, extra fields
        content = {**other, f"{INFO}/WHEEL": WHEEL, f"{INFO}/METADATA": METADATA}
        archive.writestr(f"{INFO}/RECORD", record_of(content, f"{INFO}/RECORD"))
        for name, data in content.items():
            info = entry(name, mode=0o775 if name == "demo/run" else 0o600)
            info.date_time = (1999, 1, 1, 0, 0, 0)
            info.compress_type = zipfile.ZIP_STORED
            info.extra = b"UT\5\0\1abcd"
            archive.writestr(info, data)
    one, two = normalised(first, tmp_path / "a"), normalised(stored, tmp_path / "b")
    assert one.read_bytes() == two.read_bytes()
    assert read_wheel(one, filename=NAME).modules == ("a", "demo")


def test_canonical_form(tmp_path: Path) -> None:
    path = make_wheel(
        tmp_path,
        {"z.py": b"", "demo/run": b"x", "a.py": b""},
        modes={"demo/run": 0o700},
        extra=[(entry(f"{INFO}/RECORD.jws"), b"{}"), (entry("demo/", kind=stat.S_IFDIR), b"")],
    )
    with zipfile.ZipFile(normalised(path, tmp_path / "out")) as archive:
        infos = archive.infolist()
        rows = archive.read(f"{INFO}/RECORD").decode().splitlines()
    names = [i.filename for i in infos]
    assert names == [
        "a.py",
        "demo/run",
        "z.py",
        *(f"{INFO}/{n}" for n in ("METADATA", "WHEEL", "RECORD")),
    ]
    assert {i.date_time for i in infos} == {(2020, 9, 13, 12, 26, 40)}
    assert {oct(i.external_attr >> 16) for i in infos} == {"0o100644", "0o100755"}
    assert all(not i.extra and i.compress_type == zipfile.ZIP_DEFLATED for i in infos)
    assert [row.split(",")[0] for row in rows] == names


@pytest.mark.parametrize(("epoch", "year"), [(0, 1980), (2**40, 2107)])
def test_times_that_zip_cannot_say(tmp_path: Path, epoch: int, year: int) -> None:
    path = normalised(make_wheel(tmp_path), tmp_path / "out", epoch=epoch)
    with zipfile.ZipFile(path) as archive:
        assert {i.date_time[0] for i in archive.infolist()} == {year}


def test_build_tag(tmp_path: Path) -> None:
    path = normalised(make_wheel(tmp_path), tmp_path / "out", build_tag="1podwheel")
    assert path.name == "demo-1.0-1podwheel-py3-none-any.whl"
    read_wheel(path, filename=path.name)
    with zipfile.ZipFile(path) as archive:
        assert archive.read(f"{INFO}/WHEEL") == WHEEL + b"Build: 1podwheel\n"
    again, name = normalise(path, filename=path.name, build_tag="2", epoch=0, into=tmp_path)
    assert name == "demo-1.0-2-py3-none-any.whl"
    with zipfile.ZipFile(again) as archive:
        assert archive.read(f"{INFO}/WHEEL") == WHEEL + b"Build: 2\n"


@pytest.mark.parametrize("tag", ["podwheel", "1-2", "", "1/2"])
def test_no_build_tag(tmp_path: Path, tag: str) -> None:
    with pytest.raises(UsageError, match="not a build tag"):
        normalised(make_wheel(tmp_path), tmp_path / "out", build_tag=tag)


# ------------------------------------------------------------------ lay_out

ENTRY_POINTS = b"""
[console_scripts]
demo = demo.cli:main
[gui_scripts]
demo-gui = demo.gui:App.run
[other]
x = nonsense!
"""


def laid_out(tmp_path: Path, files: dict[str, bytes], **arguments: object) -> Path:
    path = make_wheel(tmp_path, files, modes={"demo/run": 0o755})
    into = tmp_path / "tree"
    values = {"python": python(), "prefix": PREFIX} | arguments
    lay_out(path, filename=NAME, into=into, **values)  # type: ignore[arg-type]
    return into


def modes(tree: Path) -> dict[str, str]:
    return {
        str(p.relative_to(tree)): oct(p.stat().st_mode & 0o7777)
        for p in sorted(tree.rglob("*"))
        if p.is_file()
    }


def test_every_scheme(tmp_path: Path) -> None:
    data = "demo-1.0.data"
    tree = laid_out(
        tmp_path,
        {
            "demo/__init__.py": b"",
            "demo/run": b"",
            "demo/__pycache__/__init__.cpython-313.pyc": b"stale",
            f"{INFO}/entry_points.txt": ENTRY_POINTS,
            f"{INFO}/INSTALLER": b"evil",
            f"{data}/purelib/p.py": b"",
            f"{data}/platlib/q.py": b"",
            f"{data}/scripts/tool": b"#!python -u\nprint(1)\n",
            f"{data}/scripts/binary": b"\x7fELF#!python",
            f"{data}/headers/demo.h": b"",
            f"{data}/data/share/demo/x.txt": b"x",
        },
    )
    assert modes(tree) == {
        "bin/binary": "0o555",
        "bin/demo": "0o555",
        "bin/demo-gui": "0o555",
        "bin/tool": "0o555",
        "include/site/python3.13/demo/demo.h": "0o444",
        f"{SITE}/demo/__init__.py": "0o444",
        f"{SITE}/demo/run": "0o555",
        **{f"{SITE}/{INFO}/{n}": "0o444" for n in ("INSTALLER", "METADATA", "RECORD", "WHEEL")},
        f"{SITE}/{INFO}/entry_points.txt": "0o444",
        f"{SITE}/p.py": "0o444",
        f"{SITE}/q.py": "0o444",
        "share/demo/x.txt": "0o444",
    }
    assert (tree / "bin/tool").read_bytes() == b"#!/podwheel/env/bin/python -u\nprint(1)\n"
    assert (tree / "bin/binary").read_bytes() == b"\x7fELF#!python"
    assert (tree / "bin/demo").read_text().startswith("#!/podwheel/env/bin/python\n")
    assert "from demo.gui import App" in (tree / "bin/demo-gui").read_text()
    assert (tree / SITE / INFO / "INSTALLER").read_bytes() == b"podwheel\n"
    assert {p.stat().st_mtime for p in tree.rglob("*") if p.is_file()} == {946684800.0}


def test_a_wheel_that_another_podwheel_has_linked(tmp_path: Path) -> None:
    path = make_wheel(tmp_path, {"demo/__init__.py": b""})
    (tmp_path / "verifying.whl").hardlink_to(path)
    lay_out(path, filename=NAME, python=python(), prefix=PREFIX, into=tmp_path / "tree")
    assert (tmp_path / "tree" / SITE / "demo/__init__.py").is_file()


def test_installed_record(tmp_path: Path) -> None:
    tree = laid_out(tmp_path, {"demo.py": b"X = 1\n", "demo-1.0.data/scripts/tool": b"#!python\n"})
    text = (tree / SITE / INFO / "RECORD").read_text()
    rows = dict(line.split(",", 1) for line in text.splitlines())
    assert set(rows) == {
        "demo.py",
        "../../../bin/tool",
        *(f"{INFO}/{n}" for n in ("INSTALLER", "METADATA", "RECORD", "WHEEL")),
    }
    expected = record_of({"x": (tree / "bin/tool").read_bytes()}, "").decode().split("\n")[0]
    assert rows["../../../bin/tool"] == expected.split(",", 1)[1]
    assert rows[f"{INFO}/RECORD"] == ","


def test_the_entry_point_wins_over_a_script_of_its_name(tmp_path: Path) -> None:
    tree = laid_out(
        tmp_path,
        {f"{INFO}/entry_points.txt": ENTRY_POINTS, "demo-1.0.data/scripts/demo": b"#!python\nold"},
    )
    assert "from demo.cli import main" in (tree / "bin/demo").read_text()
    assert (tree / SITE / INFO / "RECORD").read_text().count("bin/demo,") == 1


def test_lib64_is_lib(tmp_path: Path) -> None:
    fedora = python(platlib="lib64/python3.13/site-packages")
    path = make_wheel(tmp_path, {"demo.py": b""}, wheel=WHEEL.replace(b"true", b"false"))
    lay_out(path, filename=NAME, python=fedora, prefix=PREFIX, into=tmp_path / "tree")
    virtual_environment(tmp_path / "env", fedora)
    assemble([tmp_path / "tree"], into=tmp_path / "env")
    assert (tmp_path / "env/lib64/python3.13/site-packages/demo.py").is_file()
    assert (tmp_path / "env/lib64").is_symlink()


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({f"{INFO}/entry_points.txt": b"[console_scripts]\n../../x = a:b\n"}, "no file name"),
        ({f"{INFO}/entry_points.txt": b"[console_scripts]\nx = a b\n"}, "malformed"),
        ({f"{INFO}/entry_points.txt": b"[console_scripts]\nx = a\n"}, "malformed"),
        ({f"{INFO}/entry_points.txt": b"x = a:b\n"}, "no section headers"),
        ({f"{INFO}/entry_points.txt": b"[console_scripts]\npython = a:b\n"}, "replace bin/python"),
        ({"demo-1.0.data/scripts/python3.13": b""}, "replace bin/python3.13"),
        ({"demo-1.0.data/data/pyvenv.cfg": b""}, "replace pyvenv.cfg"),
        ({"demo-1.0.data/data/lib64": b""}, "replace lib64"),
        ({"demo-1.0.data/data/bin/x": b"", "demo-1.0.data/scripts/x/y": b""}, "needs a directory"),
    ],
)
def test_what_cannot_be_installed(tmp_path: Path, files: dict[str, bytes], message: str) -> None:
    with pytest.raises(WheelRejected, match=message):
        laid_out(tmp_path, files)
    assert not list(tmp_path.parent.glob("x"))


# ------------------------------------------------------------------ assemble


def tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_files_are_links_directories_are_not(tmp_path: Path) -> None:
    one = tree(tmp_path / "1", {"lib/a/x": "x", "bin/t": "t"})
    two = tree(tmp_path / "2", {"lib/a/y": "y"})
    (two / "bin").mkdir()
    (two / "bin/link").symlink_to("t")
    assemble([one, two], into=tmp_path / "env")
    env = tmp_path / "env"
    assert (env / "lib/a/x").samefile(one / "lib/a/x")
    assert (env / "lib/a/y").samefile(two / "lib/a/y")
    assert (env / "bin/link").readlink() == Path("t")
    shutil.rmtree(env)
    assert (one / "lib/a/x").read_text() == "x"


def test_the_later_part_stands_and_the_earlier_is_unharmed(tmp_path: Path) -> None:
    one, two = tree(tmp_path / "1", {"ns/x": "1"}), tree(tmp_path / "2", {"ns/x": "2"})
    assemble([one, two], into=tmp_path / "env")
    assert (tmp_path / "env/ns/x").read_text() == "2"
    assert (one / "ns/x").read_text() == "1"


def test_parts_may_be_added_later(tmp_path: Path) -> None:
    one, two = tree(tmp_path / "1", {"ns/x": "1"}), tree(tmp_path / "2", {"ns/y": "2"})
    assemble([one], into=tmp_path / "env")
    assemble([one, two], into=tmp_path / "env")
    assert sorted(p.name for p in (tmp_path / "env/ns").iterdir()) == ["x", "y"]


@pytest.mark.parametrize("order", [("1", "2"), ("2", "1")])
def test_a_file_where_another_has_a_directory(tmp_path: Path, order: tuple[str, str]) -> None:
    tree(tmp_path / "1", {"x": ""})
    tree(tmp_path / "2", {"x/y": ""})
    with pytest.raises(WheelRejected, match="x is a file in one and a directory in the other"):
        assemble([tmp_path / part for part in order], into=tmp_path / "env")


def test_copies_where_links_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*_: object, **__: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", link)
    one = tree(tmp_path / "1", {"a/x": "x"})
    (one / "a/x").chmod(0o555)
    assemble([one], into=tmp_path / "env")
    assert (tmp_path / "env/a/x").read_text() == "x"
    assert (tmp_path / "env/a/x").stat().st_mode & 0o777 == 0o555
    assert not (tmp_path / "env/a/x").samefile(one / "a/x")


# ------------------------------------------------------------------ virtual_environment


def test_a_working_environment(tmp_path: Path) -> None:
    """With this system's own Python: prefix, site-packages and scripts are the environment's."""
    major, minor = sys.version_info[:2]
    here = f"lib/python{major}.{minor}/site-packages"
    ours = python(
        executable=str(Path(sys.executable).resolve()),
        version=".".join(map(str, sys.version_info[:3])),
        purelib=here,
        platlib=here,
    )
    env = tmp_path / "env"
    virtual_environment(env, ours)
    path = make_wheel(
        tmp_path,
        {
            "demo/__init__.py": b"def main():\n    print('main ran')\n",
            f"{INFO}/entry_points.txt": b"[console_scripts]\ndemo = demo:main\n",
        },
    )
    lay_out(path, filename=NAME, python=ours, prefix=str(env), into=tmp_path / "tree")
    assemble([tmp_path / "tree"], into=env)
    code = (
        "import sys, json, sysconfig, importlib.metadata as m;"
        "print(json.dumps([sys.prefix, sys.prefix != sys.base_prefix,"
        "sysconfig.get_path('purelib'), m.version('demo')]))"
    )
    for alias in ("python", f"python{major}", f"python{major}.{minor}"):
        out = subprocess.run([env / "bin" / alias, "-c", code], capture_output=True, check=True)
        assert json.loads(out.stdout) == [str(env), True, str(env / here), "1.0"]
    out = subprocess.run([env / "bin/demo"], capture_output=True, check=True)
    assert out.stdout == b"main ran\n"


PYTHON_2 = python(
    executable="/usr/bin/python2.7",
    version="2.7.18",
    purelib="lib/python2.7/site-packages",
    platlib="lib64/python2.7/site-packages",
    include="include/site/python2.7",
    stdlib=("/usr/lib64/python2.7", "/usr/lib64/python2.7/lib-dynload"),
)


def test_python_2_is_led_to_its_environment_by_name_and_landmark(tmp_path: Path) -> None:
    """No ``pyvenv.cfg``: tests/podman runs it. Here what it looks for is where it looks."""
    env = tmp_path / "env"
    virtual_environment(env, PYTHON_2)
    own = env / "lib/python2.7"
    assert sorted(p.name for p in own.iterdir()) == [
        "lib-dynload", "os.py", "site-packages", "site.py",
    ]  # fmt: skip
    assert (own / "os.py").readlink() == Path("/usr/lib64/python2.7/os.py")
    assert (env / "include/python2.7").readlink() == Path("/usr/include/python2.7")
    assert (env / "lib64").readlink() == Path("lib")
    first, *call = (env / "bin/python2.7").read_text().splitlines()
    assert first == "#!/usr/bin/python2.7 -ESs"
    assert "os.execv('/usr/bin/python2.7', [os.path.abspath(sys.argv[0])" in call[-1]
    assert stat.S_IMODE((env / "bin/python2.7").stat().st_mode) == 0o755
    for alias in ("python", "python2"):
        assert (env / "bin" / alias).readlink() == Path("python2.7")
    site = (own / "site.py").read_text()
    compile(site, "site.py", "exec")
    assert "sys.real_prefix = '/usr'" in site
    assert "+ ['/usr/lib64/python2.7', '/usr/lib64/python2.7/lib-dynload']" in site
    assert "addsitedir(sys.prefix + '/lib/python2.7/site-packages')" in site


@pytest.mark.parametrize("name", ["site.py", "os.py", "lib-dynload"])
def test_no_wheel_replaces_what_leads_python_2(tmp_path: Path, name: str) -> None:
    path = make_wheel(tmp_path, {f"demo-1.0.data/data/lib64/python2.7/{name}": b""})
    with pytest.raises(WheelRejected, match=f"would replace lib/python2.7/{name}"):
        lay_out(path, filename=NAME, python=PYTHON_2, prefix=PREFIX, into=tmp_path / "tree")


@pytest.mark.parametrize("changes", [{"version": "3.2.6"}, {"stdlib": ()}])
def test_an_older_python_is_told(tmp_path: Path, changes: dict[str, object]) -> None:
    with pytest.raises(TargetFileError, match="knows no virtual environments"):
        virtual_environment(tmp_path / "env", evolve(PYTHON_2, **changes))


# ------------------------------------------------------------------ modules


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        ("demo/__init__.py demo/x.py", "demo"),
        ("a.py b.pyc setup-x.py class.py __init__.py", "a b"),
        ("x.cpython-313-x86_64-linux-gnu.so y.abi3.so z.so libz.so.1", "x y z"),
        ("pkg/__init__.cpython-313-x86_64-linux-gnu.so", "pkg"),
        ("ns/a/__init__.py ns/b/__init__.py ns/py.typed", "ns.a ns.b"),
        ("ns/deep/a/__init__.py", "ns.deep.a"),
        ("ns/a.py ns/data.txt", "ns.a"),
        ("demo/__init__.py tests/test_x.py docs/conf.py", "demo"),
        ("ns/ext.abi3.so tests/test_x.py", "ns.ext"),
        ("demo-stubs/__init__.pyi share/x.txt data/y.json", ""),
        ("demo/__pycache__/x.pyc demo.pth", ""),
        ("1abc__mypyc.cpython-313-x86_64-linux-gnu.so m.py", "m"),
        ("a/b/c/d/e/f/g/h/i/j.py", ""),
    ],
)
def test_modules(paths: str, expected: str) -> None:
    assert " ".join(top_level_modules(paths.split())) == expected


def test_what_top_level_txt_confirms() -> None:
    paths = ["demo/__init__.py", "benchmarks/__init__.py"]
    assert top_level_modules(paths, stated=["demo", "_gone"]) == ("demo",)
    assert top_level_modules(paths, stated=["other"]) == ("benchmarks", "demo")


def test_old_namespace_packages_are_descended() -> None:
    paths = ["zope/__init__.py", "zope/event/__init__.py"]
    assert top_level_modules(paths) == ("zope",)
    assert top_level_modules(paths, namespaces=["zope"]) == ("zope.event",)


def test_modules_of_a_wheel_count_its_data(tmp_path: Path) -> None:
    data = "demo-1.0.data"
    path = make_wheel(
        tmp_path,
        {
            f"{data}/platlib/p/__init__.py": b"",
            f"{data}/scripts/s.py": b"",
            f"{data}/data/d/__init__.py": b"",
        },
    )
    assert read_wheel(path, filename=NAME).modules == ("p",)


# ------------------------------------------------------------------ elf


def test_inspect_this_interpreter() -> None:
    with Path(sys.executable).resolve().open("rb") as file:
        found = inspect(file, where="python")
    versions = [glibc_version(symbol.version) for symbol in found.undefined if symbol.version]
    assert max(filter(None, versions), default=(2, 2)) >= (2, 2)
    assert any(name.startswith(("libc.", "libpython")) for name in found.needed)


@pytest.mark.parametrize("data", [elf()[:20], b"\x7fELF" + b"\xff" * 200, b""])
def test_inspect_damaged(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.so"
    path.write_bytes(data)
    with path.open("rb") as file, pytest.raises(WheelRejected, match="damaged ELF"):
        inspect(file, where="x.so")
