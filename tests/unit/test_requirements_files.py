"""Requirements files: pip's grammar of lines, options and includes, and each way to get it wrong."""

from __future__ import annotations

import codecs
import os
import threading
from typing import TYPE_CHECKING

import pytest
from requirements_helpers import SHA256, SHA512, ask, ask_file, names, write
from structlog.testing import capture_logs

from podwheel.errors import RequirementsFileError
from podwheel.model import Format, Hash
from podwheel.requirements import files, lines

if TYPE_CHECKING:
    from pathlib import Path

# ------------------------------------------------------------------ lines


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a\nb\n", ["a", "b"], id="plain"),
        pytest.param("a\r\nb\r\n", ["a", "b"], id="crlf"),
        pytest.param("# one\na # two\n   # three\n", ["a"], id="comments"),
        pytest.param("\n\n  \na\n", ["a"], id="blank"),
        pytest.param(
            "a==1.0; \\\n  python_version > '3'\n", ['a==1.0; python_version > "3"'], id="continued"
        ),
        pytest.param("a>=1,\\\n<2\n", ["a<2,>=1"], id="continued-inside"),
        pytest.param("a\\\n# a comment ends a continuation\nb\n", ["a", "b"], id="comment-ends"),
        pytest.param("# a comment is not continued \\\nb\n", ["b"], id="comment-not-continued"),
        pytest.param("a\\", ["a"], id="backslash-at-the-end"),
        pytest.param("a[x, y] >= 1 , < 2", ["a[x,y]<2,>=1"], id="blanks-inside"),
        pytest.param("a (>=1)", ["a>=1"], id="parentheses"),
        pytest.param("a;", ["a"], id="empty-marker"),
        pytest.param("A.b_C", ["A.b_C"], id="spelling-kept"),
        pytest.param("a===weird", ["a===weird"], id="arbitrary-equality"),
    ],
)
def test_lines_become_requirements(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert names(ask_file(tmp_path, text)) == expected


def test_a_continued_line_has_the_number_of_its_first_line(tmp_path: Path) -> None:
    request = ask_file(tmp_path, "# top\n\na==1 \\\n  ; python_version > '3'\nb\n")
    assert [str(w.origin) for w in request.wanted] == ["requirements.txt:3", "requirements.txt:5"]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(codecs.BOM_UTF8 + "é # ö".encode(), id="utf-8-mark"),
        pytest.param(codecs.BOM_UTF16_LE + "é # ö".encode("utf-16-le"), id="utf-16-le"),
        pytest.param(codecs.BOM_UTF16_BE + "é # ö".encode("utf-16-be"), id="utf-16-be"),
        pytest.param(codecs.BOM_UTF32_LE + "é # ö".encode("utf-32-le"), id="utf-32-le"),
        pytest.param(codecs.BOM_UTF32_BE + "é # ö".encode("utf-32-be"), id="utf-32-be"),
        pytest.param("# -*- coding: latin-1 -*-\né # ö".encode("latin-1"), id="coding"),
        pytest.param("#\n# vim: set fileencoding=latin-1 :\né".encode("latin-1"), id="second-line"),
        pytest.param("é".encode(), id="utf-8"),
    ],
)
def test_encodings(tmp_path: Path, data: bytes) -> None:
    """The text, whatever its bytes, holds a name that is refused by the same words."""
    with pytest.raises(RequirementsFileError) as caught:
        ask_file(tmp_path, data)
    assert "'é'" in caught.value.what


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"a\nb\xff\n", "requirements.txt:2: byte 0xff is not utf-8"),
        (b"# coding: klingon\na\n", "'klingon': no such text encoding"),
        (b"# coding: hex\n61\n", "'hex': no such text encoding"),
        (b"# coding: undefined\na\n", "cannot be read as undefined"),
    ],
)
def test_bytes_that_are_no_text(tmp_path: Path, data: bytes, said: str) -> None:
    with pytest.raises(RequirementsFileError) as caught:
        ask_file(tmp_path, data)
    assert said in caught.value.what


def test_variables_are_expanded_in_one_form_only(tmp_path: Path) -> None:
    environ = {"PROJECT": "a", "lower": "no", "TAIL": "# no comment"}
    text = "${PROJECT}==1\nb @ https://example.org/$PROJECT/${lower}/b.tar.gz#${PROJECT}\n"
    request = ask_file(tmp_path, text, environ=environ)
    first, second = request.wanted
    assert str(first.requirement) == "a==1"
    assert first.text == "${PROJECT}==1"
    assert second.direct is not None
    assert second.direct.url == "https://example.org/$PROJECT/${lower}/b.tar.gz"  # type: ignore[union-attr]


def test_an_unset_variable_stands_and_is_told(tmp_path: Path) -> None:
    with capture_logs() as logged:
        request = ask_file(tmp_path, "--index-url https://${NOBODY_SET}@example.org/simple\na")
    assert request.indexes.urls == ("https://${NOBODY_SET}@example.org/simple",)
    (event,) = (e for e in logged if e["event"] == "requirements.unset_variable")
    assert event["variables"] == ["NOBODY_SET"]


@pytest.mark.parametrize(
    "line",
    [
        "a @ https://x:${TOKEN}@example.org/a.tar.gz?key=${TOKEN} ; nonsense",
        "git://example.org/r?key=${TOKEN}",
        "git+https://example.org/r@${TOKEN}..x",
        "a -C ${TOKEN}",
        "--pre ${TOKEN}",
        "--index-url ${TOKEN}",
        "-r ${TOKEN}",
    ],
)
def test_a_secret_variable_is_in_no_message(tmp_path: Path, line: str) -> None:
    with pytest.raises(RequirementsFileError) as caught:
        ask_file(tmp_path, line, environ={"TOKEN": "geheim"})
    assert "geheim" not in f"{caught.value.what}{caught.value.hint}"
    assert "${TOKEN}" in caught.value.what


# ------------------------------------------------------------------ options of a requirement


def test_hashes(tmp_path: Path) -> None:
    text = f"a==1 \\\n  --hash=sha256:{SHA256.upper()} \\\n  --hash sha512:{SHA512}\nb==2 --hash=sha256:{SHA256}"
    request = ask_file(tmp_path, text)
    assert request.wanted[0].hashes == (
        Hash(algorithm="sha256", digest=SHA256),
        Hash(algorithm="sha512", digest=SHA512),
    )
    assert request.require_hashes


def test_no_require_hashes_turns_the_demand_off(tmp_path: Path) -> None:
    request = ask_file(tmp_path, f"--no-require-hashes\na==1 --hash=sha256:{SHA256}\nb")
    assert not request.require_hashes
    assert request.wanted[0].hashes


def test_config_settings(tmp_path: Path) -> None:
    text = "a -C one=1 --config-settings=two=x=y --config-setting one=2\n"
    (wanted,) = ask_file(tmp_path, text).wanted
    assert wanted.config_settings == (("one", "1"), ("two", "x=y"), ("one", "2"))


@pytest.mark.parametrize(
    "line",
    [
        "-e ./pkg",
        "--editable ./pkg",
        "--editable=./pkg",
        "-e './pkg'",
        "-e pkg",
        "--pre -e ./pkg",
        "-e./pkg",
    ],
)
def test_editable_is_a_source_build_with_a_word(tmp_path: Path, line: str) -> None:
    write(tmp_path, {"pkg/": ""})
    with capture_logs() as logged:
        (wanted,) = ask_file(tmp_path, line).wanted
    assert wanted.direct is not None
    assert wanted.direct.path == tmp_path / "pkg"  # type: ignore[union-attr]
    assert [e["event"] for e in logged] == ["requirements.editable"]


def test_an_editable_keeps_its_extras_and_marker(tmp_path: Path) -> None:
    write(tmp_path, {"pkg/": ""})
    (wanted,) = ask_file(tmp_path, "-e ./pkg[one] ; os_name == 'posix' -C k=v").wanted
    assert wanted.extras == {"one"}
    assert str(wanted.marker) == 'os_name == "posix"'
    assert wanted.config_settings == (("k", "v"),)


# ------------------------------------------------------------------ options of the run


def test_index_options(tmp_path: Path) -> None:
    text = "-i https://one.example.org/simple\n--extra-index-url=https://two.example.org/s --trusted-host two.example.org\na\n"
    request = ask_file(tmp_path, text)
    assert request.indexes.urls == ("https://one.example.org/simple", "https://two.example.org/s")
    assert request.network.trusted_hosts == ("two.example.org",)


def test_a_files_index_replaces_all_earlier_ones(tmp_path: Path) -> None:
    request = ask_file(
        tmp_path,
        "--pypi-url https://file.example.org/s\na",
        index_url="https://typed.example.org/s",
        extra_index_urls=("https://extra.example.org/s",),
    )
    assert request.indexes.urls == ("https://file.example.org/s",)


def test_no_index_in_a_file(tmp_path: Path) -> None:
    assert ask_file(tmp_path, "--no-index\n-i https://x.example.org\na").indexes.urls == ()


def test_find_links_are_beside_the_file_or_below_the_working_directory(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "sub/wheels/x": "",
            "here/x": "",
            "home/own/x": "",
            "sub/r.txt": "-f wheels\n--find-links=here\n-f ~/own\n-f https://example.org/page\na",
        },
    )
    request = ask(tmp_path, requirement_files=("sub/r.txt",))
    assert request.indexes.find_links == (
        str(tmp_path / "sub" / "wheels"),
        str(tmp_path / "here"),
        str(tmp_path / "home" / "own"),
        "https://example.org/page",
    )


def test_flags_and_formats(tmp_path: Path) -> None:
    text = "--pre\n--prefer-binary\n--require-hashes\n--no-binary :all:\n--only-binary=One,two_2\n--use-feature x\na\n"
    request = ask_file(tmp_path, text)
    assert request.prereleases
    assert request.formats.prefer_binary
    assert request.require_hashes
    assert request.formats.no_binary == {":all:"}
    assert request.formats.only_binary == {"one", "two-2"}


def test_a_format_on_a_requirements_line_applies_and_other_options_are_told(tmp_path: Path) -> None:
    with capture_logs() as logged:
        request = ask_file(tmp_path, "a --only-binary a --pre")
    assert request.formats.only_binary == {"a"}
    assert not request.prereleases
    (event,) = logged
    assert (event["event"], event["option"]) == ("requirements.option_ignored", "--pre")


@pytest.mark.parametrize(
    ("options", "no_binary", "only_binary"),
    [
        ([("no-binary", "a"), ("only-binary", "a")], set(), {"a"}),
        ([("only-binary", "a"), ("no-binary", ":all:")], {":all:"}, set()),
        ([("no-binary", ":all:"), ("only-binary", "a")], {":all:"}, {"a"}),
        ([("no-binary", "a,b"), ("no-binary", ":none:")], set(), set()),
        ([("no-binary", "a,:none:,b")], {"b"}, set()),
        ([("no-binary", "a,:all:,b")], {":all:"}, set()),
        ([("no-binary", ":all:,:none:,b")], {"b"}, set()),
        ([("no-binary", "a"), ("only-binary", ":none:")], {"a"}, set()),
    ],
)
def test_format_control_in_pips_order(
    tmp_path: Path, options: list[tuple[str, str]], no_binary: set[str], only_binary: set[str]
) -> None:
    formats = ask(tmp_path, requirements=("a",), formats=tuple(options)).formats
    assert (formats.no_binary, formats.only_binary) == (no_binary, only_binary)


def test_the_default_builds_everything(tmp_path: Path) -> None:
    from packaging.utils import canonicalize_name

    formats = ask(tmp_path, requirements=("a",)).formats
    assert formats.of(canonicalize_name("a")) is Format.SOURCE


# ------------------------------------------------------------------ includes


def test_includes_are_relative_to_the_file_and_keep_the_chain(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "top.txt": "a\n-r sub/more.txt\n",
            "sub/more.txt": "b\n-r ../last.txt\n-c limits.txt\n",
            "sub/limits.txt": "z<3\n",
            "last.txt": "c\n",
        },
    )
    request = ask(tmp_path, requirement_files=("top.txt",))
    assert [str(w.origin) for w in request.wanted] == [
        "top.txt:1",
        "sub/more.txt:1 (from top.txt:2)",
        "last.txt:1 (from sub/more.txt:2 (from top.txt:2))",
    ]
    assert [str(w.origin) for w in request.constraints] == [
        "sub/limits.txt:1 (from sub/more.txt:3 (from top.txt:2))"
    ]


def test_requirements_in_an_included_file_are_below_the_working_directory(tmp_path: Path) -> None:
    write(tmp_path, {"sub/r.txt": "./pkg", "pkg/": ""})
    (wanted,) = ask(tmp_path, requirement_files=("sub/r.txt",)).wanted
    assert wanted.direct.path == tmp_path / "pkg"  # type: ignore[union-attr]


def test_one_file_included_twice_is_no_cycle(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"top.txt": "-r x.txt\n-r y.txt", "x.txt": "-r z.txt", "y.txt": "-r z.txt", "z.txt": "a"},
    )
    assert names(ask(tmp_path, requirement_files=("top.txt",))) == ["a", "a"]


def test_a_file_that_includes_itself_is_told_with_its_chain(tmp_path: Path) -> None:
    write(tmp_path, {"a.txt": "x\n-r b.txt", "b.txt": "-r ./a.txt"})
    with pytest.raises(RequirementsFileError) as caught:
        ask(tmp_path, requirement_files=("a.txt",))
    assert "includes itself: a.txt ← b.txt:1 ← a.txt:2" in caught.value.what


def test_a_symlink_does_not_hide_a_cycle(tmp_path: Path) -> None:
    write(tmp_path, {"a.txt": "-r alias.txt"})
    (tmp_path / "alias.txt").symlink_to("a.txt")
    with pytest.raises(RequirementsFileError, match="includes itself"):
        ask(tmp_path, requirement_files=("a.txt",))


def test_depth_and_number_of_includes_are_capped(tmp_path: Path) -> None:
    levels = files.MAX_DEPTH + 1
    write(tmp_path, {f"{n}.txt": f"-r {n + 1}.txt" for n in range(levels)} | {f"{levels}.txt": "a"})
    with pytest.raises(RequirementsFileError, match="levels"):
        ask(tmp_path, requirement_files=("0.txt",))
    fan = {f"f{n}.txt": f"-r f{n + 1}.txt\n" * 2 for n in range(12)} | {"f12.txt": "a"}
    write(tmp_path, fan)
    with pytest.raises(RequirementsFileError, match="files are included"):
        ask(tmp_path, requirement_files=("f0.txt",))


def test_sizes_are_capped(tmp_path: Path) -> None:
    with pytest.raises(RequirementsFileError, match="16 MiB"):
        ask_file(tmp_path, b"#" * (lines.MAX_BYTES + 1))
    with pytest.raises(RequirementsFileError, match="100000 lines"):
        ask_file(tmp_path, "\n" * (lines.MAX_LINES + 1))


def test_a_pipe_can_be_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_text, args=("a\n",))
    writer.start()
    assert names(ask(tmp_path, requirement_files=("pipe",))) == ["a"]
    writer.join()


def test_a_file_url_is_read(tmp_path: Path) -> None:
    write(tmp_path, {"a b.txt": "a"})
    url = (tmp_path / "a b.txt").as_uri()
    assert names(ask(tmp_path, requirement_files=(url,))) == ["a"]


# ------------------------------------------------------------------ constraints


def test_constraints_and_build_constraints_are_apart(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "c.txt": "a<2\nb @ https://example.org/b-1.tar.gz\n",
            "b.txt": "cython<3\n--pre\n-r more.txt",
            "more.txt": "d<1",
        },
    )
    with capture_logs() as logged:
        request = ask(
            tmp_path,
            requirements=("a",),
            constraint_files=("c.txt",),
            build_constraint_files=("b.txt",),
        )
    assert [str(w.requirement) for w in request.constraints] == ["a<2", "b"]
    assert [str(w.requirement) for w in request.build_constraints] == ["cython<3", "d<1"]
    assert not request.prereleases
    assert [e["event"] for e in logged] == ["requirements.option_ignored"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("-e ./pkg", "cannot be editable"),
        ("a[x]<2", "cannot have extras"),
        ("./pkg", "must have a name"),
        ("https://example.org/unknown.tar.gz", "must have a name"),
    ],
)
def test_what_no_constraint_can_be(tmp_path: Path, line: str, said: str) -> None:
    write(tmp_path, {"pkg/": "", "c.txt": f"\n{line}\n"})
    with pytest.raises(RequirementsFileError) as caught:
        ask(tmp_path, requirements=("a",), constraint_files=("c.txt",))
    assert caught.value.what.startswith("c.txt:2: ")
    assert said in caught.value.what


# ------------------------------------------------------------------ errors


@pytest.mark.parametrize(
    ("line", "said", "hint"),
    [
        ("a=1", "expected semicolon", "a==1"),
        ("--unknown", "--unknown not recognized", "docs/requirements.md"),
        ("--find-link", "requires argument", "docs/requirements.md"),
        ("--extra-index x", "is no index's URL", "https://HOST"),
        ("--indx-url x", "--indx-url not recognized", "--index-url"),
        ("--no-deps", "--no-deps not recognized", "podwheel build --no-deps"),
        ("-x", "-x not recognized", "docs/requirements.md"),
        ("--no-index=1", "must not have an argument", "docs/requirements.md"),
        ("-i", "requires argument", "docs/requirements.md"),
        ("-i 'https://x", "cannot be split", "close the quotes"),
        ("-i pypi", "is no index's URL", "https://HOST"),
        ("--find-links ssh://x/y", "no links can be found there", "http"),
        ("--pre a", "'a' stands behind the options", "comes first"),
        ("--no-binary=", "'' is no package's name", ":all:"),
        ("--no-binary 'a b'", "'a b' is no package's name", ":all:"),
        ("--global-option x", "--global-option is not supported", "-C KEY=VALUE"),
        ("a --install-option=x", "--install-option is not supported", "-C KEY=VALUE"),
        ("--only-final :all:", "--only-final is not supported", "--pre"),
        ("--all-releases a", "--all-releases is not supported", "NAME>=1.0a0"),
        (f"--hash=sha256:{SHA256}", "--hash has no requirement", "backslash"),
        ("a==1 --hash=md5:00", "no hash that can be checked", "sha256"),
        ("a==1 --hash=00", "no hash that can be checked", "sha256"),
        ("a==1 --hash=sha256:abc", "64 hexadecimal digits", "whole digest"),
        (f"./pkg --hash=sha256:{SHA256}", "only a file has one", "remove"),
        (f"git+https://example.org/r --hash=sha256:{SHA256}", "only a file has one", "remove"),
        ("a -C nothing", "'nothing' is no setting", "KEY=VALUE"),
        ("-e", "requires argument", None),
        ("-e --pre", "nothing follows -e", "-e ./DIRECTORY"),
        ("-e a==1", "there is no", "working directory"),
        ("-e https://example.org/a-1.tar.gz", "-e takes a project's directory", "remove the -e"),
        ("-r missing.txt", "missing.txt: no such file", None),
        ("-c pkg", "is a directory", "podwheel build"),
        ("-r pkg/pyproject.toml", "is a project", "--group"),
        ("-r pylock.toml", "is complete by itself", "-r pylock.toml"),
    ],
)
def test_errors_name_file_and_line_and_say_what_would_be_right(
    tmp_path: Path, line: str, said: str, hint: str | None
) -> None:
    write(tmp_path, {"pkg/": ""})
    with pytest.raises(RequirementsFileError) as caught:
        ask_file(tmp_path, f"# one\n{line}\n")
    told = (caught.value.what, *caught.value.wanted_by)
    assert any(text.startswith("requirements.txt:2") for text in told), told
    assert said in caught.value.what
    if hint is not None:
        assert hint in " ".join(caught.value.hint)


def test_an_error_in_an_included_file_tells_who_included_it(tmp_path: Path) -> None:
    write(tmp_path, {"top.txt": "\n-r sub.txt", "sub.txt": "a=1"})
    with pytest.raises(RequirementsFileError) as caught:
        ask(tmp_path, requirement_files=("top.txt",))
    assert caught.value.what.startswith("sub.txt:1: 'a=1': ")
    assert caught.value.wanted_by == ("top.txt:2",)


def test_a_requirements_file_on_a_network_is_refused_with_the_way_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(RequirementsFileError) as caught:
        ask(tmp_path, requirement_files=("https://me:pw@example.org/x/r.txt",))
    assert caught.value.hint == (
        "curl -fsSLo r.txt 'https://me:****@example.org/x/r.txt'",
        "then: -r r.txt",
    )
    assert "pw@" not in caught.value.what


def test_an_empty_file_is_told(tmp_path: Path) -> None:
    with capture_logs() as logged:
        assert ask_file(tmp_path, "# nothing\n").wanted == ()
    assert [e["event"] for e in logged] == ["requirements.empty"]
