"""guest/install.py and guest/imports.py."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from guest_helpers import every_python, guest

HOSTILE_PTH = "import sys; sys.modules['pip'] = None\n"


def wheel(house: Path, name: str, files: dict[str, str], requires: str = "") -> None:
    """A wheel made by hand."""
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
    if requires:
        metadata += f"Requires-Dist: {requires}\n"
    info = f"{name}-1.0.dist-info"
    tags = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    content = {**files, f"{info}/METADATA": metadata, f"{info}/WHEEL": tags}
    record = ""
    for path, text in content.items():
        digest = (
            base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        )
        record += f"{path},sha256={digest},{len(text.encode())}\n"
    content[f"{info}/RECORD"] = record + f"{info}/RECORD,,\n"
    with zipfile.ZipFile(house / f"{name}-1.0-py3-none-any.whl", "w") as archive:
        for path, text in content.items():
            archive.writestr(path, text)


@pytest.fixture
def pip(tmp_path: Path) -> Path:
    """The running Python's pip, as a wheel."""
    package = Path(pytest.importorskip("pip").__file__).parent
    path = tmp_path / "pip-0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for directory in (package, *package.parent.glob("pip-*.dist-info")):
            for file in directory.rglob("*"):
                if file.is_file() and file.suffix != ".pyc":
                    archive.write(file, file.relative_to(package.parent))
    return path


def test_a_wheelhouse_installs_and_is_checked(tmp_path: Path, pip: Path) -> None:
    house = tmp_path / "house"
    house.mkdir()
    wheel(house, "alpha", {"alpha.py": "", "alpha.pth": HOSTILE_PTH}, requires="beta>=1")
    wheel(house, "beta", {"beta.py": ""})
    with guest("install.py", tmp_path, sys.executable) as running:
        reply = running.ask(
            "install", pip=str(pip), wheelhouse=str(house), requirements=["alpha==1.0", "beta==1.0"]
        )
    assert (reply["ok"], reply["installed"], reply["consistent"]) == (True, True, True), reply[
        "output"
    ]
    assert "No broken requirements" in reply["output"]
    assert list((tmp_path / "build/venv/lib").glob("python3.*/site-packages/alpha.py"))


@pytest.mark.parametrize(
    ("requires", "requirement"), [("gamma", "alpha==1.0"), ("", "absent==1.0")]
)
def test_a_wheelhouse_that_lacks_something(
    tmp_path: Path, pip: Path, requires: str, requirement: str
) -> None:
    house = tmp_path / "house"
    house.mkdir()
    wheel(house, "alpha", {"alpha.py": ""}, requires=requires)
    with guest("install.py", tmp_path, sys.executable) as running:
        reply = running.ask(
            "install", pip=str(pip), wheelhouse=str(house), requirements=[requirement]
        )
    assert (reply["ok"], reply["installed"]) == (False, False)
    assert "No matching distribution" in reply["output"]


def tree(root: Path, python: str, **modules: str) -> str:
    """A build environment's stand-in: an interpreter and, through a .pth-free path, modules."""
    packages = root / "modules"
    (root / "bin").mkdir(parents=True)
    packages.mkdir()
    for name, text in modules.items():
        (packages / f"{name}.py").write_text(text)
    boot = root / "boot.py"
    boot.write_text(f"import sys; sys.path.append({str(packages)!r})\n")
    # As a venv would, but without needing one: Python 2.7 has none.
    script = root / "bin/python"
    script.write_text(
        f'#!/bin/sh\ncase $1 in -c) exec {python} "$@";; esac\n'
        f'while [ "${{1#-}}" != "$1" ]; do shift; done\nfile=$1; shift\n'
        f"exec {python} -c \"exec(open('{boot}').read()); sys.argv[:] = sys.argv[1:]; "
        f'__file__ = sys.argv[0]; exec(compile(open(__file__).read(), __file__, \'exec\'))" $file "$@"\n'
    )
    script.chmod(0o755)
    return str(root)


@every_python
def test_imports_are_kept_apart(tmp_path: Path, python: str) -> None:
    good = tree(
        tmp_path / "good", python, fine="", raising="import no_such", leaving="raise SystemExit(3)"
    )
    bad = tree(
        tmp_path / "bad",
        python,
        crashing="import os; os.kill(os.getpid(), 11)",
        forging="import os; os.write(3, b'[]\\n{}\\n'); os._exit(0)",
        sleeping="import time; time.sleep(1000)",
        after="",
    )
    test = [["python", "-c", "print('tested')"], ["python", "-c", "raise SystemExit('broken')"]]
    with guest("imports.py", tmp_path, python) as running:
        reply = running.ask(
            "import",
            environments=[
                {"name": "bad", "root": bad, "modules": ["crashing", "forging", "sleeping", "after"], "test": test[1], "timeout": 3},
                {"name": "good", "root": good, "modules": ["fine", "raising", "leaving"], "extensions": ["fine"], "test": test[0]},
            ],
        )  # fmt: skip
        assert running.ask("exit") == {"ok": True}
    assert reply["ok"] is True
    found = {r["name"]: r for r in reply["results"]}
    told = {m["module"]: m for r in reply["results"] for m in r["modules"]}
    assert {name for name, m in told.items() if m["ok"]} == {"after", "fine"}
    assert told["crashing"]["said"] == "killed by signal 11"
    assert told["forging"]["said"] == "the process ended with code 0"
    assert told["sleeping"]["said"] == "it took too long"
    assert "no_such" in told["raising"]["said"]
    assert "SystemExit" in told["leaving"]["said"]
    assert found["good"]["extensions"] == [{"module": "fine", "ok": True, "said": ""}]
    assert (found["good"]["test"]["ok"], found["good"]["test"]["output"]) == (True, "tested\n")
    assert found["bad"]["test"]["ok"] is False
    assert "broken" in found["bad"]["test"]["output"]


def test_a_real_virtual_environment(tmp_path: Path) -> None:
    """The importer is found under -I, and its directory is not on the modules' path."""
    root = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(root)], check=True)
    with guest("imports.py", tmp_path, sys.executable) as running:
        reply = running.ask(
            "import",
            environments=[{"name": "x", "root": str(root), "modules": ["json", "common", "_ssl"]}],
        )
    assert [m["ok"] for m in reply["results"][0]["modules"]] == [True, False, True]
