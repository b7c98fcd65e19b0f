"""pip's variables and configuration files: which ones, in which order, and what they say."""

from __future__ import annotations

import datetime
import os
from typing import TYPE_CHECKING

import pytest
from requirements_helpers import ask, write

from podwheel.errors import RequirementsFileError, SettingsError, UsageError
from podwheel.requirements import pipconfig

if TYPE_CHECKING:
    from pathlib import Path


def load(root: Path, **environ: str) -> pipconfig.PipConfig:
    """The configuration of a machine whose root is *root*."""
    return pipconfig.load(
        {"HOME": str(root / "home"), **environ}, system=root / "etc", prefix=root / "venv"
    )


PLACES = (
    "etc/xdg/pip/pip.conf",
    "etc/pip.conf",
    "home/.pip/pip.conf",
    "home/.config/pip/pip.conf",
    "venv/pip.conf",
    "named.conf",
)


@pytest.mark.parametrize("strongest", range(len(PLACES)))
def test_files_from_the_weakest_to_the_strongest(tmp_path: Path, strongest: int) -> None:
    present = PLACES[: strongest + 1]
    write(
        tmp_path,
        {place: f"[global]\nproxy = http://{n}.example.org\n" for n, place in enumerate(present)},
    )
    named = {"PIP_CONFIG_FILE": str(tmp_path / "named.conf")} if "named.conf" in present else {}
    config = load(tmp_path, **named)
    assert config.arguments.proxy == f"http://{strongest}.example.org"
    assert config.source("proxy") == f"{tmp_path / PLACES[strongest]} [global] proxy"


def test_the_commands_section_wins_over_global_of_a_stronger_file(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "etc/pip.conf": "[wheel]\nretries = 1\n",
            "venv/pip.conf": "[global]\nretries = 2\n[install]\nretries = 3\n",
        },
    )
    assert load(tmp_path).arguments.retries == 1


def test_variables_win_over_files(tmp_path: Path) -> None:
    write(tmp_path, {"etc/pip.conf": "[wheel]\nfind-links = a\n  b\n"})
    assert load(tmp_path).arguments.find_links == ("a", "b")
    config = load(tmp_path, PIP_FIND_LINKS="c d")
    assert config.arguments.find_links == ("c", "d")
    assert config.source("find_links") == "PIP_FIND_LINKS"


def test_an_empty_value_says_nothing(tmp_path: Path) -> None:
    write(tmp_path, {"etc/pip.conf": "[global]\nproxy = http://p.example.org\n"})
    assert load(tmp_path, PIP_PROXY="").arguments.proxy == "http://p.example.org"


def test_devnull_turns_files_off_but_not_variables(tmp_path: Path) -> None:
    write(tmp_path, dict.fromkeys(PLACES, "[global]\npre = yes\n"))
    config = load(tmp_path, PIP_CONFIG_FILE=os.devnull, PIP_NO_INDEX="1")
    assert not config.arguments.pre
    assert config.arguments.no_index


def test_a_named_file_replaces_the_users_own(tmp_path: Path) -> None:
    write(tmp_path, {"home/.config/pip/pip.conf": "[global]\npre = yes\n", "named.conf": ""})
    assert not load(tmp_path, PIP_CONFIG_FILE=str(tmp_path / "named.conf")).arguments.pre
    assert load(tmp_path, PIP_CONFIG_FILE=str(tmp_path / "missing")).arguments.pre


def test_xdg_directories(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "one/pip/pip.conf": "[global]\nretries=1\n",
            "two/pip/pip.conf": "[global]\nretries=2\ncert=c\n",
        },
    )
    config = load(tmp_path, XDG_CONFIG_DIRS=f"{tmp_path}/two:{tmp_path}/one")
    assert (config.arguments.retries, config.arguments.cert) == (1, "c")
    assert load(tmp_path, XDG_CONFIG_HOME=f"{tmp_path}/two").arguments.retries == 2


def test_every_key_under_every_spelling(tmp_path: Path) -> None:
    text = """\
[global]
Index_URL = https://u:100%@example.org/simple
--extra-index-url = https://a.example.org https://b.example.org
trusted-host =
    a.example.org
    b.example.org
client_cert = c.pem
default-timeout = 2.5
keyring-provider = subprocess
no-binary = a
only-binary = b
prefer-binary = true
no-deps = on
require-hashes = 1
no-require-hashes = off
constraint = c.txt
build-constraint = b.txt
some-other-key = x
"""
    write(tmp_path, {"etc/pip.conf": text})
    said = load(tmp_path, PIP_NO_BINARY=":none:").arguments
    assert said.index_url == "https://u:100%@example.org/simple"
    assert said.extra_index_urls == ("https://a.example.org", "https://b.example.org")
    assert said.trusted_hosts == ("a.example.org", "b.example.org")
    assert (said.client_cert, said.timeout, said.keyring_provider) == ("c.pem", 2.5, "subprocess")
    assert said.formats == (("no-binary", "a"), ("only-binary", "b"), ("no-binary", ":none:"))
    assert said.prefer_binary
    assert said.no_deps
    assert said.require_hashes
    assert not said.no_require_hashes
    assert (said.constraint_files, said.build_constraint_files) == (("c.txt",), ("b.txt",))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("pre = yes", "a [section] must come first"),
        ("[global]\njunk geheim", "line 2 is neither"),
        ("[global]\npre=1\npre=0", "option 'pre'"),
        ("[global]\npre = perhaps", "[global] pre: 'perhaps' is not yes/no"),
        ("[global]\ntimeout = soon", "[global] timeout: 'soon' is not a number of seconds"),
        ("[global]\nretries = 1.5", "[global] retries: '1.5' is not a whole number"),
        ("[wheel]\nkeyring-provider = magic", "'magic' is not one of auto, disabled"),
        ("[global]\nuploaded-prior-to = soon", "'soon' is not a date"),
        (b"[global]\npre = \xff", "is not UTF-8"),
    ],
)
def test_what_cannot_be_used_is_told_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    write(tmp_path, {"etc/pip.conf": text})
    with pytest.raises(SettingsError) as caught:
        load(tmp_path)
    assert said in caught.value.what
    assert str(tmp_path / "etc" / "pip.conf") in caught.value.what
    assert "geheim" not in caught.value.what


def test_a_wrong_variable_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="PIP_NO_INDEX: 'maybe' is not yes/no"):
        load(tmp_path, PIP_NO_INDEX="maybe")


# ------------------------------------------------------------------ merged with the command line


def test_pips_own_default_index(tmp_path: Path) -> None:
    from pip._internal.models.index import PyPI

    assert ask(tmp_path, requirements=("a",)).indexes.urls == (PyPI.simple_url,)


def test_the_command_line_replaces_values_and_adds_to_lists(tmp_path: Path) -> None:
    write(tmp_path, {"one/x": "", "two/x": ""})
    request = ask(
        tmp_path,
        environ={
            "PIP_INDEX_URL": "https://env.example.org/s",
            "PIP_EXTRA_INDEX_URL": "https://more.example.org/s",
            "PIP_FIND_LINKS": "one",
            "PIP_NO_BINARY": "a,b",
            "PIP_TIMEOUT": "1",
            "PIP_RETRIES": "2",
        },
        requirements=("a",),
        index_url="https://typed.example.org/s",
        extra_index_urls=("https://last.example.org/s", "https://more.example.org/s"),
        find_links=("two",),
        formats=(("only-binary", "a"),),
        timeout=9.0,
    )
    assert request.indexes.urls == (
        "https://typed.example.org/s",
        "https://more.example.org/s",
        "https://last.example.org/s",
    )
    assert request.indexes.find_links == (str(tmp_path / "one"), str(tmp_path / "two"))
    assert (request.formats.no_binary, request.formats.only_binary) == ({"b"}, {"a"})
    assert (request.network.timeout, request.network.retries) == (9.0, 2)


def test_an_index_may_be_a_directory(tmp_path: Path) -> None:
    write(tmp_path, {"simple/x": ""})
    request = ask(tmp_path, requirements=("a",), index_url="simple")
    assert request.indexes.urls == ((tmp_path / "simple").as_uri(),)


def test_the_network(tmp_path: Path) -> None:
    write(tmp_path, {"home/ca.pem": "", "client.pem": ""})
    network = ask(
        tmp_path,
        environ={"PIP_CERT": "~/ca.pem", "PIP_PROXY": "http://env.example.org"},
        requirements=("a",),
        proxy="http://u:geheim@typed.example.org",
        client_cert="client.pem",
        keyring_provider="import",
    ).network
    assert network.certificate == tmp_path / "home" / "ca.pem"
    assert network.client_certificate == tmp_path / "client.pem"
    assert network.proxy == "http://u:geheim@typed.example.org"
    assert network.keyring == "import"
    assert "geheim" not in repr(network)


def test_a_missing_constraints_file_tells_which_variable_named_it(tmp_path: Path) -> None:
    with pytest.raises(RequirementsFileError) as caught:
        ask(tmp_path, environ={"PIP_CONSTRAINT": "gone.txt"}, requirements=("a",))
    assert caught.value.what == "gone.txt: no such file"
    assert caught.value.wanted_by == ("PIP_CONSTRAINT",)


def test_a_wrong_index_tells_where_it_comes_from(tmp_path: Path) -> None:
    with pytest.raises(RequirementsFileError) as caught:
        ask(tmp_path, environ={"PIP_INDEX_URL": "example.org/simple"}, requirements=("a",))
    assert caught.value.what == "PIP_INDEX_URL: 'example.org/simple': is no index's URL"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"keyring_provider": "magic"}, "--keyring-provider magic"),
        ({"timeout": 0.0}, "--timeout"),
        ({"retries": -1}, "--retries"),
        ({"cert": "gone.pem"}, "--cert"),
        ({"require_hashes": True, "no_require_hashes": True}, "contradict"),
        ({"exclude_newer": "yesterday"}, "--exclude-newer yesterday"),
        ({"exclude_newer": "P99999999D"}, "--exclude-newer P99999999D"),
        ({"index_url": "nowhere"}, "'nowhere': is no index's URL"),
    ],
)
def test_options_that_cannot_be_used(
    tmp_path: Path, arguments: dict[str, object], said: str
) -> None:
    with pytest.raises(UsageError) as caught:
        ask(tmp_path, requirements=("a",), **arguments)
    assert said in caught.value.what


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-31", (2026, 1, 31, 0, 0)),
        ("2026-01-31T12:30:00", (2026, 1, 31, 12, 30)),
        ("2026-01-31T12:30:00Z", (2026, 1, 31, 12, 30)),
        ("2026-01-31T12:30:00+02:00", (2026, 1, 31, 10, 30)),
    ],
)
def test_exclude_newer(tmp_path: Path, text: str, moment: tuple[int, int, int, int, int]) -> None:
    request = ask(tmp_path, requirements=("a",), exclude_newer=text)
    assert request.exclude_newer == datetime.datetime(*moment, tzinfo=datetime.UTC)
    assert request.exclude_newer.tzinfo is datetime.UTC


def test_days_count_from_midnight_so_that_a_command_asks_the_same_all_day(tmp_path: Path) -> None:
    moment = ask(
        tmp_path, environ={"PIP_UPLOADED_PRIOR_TO": "P3D"}, requirements=("a",)
    ).exclude_newer
    assert moment is not None
    assert (moment.hour, moment.minute, moment.second, moment.microsecond) == (0, 0, 0, 0)
    age = datetime.datetime.now(datetime.UTC) - moment
    assert datetime.timedelta(days=3) <= age <= datetime.timedelta(days=5)


def test_pips_moment_is_local_time(tmp_path: Path) -> None:
    request = ask(tmp_path, environ={"PIP_UPLOADED_PRIOR_TO": "2026-01-31"}, requirements=("a",))
    local = datetime.datetime(2026, 1, 31).astimezone()
    assert request.exclude_newer == local
