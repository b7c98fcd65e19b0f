"""A made-up server: a directory that the capture script looks into, programs that answer it, what it says."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from podwheel.targets import capture

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SCRIPT = Path(capture.__file__).with_name("capture.sh")

PYTHON: dict[str, Any] = {
    "path": "/usr/bin/python3.13",
    "names": ["/usr/bin/python3", "/usr/bin/python3.13"],
    "version": "3.13.5",
    "implementation": "cpython",
    "soabi": "cpython-313-x86_64-linux-gnu",
    "abiflags": "",
    "debug": "0",
    "gil_disabled": "0",
    "pymalloc": "1",
    "unicode_size": "4",
    "pointer_size": "8",
    "machine": "x86_64",
    "prefix": "/usr",
    "libc": "glibc 2.41",
}

SERVER: dict[str, Any] = {
    "podwheel-capture": 1,
    "made": "2026-01-31T12:00:00Z",
    "id": "debian",
    "id_like": "",
    "version_id": "13",
    "codename": "trixie",
    "name": "Debian GNU/Linux 13 (trixie)",
    "machine": "x86_64",
    "cpu": "x86-64-v3",
    "libc": "glibc 2.41",
    "python3": "/usr/bin/python3",
    "family": "debian",
    "architecture": "amd64",
    "pythons": [PYTHON],
    "sources": ["deb http://mirror.example.org/debian trixie main"],
    "packages": [["libc6", "2.41-12", "amd64"], ["libpq5", "17.2-1", "amd64"]],
    "libraries": [["libc.so.6", "/usr/lib/x86_64-linux-gnu/libc.so.6", "libc6,x86-64"]],
}

OTHER_PYTHON = {
    **PYTHON,
    "path": "/usr/local/bin/python3.12",
    "names": ["/usr/local/bin/python3.12"],
    "version": "3.12.1",
    "soabi": "cpython-312-x86_64-linux-gnu",
}

ROCKY = {
    "id": "rocky",
    "id_like": "rhel centos fedora",
    "version_id": "9.4",
    "codename": "",
    "name": "Rocky Linux 9.4 (Blue Onyx)",
    "family": "rpm",
    "architecture": "x86_64",
}


def write(directory: Path, file: str = "server.json", **changes: Any) -> Path:
    """A server's description; a change to None leaves the key out."""
    values = {key: value for key, value in {**SERVER, **changes}.items() if value is not None}
    path = directory / file
    path.write_text(json.dumps(values))
    return path


def read(directory: Path, **changes: Any) -> capture.Capture:
    return capture.read(write(directory, **changes), shown="server.json")


class Root:
    """A directory that stands for a server's /, and a directory of its programs."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory / "root"
        self.programs = directory / "programs"
        self.directory.mkdir()
        self.programs.mkdir()

    def file(self, name: str, content: str | bytes, *, mode: int = 0o644) -> Path:
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.chmod(mode)
        return path

    def link(self, name: str, to: str) -> None:
        (self.directory / name).symlink_to(to)

    def program(self, name: str, script: str) -> None:
        """One of PATH, in front of the machine's own."""
        path = self.programs / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def captured(
        self, *, shell: Sequence[str] = ("sh",), path: str = "/usr/bin:/bin"
    ) -> tuple[Mapping[str, Any], str]:
        """What the script says of it, and its complaints. As over ssh, the script comes from stdin."""
        with SCRIPT.open("rb") as script:
            done = subprocess.run(
                [*shell, "-s", self.directory], stdin=script, capture_output=True, check=True,
                env={"PATH": f"{self.programs}:{path}"},
            )  # fmt: skip
        found: Mapping[str, Any] = json.loads(done.stdout.decode("ascii"))
        return found, done.stderr.decode()


def debian(root: Root) -> None:
    """A server of the dpkg family, whose files say odd things."""
    root.file(
        "etc/os-release",
        b'ID=debian\nVERSION_ID="8"\nVERSION="8 (jessie)"\n'
        b'PRETTY_NAME="Debian \\"8\\" \\\\ \x01 \xff caf\xc3\xa9"\nEVIL=$(touch /tmp/evil)\n',
    )
    root.file("proc/cpuinfo", f"processor\t: 0\nflags\t\t: fpu {V3}\n")
    root.file(
        "etc/apt/sources.list",
        "# deb http://commented.example.org x main\n"
        "deb [arch=amd64] https://user:p@ss/word@mirror.example.org/debian jessie main # end\n"
        "deb-src   http://mirror.example.org/debian\tjessie main\n",
    )
    root.file(
        "etc/apt/sources.list.d/more.sources",
        "Types: deb\nURIs: https://token:x@a.example.org/\n http://b.example.org/?key=secret\n"
        "Suites: stable\nComponents: main\nSigned-By:\n -----BEGIN-----\n\n"
        "Types: deb\nURIs: http://off.example.org\nSuites: x\nEnabled: no\n",
    )
    root.file("var/lib/dpkg/status", "")
    root.program("dpkg", "echo amd64")
    root.program(
        "dpkg-query",
        r"printf 'package\tlibpq5\t9.4-1\tamd64\tinstall ok installed\n'"
        "\n"
        r"printf 'package\tlibold\t1\tamd64\tdeinstall ok config-files\n'"
        "\n"
        r"""printf 'package\t"odd\\\001\t1"\tamd64\thold ok installed\n'""",
    )
    root.program("getconf", "echo glibc 2.19")
    root.program("uname", "echo x86_64")
    root.program("ldconfig", "exit 1")
    for name in ("libz.so.1", 'lib"quoted"\\.so.2', "libline\nvalue\tid\tforged.so.3"):
        root.file(f"usr/lib/{name}", "")
    root.file("usr/bin/python3-config", "#!/bin/sh\necho no\n", mode=0o755)
    root.file("usr/bin/python3.9", "#!/bin/sh\nexit 1\n", mode=0o755)
    root.file("usr/bin/python2.7", FAKE_PYTHON, mode=0o755)
    root.link("usr/bin/python", "python2.7")


V3 = "cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3 abm avx avx2 bmi1 bmi2 f16c fma movbe xsave"

FAKE_PYTHON = r"""#!/bin/sh
printf 'fact\tversion\t2.7.18\n'
printf 'package\tforged\t1\tall\n'
printf 'fact\todd"\\\tva\\l"ue \001\377\n'
cat
"""
"""It reads its stdin, which is where the script itself comes from."""


def rpm(root: Root) -> None:
    """A server of the RPM family, with no `ldconfig` on PATH but a cache all the same."""
    root.file("etc/os-release", "ID='rocky'\nID_LIKE=\"rhel centos fedora\"\nVERSION_ID=9.4\n")
    root.file("proc/cpuinfo", "flags\t: fpu sse2\n")
    root.file(
        "etc/yum.repos.d/a.repo",
        "[base]\nname=Base\nmirrorlist=https://mirrors.example.org/list?arch=$basearch&key=secret\n"
        "password=hunter2\n\n[off]\nbaseurl=http://off.example.org\nenabled=0\n"
        "[two]\nbaseurl = http://one.example.org/\n  ftp://u:p@two.example.org/\nenabled = 1\n",
    )
    facts = "#!/bin/sh\nprintf 'fact\\tversion\\t3.9.1\\n'\n"
    root.file("opt/_internal/cpython-3.9/bin/python3.9", facts, mode=0o755)
    (root.directory / "opt/python").mkdir()
    root.link("opt/python/cp39-cp39", "../_internal/cpython-3.9")
    root.program("dpkg-query", "exit 1")
    root.program(
        "rpm",
        "case $1 in --eval) echo x86_64 ;; *)\n"
        r"printf 'package\tgpg-pubkey\t1-1\t(none)\n'; printf 'package\topenssl-libs\t1:3.0.7-27.el9\tx86_64\n' ;; esac",
    )
    root.program("uname", "echo x86_64")
    root.program("getconf", "exit 1")
    root.program("ldd", "echo 'ldd (GNU libc) 2.34'; echo more")
    library = root.file("usr/lib64/libssl.so.3", "")
    root.program(
        "ldconfig",
        r"printf '2 libs found\n\tlibssl.so.3 (libc6,x86-64) => %s\n\tlibgone.so.1 (libc6) => /gone.so\n' "
        f"/{library.relative_to(root.directory)}",
    )
