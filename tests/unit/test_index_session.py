"""Credentials, certificates, proxies, retries: what is sent where, and what is never shown."""

from __future__ import annotations

import base64
import sys
import threading
import traceback
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from index_helpers import (
    CERTIFICATE,
    Bench,
    Reply,
    Seen,
    Server,
    canonical,
    file_at,
    html_page,
    json_page,
)

from podwheel.errors import IndexUnreachable, UsageError
from podwheel.index.logins import Logins
from podwheel.index.session import make_session
from podwheel.index.urls import is_secure, masked, scrubbed, split_login, trusts
from podwheel.model import File, Freshness, Network

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DEMO = canonical("demo")
SECRET = "s3cr3t/p@ss"
QUOTED = "s3cr3t%2Fp%40ss"


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    with Bench(tmp_path, monkeypatch) as made:
        yield made


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def guarded(user: str, password: str, page: Reply) -> Any:
    """A route that wants a login."""

    def route(request: Seen) -> Reply:
        sent = request.headers.get("authorization")
        return page if sent == basic(user, password) else Reply(status=401, body=b"no")

    return route


PAGE = html_page('<a href="/files/demo-1.0.zip">x</a>')


def logins(server: Server) -> list[str | None]:
    return [request.headers.get("authorization") for request in server.seen]


def with_login(server: Server, path: str = "/simple") -> str:
    return f"http://me:{QUOTED}@{server.netloc}{path}"


# --------------------------------------------------------------------------- where logins come from


def test_the_login_of_an_index_url_serves_its_whole_host(bench: Bench) -> None:
    bench.server.routes["/simple/demo/"] = guarded("me", SECRET, PAGE)
    bench.server.routes["/files/demo-1.0.zip"] = guarded("me", SECRET, Reply(body=b"x"))
    index = bench.index(with_login(bench.server))
    (file,) = index.files(DEMO)
    assert file.url == f"{bench.server.url}/files/demo-1.0.zip"
    assert file.index == f"{bench.server.url}/simple"
    index.download(file)
    assert logins(bench.server) == [basic("me", SECRET)] * 2


def test_two_indexes_of_one_host_have_a_login_each(bench: Bench) -> None:
    bench.server.routes["/b/simple/demo/"] = guarded("you", "2", PAGE)
    one = f"http://me:1@{bench.server.netloc}/a/simple"
    two = f"http://you:2@{bench.server.netloc}/b/simple"
    bench.index(one, two).files(DEMO)
    assert logins(bench.server) == [basic("me", "1"), basic("you", "2")]


def test_netrc(bench: Bench) -> None:
    (bench.home / ".netrc").write_text("machine 127.0.0.1 login me password secret\n")
    bench.server.routes["/simple/demo/"] = guarded("me", "secret", PAGE)
    bench.index().files(DEMO)
    assert len(bench.server.seen) == 1


def test_netrc_has_the_password_of_a_user_that_the_url_names(bench: Bench) -> None:
    (bench.home / ".netrc").write_text("machine 127.0.0.1 login me password secret\n")
    bench.server.routes["/simple/demo/"] = guarded("me", "secret", PAGE)
    bench.index(f"http://me@{bench.server.netloc}/simple").files(DEMO)
    with pytest.raises(IndexUnreachable, match="401"):
        bench.index(f"http://you@{bench.server.netloc}/simple", freshness=Freshness.REFRESH).files(
            DEMO
        )


def test_the_url_wins_over_netrc(bench: Bench) -> None:
    (bench.home / ".netrc").write_text("machine 127.0.0.1 login other password other\n")
    bench.server.routes["/simple/demo/"] = guarded("me", SECRET, PAGE)
    bench.index(with_login(bench.server)).files(DEMO)
    assert logins(bench.server) == [basic("me", SECRET)]


KEYRING_PROGRAM = f"""#!{sys.executable} -I
import json, sys
with open({{log!r}}, "a") as log:
    log.write(" ".join(sys.argv[1:]) + "\\n")
if sys.argv[1:3] == ["--mode=creds", "--output=json"]:
    print(json.dumps({{{{"username": "me", "password": "from-keyring"}}}}))
elif sys.argv[-1] == "me":
    print("from-keyring")
else:
    sys.exit(1)
"""


@pytest.fixture
def keyring(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `keyring` program on PATH; the file that it writes its arguments to."""
    asked = bench.home / "asked"
    program = bench.home / "bin" / "keyring"
    program.parent.mkdir()
    program.write_text(KEYRING_PROGRAM.format(log=str(asked)))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    return asked


@pytest.mark.parametrize("user", ["me@", ""])
def test_keyring_is_asked_after_a_401_and_once(bench: Bench, keyring: Path, user: str) -> None:
    for name in ("demo", "other"):
        bench.server.routes[f"/simple/{name}/"] = guarded("me", "from-keyring", PAGE)
    network = Network(retries=0, keyring="subprocess")
    index = bench.index(f"http://{user}{bench.server.netloc}/simple", network=network)
    index.files(DEMO)
    index.files(canonical("other"))
    url = f"{bench.server.url}/simple"
    asked = f"get {url} me" if user else f"--mode=creds --output=json get {url}"
    assert keyring.read_text().splitlines() == [asked]
    assert logins(bench.server) == [None, *[basic("me", "from-keyring")] * 2]


def test_keyring_may_be_disabled(bench: Bench, keyring: Path) -> None:
    bench.server.routes["/simple/demo/"] = guarded("me", "from-keyring", PAGE)
    with pytest.raises(IndexUnreachable, match="401"):
        bench.index(network=Network(retries=0, keyring="disabled")).files(DEMO)
    assert not keyring.exists()


def test_a_login_that_is_refused_is_not_tried_again_and_again(bench: Bench, keyring: Path) -> None:
    bench.server.routes["/simple/demo/"] = guarded("me", "something else", PAGE)
    network = Network(retries=3, keyring="subprocess")
    with pytest.raises(IndexUnreachable, match="401") as told:
        bench.index(f"http://me:wrong@{bench.server.netloc}/simple", network=network).files(DEMO)
    assert logins(bench.server) == [basic("me", "wrong"), basic("me", "from-keyring")]
    assert any("netrc" in hint for hint in told.value.hint)


class BrokenKeyring:
    @staticmethod
    def get_credential(service: str, user: str | None) -> object:
        raise RuntimeError(f"locked: {SECRET}")


def test_a_keyring_that_raises_is_left_alone(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", BrokenKeyring)
    bench.server.routes["/simple/demo/"] = Reply(status=401)
    with (
        structlog.testing.capture_logs() as logged,
        pytest.raises(IndexUnreachable, match="401"),
    ):
        bench.index(network=Network(retries=0, keyring="import")).files(DEMO)
    assert [e["event"] for e in logged if e["log_level"] == "warning"] == ["index.keyring.failed"]
    assert SECRET not in str(logged)


# --------------------------------------------------------------------------- where they must not go


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_origin_gets_no_login(bench: Bench, status: int) -> None:
    other = bench.another_server()
    other.routes["/stolen"] = PAGE
    bench.server.routes["/simple/demo/"] = Reply(
        status=status, headers={"Location": f"{other.url}/stolen"}
    )
    bench.index(with_login(bench.server)).files(DEMO)
    assert logins(bench.server) == [basic("me", SECRET)]
    assert logins(other) == [None]


def test_not_even_if_the_other_origin_asks_for_one(bench: Bench, keyring: Path) -> None:
    other = bench.another_server()
    other.routes["/stolen"] = Reply(status=401)
    bench.server.routes["/simple/demo/"] = Reply(
        status=302, headers={"Location": f"{other.url}/stolen"}
    )
    with pytest.raises(IndexUnreachable, match="401"):
        bench.index(with_login(bench.server)).files(DEMO)
    assert logins(other) == [None]


def test_a_file_on_another_host_gets_no_login(bench: Bench) -> None:
    other = bench.another_server()
    other.routes["/files/demo-1.0.zip"] = b"x"
    bench.server.routes["/simple/demo/"] = json_page(
        {"filename": "demo-1.0.zip", "url": f"{other.url}/files/demo-1.0.zip"}
    )
    index = bench.index(with_login(bench.server))
    index.download(index.files(DEMO)[0])
    assert logins(other) == [None]


def test_a_redirect_to_another_index_gets_that_ones_login(bench: Bench) -> None:
    other = bench.another_server()
    other.routes["/simple/demo/"] = guarded("you", "2", PAGE)
    bench.server.routes["/simple/demo/"] = Reply(
        status=302, headers={"Location": f"{other.url}/simple/demo/"}
    )
    bench.index(with_login(bench.server), f"http://you:2@{other.netloc}/simple").files(DEMO)
    assert basic("me", SECRET) not in logins(other)


def test_logins_in_a_pages_links_are_used_and_not_kept(bench: Bench) -> None:
    other = bench.another_server()
    other.routes["/demo-1.0.zip"] = guarded("me", SECRET, Reply(body=b"x"))
    bench.server.routes["/simple/demo/"] = json_page(
        {"filename": "demo-1.0.zip", "url": f"http://me:{QUOTED}@{other.netloc}/demo-1.0.zip"}
    )
    for _ in range(2):  # the second run must read the page again to know the login
        index = bench.index()
        (file,) = index.files(DEMO)
        assert file.url == f"{other.url}/demo-1.0.zip"
        index.download(file)
    assert bench.server.count("/simple/demo/") == 2
    assert bench.offline().files(DEMO) == (file,)
    for path in bench.store.root.rglob("*"):
        assert not path.is_file() or b"s3cr3t" not in path.read_bytes()


# --------------------------------------------------------------------------- what is never shown


def failures(bench: Bench) -> dict[str, Any]:
    dead = bench.another_server()
    dead.__exit__()
    server = bench.server
    server.routes["/r500/demo/"] = Reply(status=500)
    server.routes["/r401/demo/"] = Reply(status=401)
    server.routes["/loop/demo/"] = Reply(status=302, headers={"Location": "/loop/demo/"})
    server.routes["/file/demo/"] = Reply(status=302, headers={"Location": "file:///etc/passwd"})
    server.routes["/odd/demo/"] = Reply(
        status=302, headers={"Location": f"http://u:{QUOTED}@[bad/?token={QUOTED}"}
    )
    server.routes["/odd2/demo/"] = Reply(
        status=302, headers={"Location": f"http://u:{QUOTED}@127.0.0.1:{server.netloc[-1]}x/"}
    )
    server.routes["/cut/demo/"] = Reply(
        body=b"x" * 1000, headers={"Content-Type": "text/html"}, cut=10
    )
    server.routes["/json/demo/"] = Reply(
        body=b"{}", headers={"Content-Type": "application/vnd.pypi.simple.v1+json"}
    )
    paths = ("r500", "r401", "loop", "file", "odd", "odd2", "cut", "json")
    return {
        **{path: with_login(server, f"/{path}") for path in paths},
        "refused": with_login(dead),
        "no host": f"https://me:{QUOTED}@no-such-host.invalid/simple",
        "no url": f"https://me:{QUOTED}@[bad/simple",
        "scheme": f"ftp://me:{QUOTED}@example.org/simple",
        "insecure": f"http://me:{QUOTED}@example.org/simple",
    }


SAID = {
    "r500": "500",
    "r401": "credentials",
    "loop": "again and again",
    "file": "neither https nor http",
    "odd": "no URL",
    "odd2": "no URL",
    "cut": "connection broke",
    "json": "cannot be read",
    "refused": "refused",
    "no host": "not known",
    "no url": "no URL",
    "scheme": "no URL",
    "insecure": "plain http",
}


@pytest.mark.parametrize("case", SAID)
def test_failures_are_explained_without_credentials(bench: Bench, case: str) -> None:
    url = failures(bench)[case]
    network = Network(retries=0, keyring="disabled")
    with (
        structlog.testing.capture_logs() as logged,
        pytest.raises(IndexUnreachable) as told,
    ):
        bench.index(url, network=network).files(DEMO)
    error = told.value
    assert SAID[case] in error.what
    shown = "\n".join(
        [error.what, error.said, *error.hint, repr(error), *traceback.format_exception(error)]
    )
    for secret in (SECRET, QUOTED, "s3cr3t"):
        assert secret not in shown
        assert secret not in str(logged)


def test_reprs_hide_what_is_secret(bench: Bench) -> None:
    index = bench.index(with_login(bench.server), network=Network(proxy=f"http://me:{QUOTED}@p"))
    for each in (
        index._client.logins,
        index._client,
        index._session.get().auth,
        Network(proxy=f"http://me:{QUOTED}@p"),
    ):
        assert "s3cr3t" not in repr(each)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://u:p@example.org:8/a?token=t#f", "https://example.org:8/a"),
        ("https://token@example.org/a", "https://example.org/a"),
        ("ssh://git@example.org/a", "ssh://git@example.org/a"),
        ("ssh://git:p@example.org/a", "ssh://example.org/a"),
        ("git@example.org:a/b.git", "git@example.org:a/b.git"),
        ("https://u:p@[bad/a", "https://[bad/a"),
        ("/a/b", "/a/b"),
    ],
)
def test_masked(url: str, shown: str) -> None:
    assert masked(url) == shown


def test_scrubbed() -> None:
    said = "fatal: unable to access 'https://u:p@example.org/a/': see http://t@example.org or a@b"
    assert scrubbed(said) == (
        "fatal: unable to access 'https://example.org/a/': see http://example.org or a@b"
    )


def test_a_login_is_decoded() -> None:
    assert split_login("https://a%40b:c%2Fd@example.org/x") == (
        "https://example.org/x",
        ("a@b", "c/d"),
    )
    assert Logins().learn("https://u@example.org/x") == "https://example.org/x"


# --------------------------------------------------------------------------- certificates, trusted hosts


def test_the_systems_trust_store_does_not_know_our_certificate(bench: Bench) -> None:
    server = bench.another_server(tls=True)
    with pytest.raises(IndexUnreachable, match="TLS certificate was not accepted") as told:
        bench.index(f"{server.url}/simple", network=Network(retries=0)).files(DEMO)
    assert any("--cert FILE" in hint for hint in told.value.hint)
    assert any("--trusted-host 127.0.0.1" in hint for hint in told.value.hint)


@pytest.mark.parametrize("how", ["--cert", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "trusted"])
def test_ways_to_trust_a_certificate(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    server = bench.another_server(tls=True)
    server.routes["/simple/demo/"] = PAGE
    network = Network(retries=0)
    if how == "--cert":
        network = Network(retries=0, certificate=CERTIFICATE)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such/file")  # the option wins
    elif how == "trusted":
        network = Network(retries=0, trusted_hosts=("127.0.0.1",))
    else:
        monkeypatch.setenv(how, str(CERTIFICATE))
    index = bench.index(f"{server.url}/simple", network=network)
    assert len(index.files(DEMO)) == 1


def test_the_trust_store_honours_ssl_cert_file(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = bench.another_server(tls=True)
    server.routes["/simple/demo/"] = PAGE
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    assert len(bench.index(f"{server.url}/simple").files(DEMO)) == 1


def test_a_certificate_file_that_is_not_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="--cert"):
        make_session(Network(certificate=tmp_path / "none.pem"), user_agent="x")
    with pytest.raises(UsageError, match="--client-cert"):
        make_session(Network(client_certificate=tmp_path / "none.pem"), user_agent="x")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none.pem"))
    with pytest.raises(UsageError, match="REQUESTS_CA_BUNDLE"):
        make_session(Network(), user_agent="x")


def test_a_certificate_file_that_is_none(bench: Bench, tmp_path: Path) -> None:
    server = bench.another_server(tls=True)
    (tmp_path / "bad.pem").write_text("no certificate")
    network = Network(retries=0, certificate=tmp_path / "bad.pem")
    with pytest.raises(IndexUnreachable):
        bench.index(f"{server.url}/simple", network=network).files(DEMO)


@pytest.mark.parametrize(
    ("url", "trusted", "expected"),
    [
        ("https://a.example.org/", (), True),
        ("http://a.example.org/", (), False),
        ("http://a.example.org/", ("a.example.org",), True),
        ("http://a.example.org:81/", ("A.Example.org",), True),
        ("http://a.example.org:81/", ("a.example.org:81",), True),
        ("http://a.example.org/", ("a.example.org:80",), True),
        ("http://a.example.org:82/", ("a.example.org:81",), False),
        ("http://b.example.org/", ("a.example.org", "example.org"), False),
        ("http://[::1]:8/", (), True),
        ("http://127.9.9.9/", (), True),
        ("http://localhost:3141/", (), True),
        ("http://127.0.0.1.example.org/", (), False),
        ("file:///a", (), True),
        ("ftp://a.example.org/", (), False),
    ],
)
def test_what_counts_as_secure(url: str, trusted: tuple[str, ...], expected: bool) -> None:
    assert is_secure(url, trusted) is expected
    assert not trusts(url, ())


# --------------------------------------------------------------------------- proxies, retries, redirects


@pytest.mark.parametrize("how", ["option", "environment"])
def test_proxies(bench: Bench, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    url = "http://index.example.org/simple"
    bench.server.routes[f"{url}/demo/"] = PAGE
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1" if how == "option" else bench.server.url)
    network = Network(
        retries=0,
        trusted_hosts=("index.example.org",),
        proxy=f"http://me:{QUOTED}@{bench.server.netloc}" if how == "option" else None,
    )
    assert len(bench.index(url, network=network).files(DEMO)) == 1
    sent = bench.server.seen[0].headers.get("proxy-authorization")
    assert sent == (basic("me", SECRET) if how == "option" else None)


def test_no_proxy(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.server.routes["/simple/demo/"] = PAGE
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert len(bench.index().files(DEMO)) == 1


def test_a_proxy_that_is_not_there(bench: Bench) -> None:
    network = Network(
        retries=0, trusted_hosts=("index.example.org",), proxy=f"http://me:{QUOTED}@127.0.0.1:1"
    )
    with pytest.raises(IndexUnreachable, match="proxy cannot be reached") as told:
        bench.index("http://index.example.org/simple", network=network).files(DEMO)
    assert any("--proxy" in hint for hint in told.value.hint)
    assert "s3cr3t" not in f"{told.value.what}{told.value.hint}"


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_passing_trouble_is_tried_again(bench: Bench, status: int) -> None:
    answers = [Reply(status=status), PAGE]
    bench.server.routes["/simple/demo/"] = lambda _request: answers.pop(0)
    assert len(bench.index(network=Network(retries=1)).files(DEMO)) == 1


def test_a_server_cannot_put_us_to_sleep(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("urllib3.util.retry.time.sleep", slept.append)
    answers = [Reply(status=503, headers={"Retry-After": "86400"}), PAGE]
    bench.server.routes["/simple/demo/"] = lambda _request: answers.pop(0)
    bench.index(network=Network(retries=1)).files(DEMO)
    assert slept == [30]


def test_a_server_that_says_nothing(bench: Bench) -> None:
    done = threading.Event()

    def route(_request: Seen) -> Reply:
        done.wait(20)
        return PAGE

    bench.server.routes["/simple/demo/"] = route
    with pytest.raises(IndexUnreachable, match="did not answer in time") as told:
        bench.index(network=Network(retries=0, timeout=0.05)).files(DEMO)
    done.set()
    assert any("--timeout" in hint for hint in told.value.hint)


def test_redirects_end(bench: Bench) -> None:
    bench.server.routes["/simple/demo/"] = Reply(status=302, headers={"Location": "/simple/demo/"})
    with pytest.raises(IndexUnreachable, match="again and again"):
        bench.index().files(DEMO)
    assert len(bench.server.seen) == 21


def test_a_download_that_redirects_to_a_file_reads_none(bench: Bench) -> None:
    bench.server.routes["/files/demo-1.0.zip"] = Reply(
        status=302, headers={"Location": "file:///etc/passwd"}
    )
    with pytest.raises(IndexUnreachable, match="neither https nor http"):
        bench.index().download(file_at(bench.server, "demo-1.0.zip"))


def test_a_direct_url_with_a_login(bench: Bench) -> None:
    bench.server.routes["/demo-1.0.zip"] = guarded("me", SECRET, Reply(body=b"x"))
    file = File(filename="demo-1.0.zip", url=with_login(bench.server, "/demo-1.0.zip"))
    bench.index().download(file)
    assert bench.offline().download(file)
