"""From a captured server to a target like it; and the images that came out otherwise."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from capture_helpers import OTHER_PYTHON, PYTHON, ROCKY, write
from targets_helpers import CONTAINERFILE, FACTS

from podwheel import targets
from podwheel.errors import TargetFileError
from podwheel.model import Image, Target
from podwheel.targets import MirrorBase, RegistryBase
from podwheel.targets.definition import captured
from podwheel.targets.probe import interpret
from podwheel.targets.recipe import recipe_of
from podwheel.targets.replica import refuse_unlike

PINNED = f"registry.example.org/rocky@sha256:{'0' * 64}"


def loaded(directory: Path, document: str = "", **changes: Any) -> targets.TargetDefinition:
    """The definition of a server, by its description or by a target file that names it."""
    write(directory, **changes)
    if not document:
        return targets.load("server.json", cwd=directory)
    (directory / "web.toml").write_text(f'capture = "server.json"\n{document}')
    return targets.load("web.toml", cwd=directory)


def complaint(directory: Path, document: str = "", **changes: Any) -> TargetFileError:
    with pytest.raises(TargetFileError) as caught:
        loaded(directory, document, **changes)
    return caught.value


def test_a_debian_shares_the_images_of_the_built_in_target(tmp_path: Path) -> None:
    definition, known = loaded(tmp_path), targets.load("debian-13", cwd=tmp_path)
    assert definition.name == "debian-13"
    assert recipe_of(definition) == recipe_of(known)
    assert not definition.builtin
    assert definition.capture is not None
    assert definition.capture.source == "server.json"


@pytest.mark.parametrize("known", targets.builtin(), ids=lambda known: known.name)
def test_every_built_in_target_is_found_by_a_server_of_its_kind(
    tmp_path: Path, known: targets.TargetDefinition
) -> None:
    assert isinstance(known.base, MirrorBase)
    python = {**PYTHON, "path": f"{known.python}.real", "names": [known.python]}
    definition = loaded(
        tmp_path,
        id=known.name.partition("-")[0],
        codename=known.base.suite,
        pythons=[python],
        python3="",
    )
    assert definition.name == known.name
    assert recipe_of(definition) == recipe_of(known)
    assert definition.python == known.python


def test_a_debian_without_a_built_in_target(tmp_path: Path) -> None:
    definition = loaded(tmp_path, version_id="10", codename="buster", name="Debian 10")
    assert (definition.name, definition.description) == ("debian-10", "Debian 10")
    assert definition.base == MirrorBase(suite="buster")
    assert definition.containerfile == targets.load("debian-13", cwd=tmp_path).containerfile


def test_a_derivative_with_the_same_code_name_is_no_debian(tmp_path: Path) -> None:
    refused = complaint(tmp_path, id="raspbian", id_like="debian", name="Raspbian 13")
    assert refused.what.startswith("server.json: Raspbian 13 with this Python is no system")


def test_a_server_whose_base_is_not_known_is_told_how_to_give_it(tmp_path: Path) -> None:
    refused = complaint(tmp_path, **ROCKY)
    assert 'capture = "server.json"' in "\n".join(refused.hint)
    assert 'image = "NAME@sha256:…"' in "\n".join(refused.hint)


def test_a_target_file_gives_the_base_and_no_more(tmp_path: Path) -> None:
    definition = loaded(tmp_path, f'[base]\nimage = "{PINNED}"\n', **ROCKY)
    assert definition.name == "web"
    assert definition.description == "Rocky Linux 9.4 (Blue Onyx)"
    assert definition.base == RegistryBase(reference=PINNED)
    assert definition.containerfile.parts[-2:] == ("redhat", "Containerfile")
    assert definition.context == definition.containerfile.parent


@pytest.mark.parametrize(
    ("id_", "like", "family"),
    [
        ("fedora", "", "redhat"),
        ("opensuse-leap", "suse opensuse", "suse"),
        ("sles", "suse", "suse"),
        ("amzn", "centos rhel fedora", "redhat"),
    ],
)
def test_the_rpm_families(tmp_path: Path, id_: str, like: str, family: str) -> None:
    changes = {**ROCKY, "id": id_, "id_like": like}
    definition = loaded(tmp_path, f'[base]\nimage = "{PINNED}"\n', **changes)
    assert definition.containerfile.parent.name == family


def test_a_containerfile_of_ones_own_goes_without_our_context(tmp_path: Path) -> None:
    (tmp_path / "Containerfile").write_text(CONTAINERFILE)
    definition = loaded(tmp_path, 'containerfile = "Containerfile"\n')
    assert definition.context is None
    assert definition.name == "web"
    assert definition.base == MirrorBase(suite="trixie")


def test_a_target_file_chooses_among_the_pythons(tmp_path: Path) -> None:
    both = [PYTHON, OTHER_PYTHON]
    definition = loaded(tmp_path, 'python = "/usr/bin/python3.13"\n', pythons=both)
    assert (definition.name, definition.python) == ("debian-13", "/usr/bin/python3.13")
    refused = complaint(tmp_path, 'python = "/usr/bin/python3.11"\n', pythons=both)
    assert refused.what == (
        "server.json: the server has no /usr/bin/python3.11; it has /usr/bin/python3 (cpython 3.13.5), "
        "/usr/local/bin/python3.12 (cpython 3.12.1)"
    )


def test_a_python_that_the_distribution_has_not_needs_a_containerfile(tmp_path: Path) -> None:
    refused = complaint(tmp_path, pythons=[OTHER_PYTHON], python3=OTHER_PYTHON["path"])
    assert "with this Python is no system that podwheel makes images of" in refused.what


def test_a_key_that_is_none_is_told_as_ever(tmp_path: Path) -> None:
    assert "pyhton: is not a key of a target" in complaint(tmp_path, 'pyhton = "x"\n').what
    assert "capture: must be a string" in complaint_of(tmp_path, "capture = 1\n").what
    assert "there is no file other.json" in complaint_of(tmp_path, 'capture = "other.json"\n').what


def complaint_of(directory: Path, document: str) -> TargetFileError:
    (directory / "web.toml").write_text(document)
    with pytest.raises(TargetFileError) as caught:
        targets.load("web.toml", cwd=directory)
    return caught.value


def test_which_server_is_meant(tmp_path: Path) -> None:
    """Its images need not be known for that."""
    write(tmp_path, **ROCKY)
    found = captured("server.json", cwd=tmp_path)
    assert found is not None
    assert (found[0].id, found[1].series) == ("rocky", "3.13")
    assert captured("debian-13", cwd=tmp_path) is None


# ------------------------------------------------------------ the images


def target(**changes: Any) -> Target:
    image = Image(reference="localhost/podwheel/x:1", digest="sha256:0", content="c")
    python = interpret({**FACTS, **changes}, executable="/usr/bin/python3")
    return Target(name="debian-13", fingerprint="f", runtime=image, build=image, python=python)


def test_images_like_the_server(tmp_path: Path) -> None:
    refuse_unlike(loaded(tmp_path), target())
    refuse_unlike(loaded(tmp_path), target(version="3.13.1", libc=["glibc", "2.36"]))
    refuse_unlike(targets.load("debian-13", cwd=tmp_path), target(libc=["glibc", "9.9"]))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"machine": "aarch64"}, "machine: aarch64 in the images, x86_64 on the server"),
        ({"version": "3.12.3"}, "Python: 3.12.3 (cp312-cp312) in the images, 3.13.5 (cp313-cp313) on the server"),
        ({"gil_disabled": True}, "Python: 3.13.5 (cp313-cp313t) in the images, 3.13.5 (cp313-cp313) on the server"),
        ({"libc": ["glibc", "2.42"]}, "C library: glibc 2.42 in the images, glibc 2.41 on the server"),
        ({"libc": ["musl", "1.2"]}, "C library: musl 1.2 in the images, glibc 2.41 on the server"),
    ],
)  # fmt: skip
def test_images_unlike_the_server(tmp_path: Path, changes: dict[str, Any], told: str) -> None:
    with pytest.raises(TargetFileError) as caught:
        refuse_unlike(loaded(tmp_path), target(**changes))
    assert caught.value.what == "the images of debian-13 are not like the server of server.json"
    assert told in caught.value.said.splitlines()


def test_a_c_library_that_nobody_could_tell_counts_as_fit(tmp_path: Path) -> None:
    definition = loaded(tmp_path, libc="", pythons=[{**PYTHON, "libc": ""}])
    refuse_unlike(evolve(definition), target(libc=["glibc", "9.9"]))


def test_the_documents_of_the_guide(tmp_path: Path) -> None:
    guide = (Path(__file__).parents[2] / "docs" / "capture.md").read_text("utf-8")
    documents = [
        *re.findall(r"^```toml\n(.*?)^```", guide, re.MULTILINE | re.DOTALL),
        *re.findall(r"\.toml <<'END'\n(.*?)^END$", guide, re.MULTILINE | re.DOTALL),
    ]
    assert len(documents) == 3
    (tmp_path / "Containerfile").write_text(CONTAINERFILE)
    write(tmp_path, **ROCKY, pythons=[PYTHON, {**PYTHON, "names": ["/usr/bin/python2.7"]}])
    for document in documents[:2]:
        text = document.replace("$PINNED", PINNED).replace("$SHA256", "0" * 64)
        (tmp_path / "web.toml").write_text(text)
        assert recipe_of(targets.load("web.toml", cwd=tmp_path))
    assert 'python = "/usr/bin/python2.7"' in documents[2]
