"""A bundle on servers that have Python and nothing else: no pip, no compiler, no network."""

from __future__ import annotations

import hashlib
import json
import subprocess
from typing import TYPE_CHECKING

import pytest
from attrs import frozen
from system_packages import server_line

from podwheel import process, targets
from podwheel.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import NewPodwheel
    from local_index import LocalIndex
    from podwheel_cli import Podwheel, Result

    from podwheel.model import Image, Target

# One package comes from the distribution's mirror, into image layers of its own.
pytestmark = [pytest.mark.podman, pytest.mark.network]

IMPORTS = "import c_extension, needs_header, pure_hatch"


@frozen(kw_only=True)
class Built:
    """A wheelhouse, its bundle unpacked, and the image of a server that has all it needs."""

    podwheel: Podwheel
    told: Result
    root: Path
    server: Image


@pytest.fixture(scope="module")
def bundle(
    new_podwheel: NewPodwheel, backends: dict[str, bytes], target: Target
) -> Iterator[Built]:
    from local_index import LocalIndex

    with LocalIndex(backends) as index, new_podwheel(index) as podwheel:
        podwheel("build", "c-extension", "needs-header", "pure-hatch", timeout=300)
        index.stop()  # the pip that proved the wheels is in the store
        told = podwheel("bundle", "wheelhouse")
        subprocess.run(
            ["tar", "-C", podwheel.cwd, "-xf", podwheel.cwd / "wheelhouse-bundle.tar"], check=True
        )
        definition = targets.load(target.name, cwd=podwheel.cwd)
        lacking = server_line(podwheel).split()[2:]
        server = targets.prepare_server(definition, target, lacking, store=Store(podwheel.store))
        yield Built(
            podwheel=podwheel, told=told, root=podwheel.cwd / "wheelhouse-bundle", server=server
        )


def on(image: Image, root: Path, script: str, *, code: int = 0) -> str:
    """Run *script* as a plain user of a server without a network, the bundle read-only; all that it printed."""
    done = process.run(
        ["podman", "run", "--rm", "--network=none", "--pull=never", "--user=1000:1000", "--env=HOME=/tmp",
         f"--volume={root}:/bundle:ro", "--workdir=/tmp", image.reference, "sh", "-ec", f"exec 2>&1; {script}"]
    )  # fmt: skip
    assert done.code == code, done.text
    return done.text


def test_one_file_is_written_and_the_next_command_told(bundle: Built) -> None:
    file = bundle.podwheel.cwd / "wheelhouse-bundle.tar"
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    first, second = bundle.told.out.splitlines()
    assert first.startswith(f"{file} (")
    assert first.endswith(f", sha256 {digest}")
    assert (
        second
        == "on the server: tar -xf wheelhouse-bundle.tar && wheelhouse-bundle/install --check"
    )
    again = bundle.podwheel("bundle", "wheelhouse", "--output", "again.tar")
    assert again.out.splitlines()[0].endswith(f", sha256 {digest}")


def test_a_server_with_python_and_the_packages_it_needs(bundle: Built) -> None:
    said = on(
        bundle.server,
        bundle.root,
        "! command -v pip; /bundle/install --venv /tmp/app; "
        f"/tmp/app/bin/python -c '{IMPORTS}'; "
        "/bundle/install --venv /tmp/app; "  # once more changes nothing
        "/bundle/install --target /tmp/lib; /bundle/install --target /tmp/lib; "
        f"PYTHONPATH=/tmp/lib python3 -c '{IMPORTS}'",
    )
    assert said.count("installed  /tmp/app\n") == 2
    assert said.count("installed  /tmp/lib\n") == 2
    assert "machine    x86_64, glibc 2.41\n" in said
    assert "fits       4 wheels for debian-13\n" in said


def test_a_python_that_the_system_manages_is_left_alone(bundle: Built) -> None:
    """PEP 668: checking says so, and installing is refused with what can be done instead."""
    for option in ("", "--user"):
        said = on(bundle.server, bundle.root, f"/bundle/install {option}", code=1)
        assert "belongs to the system's package manager" in said
        assert "./install --venv DIR" in said
        assert "installed" not in said
    said = on(bundle.server, bundle.root, "/bundle/install --check")
    assert "./install --venv DIR" in said


def test_a_server_that_lacks_a_library_is_refused_with_the_line(
    bundle: Built, target: Target
) -> None:
    said = on(
        target.runtime,
        bundle.root,
        "/bundle/install --venv /tmp/app || test ! -e /tmp/app; exit 1",
        code=1,
    )
    assert "  - libev.so.4 (for needs-header): not there; it is in the package libev4t64\n" in said
    assert "as root, and then once more:\n    apt-get install libev4t64\n" in said


def test_a_server_with_an_older_c_library_and_library_is_refused(
    bundle: Built, tmp_path: Path
) -> None:
    root = tmp_path / "bundle"
    subprocess.run(["cp", "-r", bundle.root, root], check=True)
    document = json.loads((root / "bundle.json").read_text())
    (asked,) = document["targets"]
    asked["libc"] = {"name": "glibc", "version": "2.42", "by": ["c-extension"]}
    asked["packages"] = [
        {"name": "libev4t64", "minimum": "2:1", "by": ["needs-header"], "by_name": False}
    ]
    resum(root, "bundle.json", json.dumps(document).encode())
    said = on(bundle.server, root, "/bundle/install --check", code=1)
    assert "c-extension needs glibc 2.42; this system has 2.41" in said
    assert "the package libev4t64 (for needs-header) is 1:4" in said
    assert "needed is 2:1" in said


def resum(root: Path, name: str, data: bytes) -> None:
    """Change a file so that only its content is wrong."""
    old, new = (hashlib.sha256(d).hexdigest() for d in ((root / name).read_bytes(), data))
    (root / name).write_bytes(data)
    sums = root / "SHA256SUMS"
    sums.write_text(sums.read_text().replace(old, new))


def test_without_the_pip_that_proved_them_the_index_is_asked(
    podwheel: Podwheel, index: LocalIndex
) -> None:
    podwheel("build", "pure-flit", "--no-verify")
    before = len(index.asked)
    podwheel("bundle", "wheelhouse", "--refresh")
    assert "/simple/pip/" in index.asked[before:]
    assert [p.name for p in podwheel.cwd.glob("*.tar")] == ["wheelhouse-bundle.tar"]
