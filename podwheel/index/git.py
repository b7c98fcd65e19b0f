"""Git repositories: fetched bare, by commit; nothing of them is checked out or run on the host.

git parses hostile bytes here, so it gets no hook, no file system monitor, no transport but
https, http, ssh and git (and ``file`` for a URL that the user wrote), and checks every object
that arrives. The user's own configuration still counts: credential helpers, ssh keys, proxies,
``url.….insteadOf``.
"""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

from attrs import evolve, field, frozen

from podwheel import log, process
from podwheel.errors import GitFetchFailed, OfflineMiss
from podwheel.index.freshness import Answers, Clock
from podwheel.index.gitconfig import git_environment
from podwheel.index.urls import masked, scrubbed, split_login
from podwheel.model import Freshness
from podwheel.store import digest_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from podwheel.model import Network, VcsUrl
    from podwheel.store import Store

TIMEOUT = 3600.0
"""Seconds for one git command: a large history over a slow line."""

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_ABBREVIATED = re.compile(r"[0-9a-f]{4,63}")
_BAD_REF = re.compile(r"^-|[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/$|\.$|^/")
"""What git-check-ref-format(1) forbids, and what would be read as an option."""

_TAGS = "refs/tags/"

_SCP = re.compile(r"(?:[\w.-]+@)?[\w][\w.-]*:(?!/?/)[^\s:-][^\s]*")
"""``git@host:path``, ssh in git's own spelling. A second colon would be a transport helper (``ext::``)."""
_SCHEMES = ("https", "http", "ssh", "git")


@frozen(kw_only=True)
class Submodule:
    """A repository inside another."""

    path: str
    """From the top of the outermost repository; relative, forward slashes, nothing to escape by."""
    url: str
    """Without credentials."""
    commit: str
    repository: Path
    """Bare, in the store."""


@frozen(kw_only=True)
class GitSource:
    """A commit and all that is needed to check it out, on the host's disk."""

    url: str
    """Without credentials."""
    commit: str
    """40 hex digits (64 in a SHA-256 repository)."""
    repository: Path
    """Bare, in the store; shared by all refs of the URL."""
    submodules: tuple[Submodule, ...] = ()
    """Outer ones first."""
    tags: tuple[str, ...] = ()
    """Names of the tags that point at the commit, as far as they were fetched; sorted."""


def fetch_git(
    vcs: VcsUrl,
    *,
    store: Store,
    network: Network | None = None,
    freshness: Freshness = Freshness.NORMAL,
    fresh_for: float = 600.0,
    wanted_by: Sequence[str] = (),
    timeout: float = TIMEOUT,
) -> GitSource:
    """Have the commit that *vcs* names, with its submodules, in the store.

    A full commit hash that the store has needs no socket. A branch, a tag or HEAD is asked for
    again when what is known of it is older than *fresh_for* seconds; of a branch and a tag of
    the same name the branch is meant, as in pip.

    Args:
        network: For its proxy and certificates; None: the environment's.
        timeout: Seconds for each git command.

    Raises:
        GitFetchFailed: No such repository, ref or commit; a URL that is not allowed.
        OfflineMiss: ``--offline``, and the store does not have it.
        ToolMissing: git is not installed.
    """
    from podwheel.index.submodules import fetch_submodules

    host = GitHost(
        store=store,
        network=network,
        clock=Clock(freshness=freshness, fresh_for=fresh_for),
        wanted_by=tuple(wanted_by),
        timeout=timeout,
    )
    local = vcs.url.startswith("file:")
    if not (local or is_allowed_url(vcs.url)):
        raise host.failed(
            f"git+{masked(vcs.url)} is not fetched: only https, http, ssh, git and file are"
        )
    if vcs.ref is not None and _BAD_REF.search(vcs.ref):
        raise host.failed(f"{vcs.ref!r} cannot be a branch, tag or commit")
    repository = host.repository(vcs.url, local=local)
    commit = repository.resolve(vcs.ref)
    return GitSource(
        url=masked(vcs.url),
        commit=commit,
        repository=repository.path,
        submodules=fetch_submodules(host, repository, commit),
        tags=repository.tags_at(commit),
    )


def is_allowed_url(url: str) -> bool:
    """Whether git may be sent to *url*: no local path, no transport helper, nothing like an option."""
    if url.startswith("-") or not url.isprintable() or " " in url:
        return False
    scheme, separator, rest = url.partition("://")
    if separator:
        try:
            split_login(url)
        except ValueError:
            return False
        # ssh would read a host that starts with a hyphen as an option (CVE-2017-1000117)
        host = rest.partition("/")[0].rpartition("@")[2]
        return scheme in _SCHEMES and host != "" and not host.startswith("-")
    return _SCP.fullmatch(url) is not None


@frozen(kw_only=True)
class GitHost:
    """What all git commands of one fetch share."""

    store: Store
    network: Network | None = field(repr=False)
    clock: Clock
    wanted_by: tuple[str, ...]
    timeout: float

    def repository(self, url: str, *, local: bool = False) -> Repository:
        """The store's bare repository for *url*, made if need be."""
        bare = split_login(url)[0]
        path = self.store.root / "git" / digest_of(bare)[:32]
        repository = Repository(host=self, url=url, path=path, local=local)
        with self.store.lock(f"git {path.name}", timeout=self.timeout):
            if not (self.store.has(path) and (path / "HEAD").is_file()):
                with self.store.attempt("git") as place:  # whole, or not at all
                    new = evolve(repository, path=place / "new")
                    new.git("init", "--quiet", "--bare", "--template=", str(new.path))
                    path.parent.mkdir(parents=True, exist_ok=True)
                    new.path.rename(path)
        return repository

    def failed(
        self, what: str, *, said: str = "", hint: str | Sequence[str] = ()
    ) -> GitFetchFailed:
        """An error with credentials taken out of what git printed."""
        lines = scrubbed(said).strip().splitlines()
        return GitFetchFailed(
            scrubbed(what), wanted_by=self.wanted_by, said="\n".join(lines[-12:]), hint=hint
        )

    def offline(self, what: str) -> OfflineMiss:
        return OfflineMiss(
            f"{what} is not in the store, and --offline forbids fetching it",
            wanted_by=self.wanted_by,
            hint="podwheel fetch … (the same arguments) brings what a later --offline needs",
        )


@frozen(kw_only=True)
class Repository:
    """One bare repository in the store, and where it comes from."""

    host: GitHost
    url: str = field(repr=False)
    """As it is asked; may hold credentials."""
    path: Path
    local: bool = False
    """The user's own ``file:`` URL."""

    @property
    def shown(self) -> str:
        return masked(self.url)

    def resolve(self, ref: str | None) -> str:
        """The commit that *ref* (None: HEAD) names, which is then in the repository."""
        if ref is not None and _COMMIT.fullmatch(ref.lower()):
            self.have(ref.lower())
            return ref.lower()
        answers = Answers(self.host.store, "refs")
        key = [self.path.name, ref]
        known = answers.read(key)
        clock = self.host.clock
        if (
            known is not None
            and not self.local
            and clock.is_fresh(known["got"])
            and self.has(known["commit"])
        ):
            return str(known["commit"])
        if clock.offline and not self.local:
            raise self.host.offline(f"{ref or 'HEAD'} of {self.shown}")
        got = clock.now()
        commit = self._ask(ref)
        answers.write(key, {"commit": commit}, got=got)
        return commit

    def _ask(self, ref: str | None) -> str:
        """Look *ref* up at the server, fetch what it names, and return the commit."""
        found = self._remote(ref)
        if found is not None:
            name, commit = found
            if not self.has(commit):
                self._fetch(f"+{name}:refs/podwheel/{digest_of(name)[:16]}")
            if self.has(commit):
                if name.startswith(_TAGS):  # it may be newer than the commit, which was here before
                    with self._alone():
                        self.git("update-ref", name, commit, check=False)
                return self._peeled(commit)
        # No ref of that name: perhaps the start of a commit's hash. (Or the ref moved just now.)
        if ref is not None and _ABBREVIATED.fullmatch(ref):
            self._fetch_everything()
            done = self.git("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}", check=False)
            if done.code == 0:
                return done.text.strip()
        raise self.host.failed(
            f"{self.shown} has no branch, tag or commit {ref!r}"
            if ref
            else f"{self.shown} is empty",
            hint=f"git ls-remote {self.shown} lists what it has",
        )

    def _remote(self, ref: str | None) -> tuple[str, str] | None:
        """The full name of *ref* at the server, and the object it points to; None: no such ref."""
        names = ["HEAD"] if ref in (None, "HEAD") else [f"refs/heads/{ref}", f"refs/tags/{ref}"]
        if ref is not None and ref.startswith("refs/"):
            names.insert(0, ref)
        listed: dict[str, str] = {}
        for line in self.git("ls-remote", "--", self.url, *names, network=True).text.splitlines():
            commit, _, name = line.partition("\t")
            listed[name] = commit
        return next(((name, listed[name]) for name in names if name in listed), None)

    def tags_at(self, commit: str) -> tuple[str, ...]:
        """Names of the tags here that point at *commit*, annotated or not; sorted."""
        listed = self.git("for-each-ref", "--points-at", commit, "--format=%(refname)", _TAGS)
        return tuple(sorted(name.removeprefix(_TAGS) for name in listed.text.splitlines()))

    def _peeled(self, commit: str) -> str:
        """The commit that an annotated tag is for."""
        done = self.git("rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}", check=False)
        if done.code != 0:
            raise self.host.failed(f"{commit} of {self.shown} is not a commit")
        return done.text.strip()

    def has(self, commit: str) -> bool:
        """Whether the commit is here with all its files.

        Not only the commit itself: from a plain web server git fetches object by object, and
        may have been killed in between.
        """
        done = self.git("rev-list", "--quiet", "--objects", "--no-walk", commit, check=False)
        return done.code == 0

    def have(self, commit: str) -> None:
        """Fetch *commit* if it is not here."""
        if self.has(commit):
            return
        if self.host.clock.offline and not self.local:
            raise self.host.offline(f"commit {commit[:12]} of {self.shown}")
        # By its hash first; a server may allow only what its refs point to, and a plain web
        # server knows nothing but refs.
        by_hash = self._fetch(f"{commit}:refs/podwheel/{commit}", check=False)
        if by_hash.code != 0:
            self._fetch_everything()
        if not self.has(commit):
            raise self.host.failed(f"{self.shown} has no commit {commit}", said=by_hash.error_text)

    def _fetch_everything(self) -> None:
        self._fetch("+refs/heads/*:refs/heads/*", "--prune")  # a/b cannot be where a still is

    def _fetch(self, refspec: str, *options: str, check: bool = True) -> process.Completed:
        """Fetch with all tags: a version is often told by the nearest one (``git describe``)."""
        log.get().info("git.fetch", url=self.shown, ref=refspec.rpartition(":")[2])
        with self._alone():
            return self.git(
                "fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head",
                *options, "--", self.url, refspec, "+refs/tags/*:refs/tags/*",
                network=True, check=check,
            )  # fmt: skip

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Writing to the repository, and nobody else is: what looks like it was left by a git that was killed.

        Its locks would stand in the way for ever, and so may the orphan of a podwheel that was killed.
        """
        with self.host.store.lock(f"git {self.path.name}", timeout=self.host.timeout):
            left = [*self.path.rglob("*.lock"), *self.path.glob("objects/pack/tmp_*")]
            if left:
                process.kill_orphans(f"--git-dir={self.path}", "fetch")
            for path in left:
                path.unlink(missing_ok=True)
            yield

    def git(self, *arguments: str, network: bool = False, check: bool = True) -> process.Completed:
        """Run git in this repository.

        Raises:
            GitFetchFailed: It failed (if *check*), or took longer than the time allowed.
        """
        url, variables = git_environment(
            self.url, network=self.host.network, local=self.local, online=network
        )
        command = [
            "git",
            f"--git-dir={self.path}",
            *(url if a == self.url else a for a in arguments),
        ]
        try:
            done = process.run(command, environment=variables, timeout=self.host.timeout)
        except TimeoutError:
            raise self.host.failed(
                f"git {arguments[0]} of {self.shown} took longer than {self.host.timeout:.0f} s"
            ) from None
        if check and done.code != 0:
            raise self.host.failed(
                f"git {arguments[0]} of {self.shown} failed",
                said=done.error_text,
                hint=(
                    "check the URL, and that you may read it: podwheel cannot ask for a password",
                    f"git ls-remote {self.shown} shows what git itself says",
                ),
            )
        return done
