"""git repositories: refs, freshness, submodules, and what is never fetched."""

from __future__ import annotations

import functools
import http.server
import shutil
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from attrs import frozen
from index_helpers import Bench

from podwheel import process
from podwheel.errors import GitFetchFailed, OfflineMiss
from podwheel.index import fetch_git
from podwheel.index.freshness import Clock
from podwheel.index.git import GitHost, Repository, is_allowed_url
from podwheel.index.gitconfig import git_environment
from podwheel.index.submodules import _is_inside, _joined, fetch_submodules
from podwheel.model import Freshness, Network, VcsUrl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from podwheel.index import GitSource


@frozen(kw_only=True)
class Repo:
    """A repository of the tests, with a work tree."""

    path: Path

    @property
    def url(self) -> str:
        return self.path.as_uri()

    def git(self, *arguments: str, stdin: str | None = None) -> str:
        who = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org"}
        who |= {"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.org"}
        who |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_ALLOW_PROTOCOL": "file:http"}
        done = subprocess.run(
            ["git", "-c", "init.defaultBranch=main", *arguments],
            env=process.host_environment(**who),
            cwd=self.path,
            input=stdin,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def commit(self, text: str = "x") -> str:
        (self.path / "file").write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", text)
        return self.git("rev-parse", "HEAD")

    def link(self, path: str, url: str, commit: str, **more: str) -> None:
        """A submodule without git's help, which would refuse the hostile ones."""
        lines = [f'[submodule "{path}"]', f"path = {path}", f'url = "{url}"']
        lines += [f"{key} = {value}" for key, value in more.items()]
        with (self.path / ".gitmodules").open("a") as out:
            out.write("\n".join(lines) + "\n")
        self.git("update-index", "--add", "--cacheinfo", f"160000,{commit},{path}")
        (self.path / path).mkdir(parents=True, exist_ok=True)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    with Bench(tmp_path, monkeypatch) as made:
        yield made


def new_repo(path: Path) -> Repo:
    path.mkdir(parents=True)
    repo = Repo(path=path)
    repo.git("init", "-q")
    return repo


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return new_repo(tmp_path / "top")


def fetch(bench: Bench, repo: Repo | str, ref: str | None = None, **options: Any) -> GitSource:
    url = repo if isinstance(repo, str) else repo.url
    return fetch_git(VcsUrl(url=url, ref=ref), store=bench.store, **options)


class Web:
    """Repositories behind a web server that knows nothing of git (``update-server-info``)."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.asked: list[str] = []
        asked = self.asked

        class Handler(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *arguments: Any) -> None:
                asked.append(self.path)

        handler = functools.partial(Handler, directory=str(root))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def publish(self, repo: Repo, name: str) -> str:
        bare = self.root / name
        shutil.rmtree(bare, ignore_errors=True)
        repo.git("clone", "-q", "--bare", str(repo.path), str(bare))
        Repo(path=bare).git("update-server-info")
        return f"{self.url}/{name}"


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    (tmp_path / "www").mkdir()
    made = Web(tmp_path / "www")
    yield made
    made.server.shutdown()
    made.server.server_close()


# --------------------------------------------------------------------------- refs


def test_every_kind_of_ref(bench: Bench, repo: Repo) -> None:
    first = repo.commit("1")
    repo.git("tag", "light")
    repo.git("tag", "-a", "-m", "note", "v1.0")
    repo.git("branch", "feature/x")
    second = repo.commit("2")
    wanted = {
        None: second, "HEAD": second, "main": second, "refs/heads/main": second,
        "feature/x": first, "light": first, "v1.0": first, "refs/tags/v1.0": first,
        first: first, first.upper(): first, first[:10]: first,
    }  # fmt: skip
    for ref, commit in wanted.items():
        source = fetch(bench, repo, ref)
        assert source.commit == commit, ref
        assert source.url == repo.url
        assert source.submodules == ()
    listed = Repo(path=source.repository).git("ls-tree", "--name-only", first)
    assert listed == "file"
    assert Repo(path=source.repository).git("describe", second) == f"v1.0-1-g{second[:7]}"


def test_the_tags_at_a_commit(bench: Bench, repo: Repo) -> None:
    first = repo.commit("1")
    repo.git("tag", "v1.0")
    repo.git("tag", "-a", "-m", "annotated", "release-1.0")
    assert fetch(bench, repo, first).tags == ("release-1.0", "v1.0")
    repo.commit("2")
    assert fetch(bench, repo).tags == ()


def test_a_tag_that_is_newer_than_its_commit(bench: Bench, repo: Repo) -> None:
    """The commit is in the store already, so nothing is fetched; the tag is known all the same."""
    first = repo.commit("1")
    assert fetch(bench, repo).tags == ()
    repo.git("tag", "v1.0")
    assert fetch(bench, repo, "v1.0").tags == ("v1.0",)
    assert fetch(bench, repo, first).tags == ("v1.0",)


def test_a_branch_is_meant_where_a_tag_has_its_name(bench: Bench, repo: Repo) -> None:
    repo.commit("1")
    repo.git("tag", "both")
    second = repo.commit("2")
    repo.git("branch", "both")
    assert fetch(bench, repo, "both").commit == second


def test_nothing_is_checked_out(bench: Bench, repo: Repo) -> None:
    repo.commit()
    repository = fetch(bench, repo).repository
    assert repository.is_relative_to(bench.store.root)
    assert not (repository / "file").exists()
    assert not (repository / "hooks").exists()
    assert Repo(path=repository).git("rev-parse", "--is-bare-repository") == "true"


@pytest.mark.parametrize("ref", ["none", "0" * 40, "abcdef12", "refs/heads/none"])
def test_a_ref_that_is_not_there(bench: Bench, repo: Repo, ref: str) -> None:
    repo.commit()
    with pytest.raises(GitFetchFailed, match=ref) as told:
        fetch(bench, repo, ref, wanted_by=("a.txt:1",))
    assert told.value.wanted_by == ("a.txt:1",)


@pytest.mark.parametrize(
    "ref",
    ["-x", "--upload-pack=evil", "a b", "a..b", "a:b", "a^", "a~1", "a*", "a@{1}", "a\nb", ""],
)
def test_a_ref_that_is_none(bench: Bench, repo: Repo, ref: str) -> None:
    repo.commit()
    with pytest.raises(GitFetchFailed):
        fetch(bench, repo, ref)


def test_a_tag_of_something_else_than_a_commit(bench: Bench, repo: Repo) -> None:
    repo.commit()
    repo.git("tag", "tree", "HEAD^{tree}")
    with pytest.raises(GitFetchFailed, match="not a commit"):
        fetch(bench, repo, "tree")


def test_a_repository_that_is_not_there(bench: Bench, tmp_path: Path) -> None:
    with pytest.raises(GitFetchFailed, match="ls-remote") as told:
        fetch(bench, (tmp_path / "none").as_uri())
    assert "does not appear to be a git repository" in told.value.said


# --------------------------------------------------------------------------- freshness, over the web


def test_a_plain_web_server(bench: Bench, repo: Repo, web: Web) -> None:
    first = repo.commit("1")
    repo.git("tag", "-a", "-m", "note", "v1.0")
    second = repo.commit("2")
    url = web.publish(repo, "top.git")
    assert fetch(bench, url, "v1.0").commit == first
    assert fetch(bench, url).commit == second
    assert fetch(bench, url, first[:12]).commit == first


def test_a_full_hash_that_is_there_needs_no_socket(bench: Bench, repo: Repo, web: Web) -> None:
    first = repo.commit("1")
    repo.commit("2")
    url = web.publish(repo, "top.git")
    assert fetch(bench, url, first).commit == first
    web.asked.clear()
    for freshness in Freshness:
        assert fetch(bench, url, first, freshness=freshness).commit == first
    assert web.asked == []


def test_a_branch_is_asked_for_again_when_stale(bench: Bench, repo: Repo, web: Web) -> None:
    first = repo.commit("1")
    url = web.publish(repo, "top.git")
    assert fetch(bench, url, "main").commit == first
    second = repo.commit("2")
    web.publish(repo, "top.git")
    web.asked.clear()
    assert fetch(bench, url, "main").commit == first
    assert fetch(bench, url, "main", freshness=Freshness.OFFLINE, fresh_for=0.0).commit == first
    assert web.asked == []
    assert fetch(bench, url, "main", freshness=Freshness.REFRESH).commit == second
    assert fetch(bench, url, "main").commit == second


def test_a_branch_that_was_rewritten(bench: Bench, repo: Repo, web: Web) -> None:
    first = repo.commit("1")
    url = web.publish(repo, "top.git")
    fetch(bench, url, "main")
    repo.git("commit", "-q", "--amend", "-m", "other")
    web.publish(repo, "top.git")
    assert fetch(bench, url, "main", fresh_for=0.0).commit == repo.git("rev-parse", "HEAD")
    assert fetch(bench, url, first).commit == first


def test_offline_and_not_there(bench: Bench, repo: Repo, web: Web) -> None:
    first = repo.commit("1")
    url = web.publish(repo, "top.git")
    for ref in (None, "main", first, first[:8]):
        with pytest.raises(OfflineMiss) as told:
            fetch(bench, url, ref, freshness=Freshness.OFFLINE)
        assert "podwheel fetch" in told.value.hint[0]
    assert web.asked == []


def test_half_a_commit_does_not_count(bench: Bench, repo: Repo, web: Web) -> None:
    """From a plain web server git fetches object by object, the commit first."""
    commit = repo.commit("1")
    url = web.publish(repo, "top.git")
    repository = fetch(bench, url, commit).repository
    blob = Repo(path=repository).git("rev-parse", f"{commit}:file")
    victim = repository / "objects" / blob[:2] / blob[2:]
    victim.unlink()
    with pytest.raises(OfflineMiss):
        fetch(bench, url, commit, freshness=Freshness.OFFLINE)


def test_what_a_killed_git_left_does_not_stand_in_the_way(
    bench: Bench, repo: Repo, web: Web
) -> None:
    repo.commit("1")
    url = web.publish(repo, "top.git")
    repository = fetch(bench, url, "main").repository
    left = [repository / name for name in ("packed-refs.lock", "shallow.lock", "refs/heads/a.lock")]
    left.append(repository / "objects/pack/tmp_pack_abc")
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    second = repo.commit("2")
    web.publish(repo, "top.git")
    orphan = [sys.executable, "-c", "import time; time.sleep(60)", f"--git-dir={repository}"]
    with subprocess.Popen([*orphan, "fetch"]) as fetching, subprocess.Popen(orphan) as reading:
        assert fetch(bench, url, "main", fresh_for=0.0).commit == second
        assert fetching.wait(60) == -9
        assert reading.poll() is None
        reading.kill()
    assert [path for path in left if path.exists()] == []


# --------------------------------------------------------------------------- submodules


def test_submodules_by_relative_and_absolute_urls(
    bench: Bench, repo: Repo, web: Web, tmp_path: Path
) -> None:
    leaf = new_repo(tmp_path / "leaf")
    old = leaf.commit("leaf")
    leaf.commit("newer")
    leaf_url = web.publish(leaf, "libs/leaf.git")
    middle = new_repo(tmp_path / "middle")
    middle.link("deep/leaf", "./../leaf.git", old)
    inner = middle.commit("middle")
    web.publish(middle, "libs/middle.git")
    repo.link("vendor/middle", "../libs/middle.git", inner)
    repo.link("leaf", leaf_url, old)
    repo.link("skipped", "../none.git", old, update="none")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{old},stray")
    commit = repo.commit("top")
    url = web.publish(repo, "top.git")

    source = fetch(bench, url, commit)
    assert [(s.path, s.url, s.commit) for s in source.submodules] == [
        ("leaf", leaf_url, old),
        ("vendor/middle", f"{web.url}/libs/middle.git", inner),
        ("vendor/middle/deep/leaf", leaf_url, old),
    ]
    assert source.submodules[0].repository == source.submodules[2].repository
    assert Repo(path=source.submodules[0].repository).git("show", f"{old}:file") == "leaf"
    web.asked.clear()
    assert fetch(bench, url, commit, freshness=Freshness.OFFLINE) == source
    assert web.asked == []


def test_a_submodule_that_is_not_in_the_store_offline(
    bench: Bench, repo: Repo, web: Web, tmp_path: Path
) -> None:
    leaf = new_repo(tmp_path / "leaf")
    repo.link("leaf", "./leaf.git", leaf.commit())
    commit = repo.commit()
    url = web.publish(repo, "top.git")
    with pytest.raises(GitFetchFailed):
        fetch(bench, url, commit)  # nobody has published leaf.git
    with pytest.raises(OfflineMiss, match=r"leaf\.git"):
        fetch(bench, url, commit, freshness=Freshness.OFFLINE)


@pytest.mark.parametrize("url", ["file:///etc", "../sibling", "ext::sh -c true", "-uevil"])
def test_submodule_urls_that_are_refused(bench: Bench, repo: Repo, url: str) -> None:
    """The top is the user's own ``file:`` URL; what it says of others is not the user's."""
    other = new_repo(repo.path.parent / "sibling").commit()
    repo.link("sub", url, other)
    repo.commit()
    with pytest.raises(GitFetchFailed, match=r"sub|parse") as told:
        fetch(bench, repo)
    assert (
        not (bench.store.root / "git").exists()
        or len(list((bench.store.root / "git").iterdir())) == 1
    )
    assert told.value.exit_code == 5


def test_gitmodules_as_a_symbolic_link(bench: Bench, repo: Repo) -> None:
    """git's own check of what it fetches stops it; ours would too."""
    commit = repo.commit("target")
    blob = repo.git("rev-parse", f"{commit}:file")
    tree = f"120000 blob {blob}\t.gitmodules\n160000 commit {commit}\tsub\n"
    made = repo.git("mktree", stdin=tree)
    link = repo.git("commit-tree", "-m", "x", made)
    repo.git("branch", "link", link)
    with pytest.raises(GitFetchFailed) as told:
        fetch(bench, repo, "link")
    assert "gitmodulesSymlink" in told.value.said
    repository = Repository(host=host(bench), url=repo.url, path=repo.path / ".git", local=True)
    with pytest.raises(GitFetchFailed, match="not a regular file"):
        fetch_submodules(host(bench), repository, link)


def host(bench: Bench) -> GitHost:
    return GitHost(store=bench.store, network=None, clock=Clock(), wanted_by=(), timeout=60.0)


def test_submodules_nested_without_end(
    bench: Bench, web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("podwheel.index.submodules._DEPTH", 2)
    commit = new_repo(tmp_path / "r0").commit()
    url = web.publish(Repo(path=tmp_path / "r0"), "r0.git")
    for n in range(1, 4):
        outer = new_repo(tmp_path / f"r{n}")
        outer.link("sub", f"../r{n - 1}.git", commit)
        commit = outer.commit()
        url = web.publish(outer, f"r{n}.git")
        if n < 3:
            assert len(fetch(bench, url).submodules) == n
    with pytest.raises(GitFetchFailed, match="nested"):
        fetch(bench, url)


def test_too_many_submodules(
    bench: Bench, web: Web, repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("podwheel.index.submodules._NUMBER", 2)
    leaf = new_repo(tmp_path / "leaf")
    commit = leaf.commit()
    web.publish(leaf, "leaf.git")
    for n in range(3):
        repo.link(f"sub{n}", "./../leaf.git", commit)
    repo.commit()
    with pytest.raises(GitFetchFailed, match="more than 2"):
        fetch(bench, web.publish(repo, "top.git"))


@pytest.mark.parametrize(
    ("parent", "relative", "joined"),
    [
        ("https://h/a/b.git", "../c.git", "https://h/a/c.git"),
        ("https://h/a/b.git/", "./c.git", "https://h/a/b.git/c.git"),
        ("https://h/a/b.git", "../../c.git", "https://h/c.git"),
        ("https://h/a/b.git", "../../../c.git", None),
        ("https://u:p@h/a/b.git", "../c.git", "https://u:p@h/a/c.git"),
        ("git@h:a/b.git", "../c.git", "git@h:a/c.git"),
        ("git@h:a/b.git", "../../c.git", "git@h:c.git"),
        ("git@h:a/b.git", "../../../c.git", None),
        ("ssh://git@h/b.git", "../c.git", "ssh://git@h/c.git"),
    ],
)
def test_relative_urls(parent: str, relative: str, joined: str | None) -> None:
    assert _joined(parent, relative) == joined


@pytest.mark.parametrize(
    ("path", "inside"),
    [
        ("a", True), ("a/b.c/d-e", True), ("../a", False), ("a/../../b", False), ("/a", False),
        (".git", False), ("a/.GIT/hooks", False), ("a//b", False), ("-a", False), ("a\nb", False),
    ],
)  # fmt: skip
def test_paths_of_submodules(path: str, inside: bool) -> None:
    assert _is_inside(path) is inside


# --------------------------------------------------------------------------- what git is given


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://example.org/a.git", True),
        ("http://example.org/a.git", True),
        ("ssh://git@example.org:22/a.git", True),
        ("git://example.org/a.git", True),
        ("git@example.org:a/b.git", True),
        ("example.org:a/b.git", True),
        ("https://u:p@example.org/a.git", True),
        ("https://u:p@-example.org/a.git", False),
        ("https://[bad/a.git", False),
        ("HTTPS://example.org/a.git", False),
        ("ext::sh -c x", False),
        ("ext::x", False),
        ("file:///a", False),
        ("/a", False),
        ("a/b", False),
        ("git@example.org:-x", False),
        ("-x@example.org:a", False),
        ("--upload-pack=x", False),
        ("ssh://-oProxyCommand=evil/x", False),
        ("-oProxyCommand=evil:x", False),
        ("host:-x", False),
        ("http://", False),
        ("ftp://example.org/x", False),
        ("testgit::http://example.org/x", False),
        ("https://example.org/a b", False),
        ("https://example.org/a\nb", False),
        ("../../../x", False),
    ],
)
def test_allowed_urls(url: str, allowed: bool) -> None:
    assert is_allowed_url(url) is allowed


@pytest.mark.parametrize("url", ["ext::sh -c 'touch /tmp/x'", "/etc", "ftp://example.org/x", "-x"])
def test_other_urls_at_the_top(bench: Bench, url: str) -> None:
    with pytest.raises(GitFetchFailed, match="not fetched"):
        fetch(bench, url)


def test_credentials_are_not_on_the_command_line(
    bench: Bench, repo: Repo, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.commit()
    url = web.publish(repo, "top.git").replace("http://", "http://me:s3cr3t%2F@")
    lines: list[str] = []
    real = process.run

    def run(arguments: Any, **options: Any) -> process.Completed:
        lines.append(" ".join(map(str, arguments)))
        return real(arguments, **options)

    monkeypatch.setattr(process, "run", run)
    source = fetch(bench, url)
    assert source.url == f"{web.url}/top.git"
    shutil.rmtree(web.root / "top.git")
    with pytest.raises(GitFetchFailed) as told:
        fetch(bench, url, freshness=Freshness.REFRESH)
    error = told.value
    assert "not found" in error.said
    assert "s3cr3t" not in f"{error.what}{error.said}{error.hint}{lines}"
    for path in bench.store.root.rglob("*"):
        assert not path.is_file() or b"s3cr3t" not in path.read_bytes()


def test_credentials_reach_the_server(bench: Bench) -> None:
    bench.server.routes.clear()
    for url in ("http://me:s3cr3t%2F@{}/a.git", "http://token@{}/a.git"):
        at = url.format(bench.server.netloc)
        bare, variables = git_environment(at, network=None, local=False, online=True)
        assert bare == f"{bench.server.url}/a.git"
        done = process.run(
            ["git", "ls-remote", "--get-url", bare], environment=variables, cwd=bench.home
        )
        assert done.text.strip() == at


def test_the_environment(bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "user.name")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "me")
    monkeypatch.setenv("GIT_DIR", "/evil")
    monkeypatch.setenv("GIT_EXEC_PATH", "/evil")
    monkeypatch.setenv("SSH_AUTH_SOCK", "/agent")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/bundle")
    network = Network(proxy="http://p:1", certificate=tmp_path / "cert.pem")
    url = "https://example.org/a"
    _, variables = git_environment(url, network=network, local=False, online=True)
    assert "GIT_DIR" not in variables
    assert "GIT_EXEC_PATH" not in variables
    assert variables["SSH_AUTH_SOCK"] == "/agent"
    assert variables["https_proxy"] == "http://p:1"
    assert variables["GIT_SSL_CAINFO"] == str(tmp_path / "cert.pem")
    assert variables["GIT_ALLOW_PROTOCOL"] == "https:http:ssh:git"
    assert variables["HOME"] == str(bench.home)
    count = int(variables["GIT_CONFIG_COUNT"])
    settings = {
        variables[f"GIT_CONFIG_KEY_{n}"]: variables[f"GIT_CONFIG_VALUE_{n}"] for n in range(count)
    }
    assert settings["user.name"] == "me"
    assert settings["core.hooksPath"] == "/dev/null"
    assert settings["fetch.fsckObjects"] == "true"
    _, variables = git_environment(url, network=None, local=False, online=False)
    assert variables["GIT_ALLOW_PROTOCOL"] == "none"
    assert variables["GIT_SSL_CAINFO"] == "/bundle"
    _, variables = git_environment("file:///a", network=None, local=True, online=True)
    assert variables["GIT_ALLOW_PROTOCOL"] == "file"


def test_git_itself_refuses_other_transports(bench: Bench, repo: Repo) -> None:
    """Even if our own look at a URL were wrong."""
    repo.commit()
    url = "https://example.org/a"
    for online in (True, False):
        _, variables = git_environment(url, network=None, local=False, online=online)
        for target in (repo.url, str(repo.path), "ext::true"):
            done = process.run(["git", "ls-remote", target], environment=variables, cwd=bench.home)
            assert done.code != 0
            assert "not allowed" in done.error_text


def test_a_command_that_takes_too_long(bench: Bench, repo: Repo) -> None:
    repo.commit()
    with pytest.raises(GitFetchFailed, match="longer than"):
        fetch(bench, repo, timeout=0.0)
