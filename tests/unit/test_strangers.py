"""Requirements, versions and TOML that are absurd."""

from __future__ import annotations

import pytest
from packaging.requirements import InvalidRequirement
from packaging.specifiers import InvalidSpecifier
from packaging.version import InvalidVersion

from podwheel import strangers
from podwheel.archives import parse_metadata
from podwheel.errors import MetadataUnusable
from podwheel.requirements import Arguments, read
from podwheel.settings import Settings
from podwheel.text import harmless

DIGITS = "9" * 5000


@pytest.mark.parametrize(
    "text",
    [f"a>={DIGITS}", "a; " + "(" * 60 + "os_name == 'a'" + ")" * 60, "a" * 5000, "\x1b[2J"],
)
def test_an_absurd_requirement_is_an_invalid_one(text: str) -> None:
    with pytest.raises(InvalidRequirement) as refused:
        strangers.requirement(text)
    assert len(str(refused.value)) < 300


def test_an_absurd_version_is_an_invalid_one() -> None:
    with pytest.raises(InvalidVersion):
        strangers.version(DIGITS)
    with pytest.raises(InvalidSpecifier):
        strangers.specifiers(f">={DIGITS}")


def test_what_is_sound_is_read() -> None:
    assert str(strangers.requirement("a[b]>=1 ; (os_name == 'a')")) == 'a[b]>=1; os_name == "a"'
    assert strangers.version("1.0").release == (1, 0)
    assert strangers.specifiers(">=3.8").contains("3.11")
    assert strangers.toml("a = 1") == {"a": 1}


@pytest.mark.parametrize("text", ["a = " + "[" * 5000, f"a = {DIGITS}", "a"])
def test_absurd_toml_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"nested too deep|digits|Expected"):
        strangers.toml(text)


def test_metadata_has_so_many_requirements_and_no_more() -> None:
    lines = "".join(f"Requires-Dist: p{n}\n" for n in range(10_001))
    data = f"Metadata-Version: 2.1\nName: a\nVersion: 1\n{lines}".encode()
    with pytest.raises(MetadataUnusable, match="METADATA has 10001 requirements"):
        parse_metadata(data, where="METADATA")


def test_a_requirement_that_is_longer_than_a_file_name_is_no_path(tmp_path) -> None:  # type: ignore[no-untyped-def]
    line = "thing" + ",".join(f"!=1.{n}" for n in range(100))
    found = read(Arguments(requirements=(line,)), environ={}, cwd=tmp_path, settings=Settings())
    assert found.wanted[0].name == "thing"


def test_text_for_a_terminal_keeps_its_lines_and_nothing_else() -> None:
    assert harmless("a\x1b[31mb\x1b]0;c\x07\n\u202ed\x9b") == "ab\n\\x202ed\\x9b"
