"""Where crates come from: registries, mirrors, the user's cargo configuration, tokens."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from index_helpers import Bench, Reply
from rust_helpers import crate_file, digest, registries, serve

from podwheel.errors import HashMismatch, IndexUnreachable, RegistryUnusable, SettingsError
from podwheel.model import Freshness
from podwheel.rust.configuration import Configuration, read_configuration
from podwheel.rust.lock import CRATES_IO, Crate, Registry, registry
from podwheel.rust.registries import Unpacked, crate_url
from podwheel.rust.replacement import LocalRegistry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DATA = crate_file("demo")
BY = ("demo 1.0.0", "Cargo.lock", "requirements.txt:1")


def demo(source: str, data: bytes = DATA) -> Crate:
    return Crate(name="demo", version="1.0.0", source=registry(source), checksum=digest(data))


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    with Bench(tmp_path, monkeypatch) as made:
        yield made


def configured(home: Path, text: str, *, credentials: str = "", **environ: str) -> Configuration:
    cargo = home / ".cargo"
    cargo.mkdir(exist_ok=True)
    (cargo / "config.toml").write_text(text)
    (cargo / "credentials.toml").write_text(credentials)
    return read_configuration({"HOME": str(home), **environ})


# ------------------------------------------------------------ a sparse registry


def test_a_crate_of_a_sparse_registry(bench: Bench) -> None:
    url = serve(bench.server, DATA, names=["demo 1.0.0"])
    path = registries(bench).bring(demo(url), wanted_by=BY)
    assert path.read_bytes() == DATA
    assert [r.path for r in bench.server.seen] == [
        "/index/config.json",
        "/crates/demo/1.0.0/download",
    ]
    # It is known by its hash now: another registry, another run, and nothing is asked.
    elsewhere = demo("sparse+https://nowhere.example.org/")
    assert registries(bench, index=bench.offline()).bring(elsewhere, wanted_by=BY) == path


@pytest.mark.parametrize(
    ("template", "name", "url"),
    [
        ("https://x.example.org/a", "serde", "https://x.example.org/a/serde/1.0.0/download"),
        ("x/{crate}-{version}.crate", "serde", "x/serde-1.0.0.crate"),
        ("x/{prefix}/{crate}", "MyCrate", "x/My/Cr/MyCrate"),
        ("x/{lowerprefix}/{crate}", "MyCrate", "x/my/cr/MyCrate"),
        ("x/{prefix}", "a", "x/1"),
        ("x/{prefix}", "ab", "x/2"),
        ("x/{prefix}", "abc", "x/3/a"),
        ("x/{sha256-checksum}", "abc", "x/" + "ab" * 32),
    ],
)
def test_the_url_of_a_crate(template: str, name: str, url: str) -> None:
    crate = Crate(name=name, version="1.0.0", source=Registry(url=CRATES_IO), checksum="ab" * 32)
    assert crate_url(template, crate) == url


def test_another_file_than_the_lock_means(bench: Bench) -> None:
    url = serve(bench.server, b"something else", names=["demo 1.0.0"])
    with pytest.raises(HashMismatch, match=r"demo-1\.0\.0\.crate is not the file") as caught:
        registries(bench).bring(demo(url), wanted_by=BY)
    assert caught.value.wanted_by == BY


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (b"[", "is not JSON"),
        (b"[]", "names no URL"),
        (b'{"dl": "file:///etc"}', "names no URL"),
        (b'{"dl": "https://[x"}', "names no URL"),
    ],
)
def test_a_config_json_of_no_use(bench: Bench, config: bytes, said: str) -> None:
    url = serve(bench.server, DATA, names=["demo 1.0.0"])
    bench.server.routes["/index/config.json"] = config
    with pytest.raises(RegistryUnusable, match=said) as caught:
        registries(bench).bring(demo(url), wanted_by=BY)
    assert caught.value.wanted_by == BY


def test_a_registry_with_a_git_index_only(bench: Bench) -> None:
    with pytest.raises(RegistryUnusable, match="git index only") as caught:
        registries(bench).bring(demo("registry+https://git.example.org/index"), wanted_by=BY)
    assert '  "https://git.example.org/index" = "sparse+https://…/"' in caught.value.hint
    assert bench.server.seen == []


# ------------------------------------------------------------ what stands for it


@pytest.mark.parametrize("key", ["crates-io", CRATES_IO, "sparse+https://index.crates.io/"])
@pytest.mark.parametrize("prefix", ["sparse+", ""])
def test_a_mirror_of_podwheel_toml(bench: Bench, key: str, prefix: str) -> None:
    url = serve(bench.server, DATA, names=["demo 1.0.0"]).replace("sparse+", prefix)
    configuration = configured(
        bench.home, '[source.crates-io]\nreplace-with = "x"\n[source.x]\ndirectory = "x"\n'
    )
    made = registries(bench, mirrors=((key, url),), configuration=configuration)
    path = made.bring(demo(f"registry+{CRATES_IO}"), wanted_by=BY)
    assert path.read_bytes() == DATA


def test_the_users_own_configuration(bench: Bench) -> None:
    url = serve(bench.server, DATA, names=["demo 1.0.0"])
    chain = configured(
        bench.home,
        '[source.crates-io]\nreplace-with = "one"\n'
        '[source.one]\nregistry = "sparse+https://one.example.org/"\nreplace-with = "two"\n'
        f'[registries.two]\nindex = "{url}"\n',
    )
    made = registries(bench, configuration=chain)
    assert made.place(Registry(url=CRATES_IO)) == Registry(url=url)
    assert made.bring(demo(f"registry+{CRATES_IO}"), wanted_by=BY).read_bytes() == DATA
    assert made.names(Registry(url=url)) == ("two",)
    other = Registry(url="sparse+https://other.example.org/")
    assert made.place(other) == other


def test_paths_of_the_configuration_are_relative_to_the_home(bench: Bench) -> None:
    for key, place in (
        ("directory", Unpacked(path=bench.home / "crates")),
        ("local-registry", LocalRegistry(path=str(bench.home / "crates"))),
    ):
        text = f'[source.crates-io]\nreplace-with = "x"\n[source.x]\n{key} = "crates"\n'
        made = registries(bench, configuration=configured(bench.home, text))
        assert made.place(Registry(url=CRATES_IO)) == place


def test_a_local_registry(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "local/index").mkdir(parents=True)
    (tmp_path / "local/demo-1.0.0.crate").write_bytes(DATA)
    made = registries(bench, mirrors=(("crates-io", (tmp_path / "local").as_uri()),))
    crate = demo(f"registry+{CRATES_IO}")
    assert made.bring(crate, wanted_by=BY).read_bytes() == DATA
    (tmp_path / "local/demo-1.0.0.crate").write_bytes(b"changed")
    with pytest.raises(HashMismatch):
        made.bring(demo(f"registry+{CRATES_IO}", b"another"), wanted_by=BY)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '[source.crates-io]\nreplace-with = "crates-io"',
            "replaces the source crates-io by itself",
        ),
        (
            """
            source.crates-io.replace-with = "a"
            source.a = { directory = "x", replace-with = "crates-io" }
            """,
            "by itself",
        ),
        ('[source.crates-io]\nreplace-with = "gone"', "names a source gone"),
        (
            '[source.crates-io]\nreplace-with = "g"\n[source.g]\ngit = "https://x.example.org"',
            "by git",
        ),
    ],
)
def test_a_configuration_that_leads_nowhere(bench: Bench, text: str, said: str) -> None:
    made = registries(bench, configuration=configured(bench.home, text))
    with pytest.raises(SettingsError, match=said) as caught:
        made.place(Registry(url=CRATES_IO))
    assert str(bench.home / ".cargo/config.toml") in caught.value.what


def test_a_configuration_that_is_no_toml(bench: Bench) -> None:
    with pytest.raises(SettingsError, match="is not TOML"):
        configured(bench.home, "[")


def test_cargo_home_and_the_older_name(tmp_path: Path) -> None:
    assert read_configuration({"HOME": str(tmp_path)}).replaced.sources == {}
    home = tmp_path / "elsewhere"
    home.mkdir()
    (home / "config.toml").write_text('[source.new]\ndirectory = "x"\n')
    (home / "config").write_text('[source.old]\ndirectory = "x"\n')
    found = read_configuration({"HOME": "/nowhere", "CARGO_HOME": str(home)})
    assert list(found.replaced.sources) == ["old"]  # as cargo does
    assert found.base == tmp_path


# ------------------------------------------------------------ tokens


def private(bench: Bench, *, config_open: bool) -> str:
    """A registry that gives crates, and perhaps its config.json, only for its token."""
    url = serve(bench.server, DATA, names=["demo 1.0.0"])
    routes = bench.server.routes
    config = json.dumps({"dl": f"{bench.server.url}/crates", "auth-required": True}).encode()

    def guarded(body: bytes):  # type: ignore[no-untyped-def]
        return lambda request: (
            Reply(body=body)
            if request.headers.get("authorization") == "Secret 1"
            else Reply(status=401)
        )

    routes["/index/config.json"] = config if config_open else guarded(config)
    routes["/crates/demo/1.0.0/download"] = guarded(DATA)
    return url


@pytest.mark.parametrize("config_open", [True, False])
@pytest.mark.parametrize("variable", [True, False])
def test_a_registry_that_wants_a_token(bench: Bench, config_open: bool, variable: bool) -> None:
    url = private(bench, config_open=config_open)
    text = f'[registries.my-crates]\nindex = "{url}"\n'
    if variable:
        settings = configured(bench.home, text, CARGO_REGISTRIES_MY_CRATES_TOKEN="Secret 1")
    else:
        credentials = '[registries.my-crates]\ntoken = "Secret 1"\n'
        settings = configured(bench.home, text, credentials=credentials)
    assert "Secret" not in repr(settings)
    made = registries(bench, configuration=settings)
    assert made.bring(demo(url), wanted_by=BY).read_bytes() == DATA
    first = bench.server.seen[0]
    assert first.path == "/index/config.json"
    assert "authorization" not in first.headers  # not before it is asked for


def test_a_registry_named_by_the_environment_alone(bench: Bench) -> None:
    url = private(bench, config_open=True)
    settings = read_configuration({
        "HOME": str(bench.home),
        "CARGO_REGISTRIES_MINE_INDEX": url,
        "CARGO_REGISTRIES_MINE_TOKEN": "Secret 1",
    })  # fmt: skip
    made = registries(bench, configuration=settings)
    assert made.bring(demo(url), wanted_by=BY).read_bytes() == DATA


def test_no_token_for_a_registry_that_wants_one(bench: Bench) -> None:
    url = private(bench, config_open=True)
    with pytest.raises(RegistryUnusable, match="wants a token"):
        registries(bench).bring(demo(url), wanted_by=BY)


def test_a_token_is_not_sent_where_none_is_wanted_or_to_others(bench: Bench) -> None:
    other = bench.another_server()
    other.routes["/moved"] = DATA
    url = serve(bench.server, DATA, names=["demo 1.0.0"])
    bench.server.routes["/crates/demo/1.0.0/download"] = Reply(
        status=302, headers={"Location": f"{other.url}/moved"}
    )
    text = f'[registries.mine]\nindex = "{url}"\ntoken = "Secret 1"\n'
    made = registries(bench, configuration=configured(bench.home, text))
    assert made.bring(demo(url), wanted_by=BY).read_bytes() == DATA
    assert all("authorization" not in r.headers for r in (*bench.server.seen, *other.seen))

    # One that wants it: the server to which it redirects still does not get it.
    config = {"dl": f"{bench.server.url}/crates", "auth-required": True}
    bench.server.routes["/index/config.json"] = json.dumps(config).encode()
    before = len(other.seen)
    again = registries(
        bench,
        configuration=configured(bench.home, text),
        index=bench.index(freshness=Freshness.REFRESH),
        freshness=Freshness.REFRESH,
    )
    with pytest.raises(HashMismatch):
        again.bring(demo(url, b"another"), wanted_by=BY)
    assert bench.server.seen[-1].headers["authorization"] == "Secret 1"
    assert len(other.seen) == before + 1
    assert "authorization" not in other.seen[-1].headers


def test_a_wrong_token(bench: Bench) -> None:
    url = private(bench, config_open=False)
    text = f'[registries.mine]\nindex = "{url}"\ntoken = "wrong"\n'
    made = registries(bench, configuration=configured(bench.home, text))
    with pytest.raises(IndexUnreachable, match="answered 401"):
        made.bring(demo(url), wanted_by=BY)


def test_whoever_an_index_redirects_to_does_not_get_the_token(bench: Bench) -> None:
    other = bench.another_server()
    other.routes["/config.json"] = Reply(status=401)
    url = private(bench, config_open=True)
    bench.server.routes["/index/config.json"] = Reply(
        status=302, headers={"Location": f"{other.url}/config.json"}
    )
    text = f'[registries.mine]\nindex = "{url}"\ntoken = "Secret 1"\n'
    made = registries(bench, configuration=configured(bench.home, text))
    with pytest.raises(IndexUnreachable, match="answered 401"):
        made.bring(demo(url), wanted_by=BY)
    assert other.seen
    assert all("authorization" not in request.headers for request in other.seen)
