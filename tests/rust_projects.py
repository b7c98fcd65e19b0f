"""A Python extension in a page of Rust, its crates, and what serves them: nothing comes from crates.io.

The crate declares the few functions of Python's that it calls by itself: pyo3 would be fifty crates.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from typing import TYPE_CHECKING

from local_index import PROJECTS, packed, wheel
from test_sources import commit, git

if TYPE_CHECKING:
    from pathlib import Path

    from local_index import LocalIndex

TINY = (PROJECTS / "_shared/tiny.py").read_bytes()
CRATES_IO = "registry+https://github.com/rust-lang/crates.io-index"
CRATE = "from-registry"
BACKEND = "maturin-1.0-py3-none-any.whl"
"""Called so because that name makes it certain that the build runs cargo."""

RUST_VERSION = "1.90"
"""More than Debian 13's own rustc is, and no more than its rustc-web."""

_LIB = """\
use std::ffi::{c_char, c_int, c_void, CString};

#[repr(C)]
struct Definition {
    references: isize,
    kind: *const c_void,
    init: *const c_void,
    index: isize,
    copy: *const c_void,
    name: *const c_char,
    doc: *const c_char,
    size: isize,
    rest: [*const c_void; 5],
}

extern "C" {
    fn PyModule_Create2(definition: *mut Definition, api: c_int) -> *mut c_void;
    fn PyModule_AddStringConstant(
        module: *mut c_void,
        name: *const c_char,
        value: *const c_char,
    ) -> c_int;
}

fn text(value: &str) -> *const c_char {
    CString::new(value).unwrap().into_raw()
}

/// # Safety
/// Python calls it, once.
#[no_mangle]
pub unsafe extern "C" fn PyInit_MODULE() -> *mut c_void {
    let none = std::ptr::null();
    let definition = Definition {
        references: 1,
        kind: none,
        init: none,
        index: 0,
        copy: none,
        name: text("MODULE"),
        doc: std::ptr::null(),
        size: -1,
        rest: [none; 5],
    };
    let module = PyModule_Create2(Box::into_raw(Box::new(definition)), 1013);
    let words: &[&str] = &[WORDS];
    PyModule_AddStringConstant(module, text("WORDS"), text(&words.join(", ")));
    module
}
"""

_BACKEND = '''\
"""Runs cargo as real backends do, and packs the library as a module; one that may do without packs none."""

import pathlib
import subprocess
import sysconfig
import tomllib
import zipfile

from tiny import digest


def build_wheel(directory, settings=None, metadata=None):
    document = tomllib.loads(pathlib.Path("pyproject.toml").read_text())
    project = document["project"]
    name = project["name"].replace("-", "_")
    try:
        subprocess.check_call(["cargo", "build", "--release", "--frozen"])
        content = pathlib.Path("target", "release", "lib" + name + ".so").read_bytes()
        module = name + sysconfig.get_config_var("EXT_SUFFIX")
        version = sysconfig.get_config_var("py_version_nodot")
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        tag = "cp%s-cp%s-%s" % (version, version, platform)
    except (OSError, subprocess.CalledProcessError):
        if not document.get("tool", {}).get("optional"):
            raise
        module, content, tag = name + ".py", b"WORDS = 'no Rust'\\n", "py3-none-any"
    stem = name + "-" + project["version"]
    info = stem + ".dist-info/"
    metadata = "Metadata-Version: 2.2\\nName: %s\\nVersion: %s\\n"
    wheel = "Wheel-Version: 1.0\\nGenerator: tests\\nRoot-Is-Purelib: %s\\nTag: %s\\n"
    files = {
        module: content,
        info + "METADATA": (metadata % (project["name"], project["version"])).encode(),
        info + "WHEEL": (wheel % (str(tag.endswith("-any")).lower(), tag)).encode(),
    }
    record = ["%s,sha256=%s,%d\\n" % (path, digest(data), len(data)) for path, data in files.items()]
    files[info + "RECORD"] = "".join([*record, info + "RECORD,,\\n"]).encode()
    filename = stem + "-" + tag + ".whl"
    with zipfile.ZipFile(pathlib.Path(directory, filename), "w") as archive:
        for path, data in files.items():
            archive.writestr(path, data)
    return filename
'''


def _library(word: str) -> bytes:
    return f'pub const WORD: &str = "{word}";\n'.encode()


def _manifest(name: str, more: str = "") -> bytes:
    return f'[package]\nname = "{name}"\nversion = "1.0.0"\nedition = "2021"\n{more}'.encode()


class Crates:
    """A sparse registry and a git repository below an index's own address."""

    def __init__(self, index: LocalIndex, place: Path) -> None:
        self._index = index
        self._registry = place / "registry"
        self.crate = packed(
            {"Cargo.toml": _manifest(CRATE), "src/lib.rs": _library("a registry")},
            top=f"{CRATE}-1.0.0",
        )
        self.path = f"/registry/{CRATE}/1.0.0/download"
        self.serve(self.crate)
        config = {"dl": f"{index.root}/registry", "api": index.root}
        (self._registry / "config.json").write_text(json.dumps(config))
        index.directories["registry"] = self._registry
        self.git = f"{index.root}/git/from-git"
        self.commit = self._repository(place / "from-git")
        index.directories["git"] = place
        index.add(BACKEND, wheel(BACKEND, {"maturin.py": _BACKEND.encode(), "tiny.py": TINY}))

    @property
    def mirror(self) -> str:
        """What podwheel.toml says."""
        return f'[cargo.mirrors]\ncrates-io = "sparse+{self._index.root}/registry/"\n'

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.crate).hexdigest()

    def serve(self, crate: bytes) -> None:
        """Send these bytes, whatever locks say of them."""
        place = self._registry / f"{CRATE}/1.0.0/download"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(crate)

    def requests(self) -> int:
        """How often the crate was asked for."""
        return self._index.asked.count(self.path)

    @staticmethod
    def _repository(place: Path) -> str:
        """A repository that a plain file server can serve (gitprotocol-http, "dumb")."""
        (place / "src").mkdir(parents=True)
        (place / "Cargo.toml").write_bytes(_manifest("from-git"))
        (place / "src/lib.rs").write_bytes(_library("a repository"))
        git(place, "init", "--quiet")
        made = commit(place, "first")
        git(place, "update-server-info")
        for name in ("HEAD", "info", "objects", "refs"):
            (place / name).symlink_to(place / ".git" / name)
        return made

    def lock(self, name: str) -> str:
        """The Cargo.lock of a project that uses all of them."""
        return f"""\
version = 4

[[package]]
name = "beside"
version = "1.0.0"

[[package]]
name = "from-git"
version = "1.0.0"
source = "git+{self.git}#{self.commit}"

[[package]]
name = "{CRATE}"
version = "1.0.0"
source = "{CRATES_IO}"
checksum = "{self.sha256}"

[[package]]
name = "{name}"
version = "1.0.0"
dependencies = [
 "beside",
 "from-git",
 "{CRATE}",
]
"""

    def publish(
        self,
        name: str,
        *,
        locked: bool = True,
        optional: bool = False,
        rust_version: str = RUST_VERSION,
    ) -> None:
        """Put a project on the index whose module says where its crates come from."""
        module = name.replace("-", "_")
        build = 'requires = ["maturin"]\nbuild-backend = "maturin"\n'
        if optional:
            build = 'requires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        files = {
            "pyproject.toml": (
                f'[build-system]\n{build}[project]\nname = "{name}"\nversion = "1.0"\n'
                f"[tool]\noptional = {str(optional).lower()}\n"
            ).encode(),
            "Cargo.toml": _manifest(
                name,
                f'rust-version = "{rust_version}"\n[lib]\ncrate-type = ["cdylib"]\n'
                '[dependencies]\nbeside = { path = "beside" }\n'
                f'from-git = {{ git = "{self.git}" }}\n{CRATE} = "1"\n',
            ),
            "src/lib.rs": _LIB.replace("MODULE", module)
            .replace("WORDS]", "from_registry::WORD, from_git::WORD, beside::WORD]")
            .encode(),
            "beside/Cargo.toml": _manifest("beside"),
            "beside/src/lib.rs": _library("a directory"),
        }
        if optional:
            files |= {"backend.py": _BACKEND.encode(), "tiny.py": TINY}
        if locked:
            files["Cargo.lock"] = self.lock(name).encode()
        self._index.add(f"{module}-1.0.tar.gz", packed(files, top=f"{module}-1.0"))


WORDS = "a registry, a repository, a directory"


def other_bytes(crate: bytes) -> bytes:
    """The same crate, packed once more: as good, and not what a lock means."""
    return gzip.compress(gzip.decompress(crate), mtime=1)


def settings(name: str) -> str:
    """Of podwheel.toml: a test in the pristine container, where the module must say its words."""
    module = name.replace("-", "_")
    test = f"import {module}; assert {module}.WORDS == '{WORDS}', {module}.WORDS"
    return f'[package.{name}]\ntest = ["python", "-c", "{test}"]\n'
