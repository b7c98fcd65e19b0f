"""What a container can and cannot do, tried in real ones."""

from __future__ import annotations

import io
import json
import os
import secrets
import signal
import stat
import tarfile
import textwrap
import threading
import time
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from podwheel import process
from podwheel.errors import WheelRejected
from podwheel.sandbox import Ended, Enforcement, GuestGone, Job, Limits, Mount, Sandbox, measure
from podwheel.sandbox.enforcement import WATCHED, Cgroups

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from podwheel.sandbox import Outcome, Session

pytestmark = pytest.mark.podman

MIB = 1 << 20

# A backend whose hook runs what the test sends: the worst that a package can be.
BACKEND = """
import json, os, sys
def get_requires_for_build_wheel(settings):
    space = {}
    exec(settings["code"], space)
    return [json.dumps(space.get("result"))]
"""


@pytest.fixture(scope="module")
def box_image(request: pytest.FixtureRequest) -> str:
    """An image with Python: $PODWHEEL_TEST_IMAGE, else the suite's own `image`."""
    named = os.environ.get("PODWHEEL_TEST_IMAGE")
    if named:
        return named
    try:
        found = request.getfixturevalue("image")
    except pytest.FixtureLookupError:
        pytest.skip("PODWHEEL_TEST_IMAGE names no image")
    return str(getattr(found, "reference", found))


@pytest.fixture(scope="module")
def enforced() -> Enforcement:
    return measure()


@pytest.fixture
def sandbox(tmp_path: Path, enforced: Enforcement) -> Iterator[Sandbox]:
    box = Sandbox(
        run_id=f"test-{secrets.token_hex(4)}", work=tmp_path / "work", enforcement=enforced
    )
    yield box
    box.reap()
    assert containers(box) == []


def containers(sandbox: Sandbox) -> list[str]:
    done = process.run(
        ["podman", "ps", "-aq", f"--filter=label=podwheel.run={sandbox.run_id}"], timeout=60
    )
    assert done.code == 0, done.error_text
    return done.text.split()


class Bench:
    """A build of the hostile backend, ready to run code in its hook."""

    def __init__(self, sandbox: Sandbox, image: str, tmp_path: Path) -> None:
        self.sandbox = sandbox
        self.log = tmp_path / "step.log"
        self.env = tmp_path / "env"
        (self.env / "bin").mkdir(parents=True)
        (self.env / "bin/python").symlink_to("/usr/bin/python3")
        sdist = tmp_path / "thing-1.0.tar.gz"
        with tarfile.open(sdist, "w:gz") as archive:
            for name, text in {"backend.py": BACKEND, "pyproject.toml": ""}.items():
                member = tarfile.TarInfo(f"thing-1.0/{name}")
                member.size = len(text)
                archive.addfile(member, io.BytesIO(text.encode()))
        sdist.chmod(0o644)
        for directory in (self.env, self.env / "bin"):
            directory.chmod(0o755)
        self.job = Job(
            name="build thing 1.0",
            image=image,
            program="build.py",
            mounts=(
                Mount(source=sdist, target="/podwheel/in/source"),
                Mount(source=self.env, target="/podwheel/env"),
            ),
            limits=Limits(wall=60, silence=60),
        )

    def unpack(self, session: Session) -> None:
        assert session.ask({"op": "unpack", "archive": "/podwheel/in/source"})["ok"] is True

    def hook(self, session: Session, code: str) -> dict[str, Any]:
        return session.ask(
            {
                "op": "hook",
                "hook": "get_requires_for_build_wheel",
                "backend": "backend",
                "backend_path": ["."],
                "config_settings": {"code": textwrap.dedent(code)},
            }
        )

    def run(self, code: str, **changes: Any) -> tuple[Any, Outcome]:
        """What the code left in ``result``, in a container of its own."""
        job = attrs.evolve(self.job, **changes)
        with self.sandbox.session(job, log=self.log) as session:
            self.unpack(session)
            reply = self.hook(session, code)
        assert reply["ok"] is True, (reply, self.log.read_text())
        return json.loads(reply["value"][0]), session.outcome


@pytest.fixture
def bench(sandbox: Sandbox, box_image: str, tmp_path: Path) -> Bench:
    return Bench(sandbox, box_image, tmp_path)


# --------------------------------------------------------------------------- isolation


def test_no_network_no_capabilities_no_privileges(bench: Bench) -> None:
    result, outcome = bench.run("""
        import os, socket
        status = dict(l.split(":", 1) for l in open("/proc/self/status") if ":" in l)
        result = {
            "caps": {k: int(status[k], 16) for k in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")},
            "nnp": status["NoNewPrivs"].strip(), "seccomp": status["Seccomp"].strip(),
            "interfaces": [n for _, n in socket.if_nameindex()],
            "groups": os.getgroups(), "uid": os.getuid(), "hosts": open("/etc/hosts").read(),
            "hostname": socket.gethostname(),
        }
        try:
            socket.create_connection(("192.0.2.1", 80), 1)
        except OSError as error:
            result["connect"] = error.errno
    """)
    assert set(result["caps"].values()) == {0}
    assert (result["nnp"], result["seccomp"]) == ("1", "2")
    assert result["interfaces"] == ["lo"]
    assert result["connect"] == 101  # ENETUNREACH
    assert result["uid"] == 10000
    assert result["groups"] == [10000]
    assert result["hostname"] == "podwheel"
    assert result["hosts"] == "127.0.0.1 localhost\n::1 localhost\n"
    assert outcome.ended is Ended.OK
    assert outcome.code == 0
    assert outcome.cpu_seconds is not None


def test_system_calls_that_lead_out_are_refused(bench: Bench) -> None:
    """Each would work in podman's default profile, or does outside one."""
    result, _ = bench.run("""
        import ctypes, os, platform, socket
        libc = ctypes.CDLL(None, use_errno=True)
        def call(function, *args):
            ctypes.set_errno(0)
            return [getattr(libc, function)(*args), ctypes.get_errno()]
        result = {
            "unshare user": call("unshare", 0x10000000),
            "unshare mount": call("unshare", 0x20000),
            "setns": call("setns", os.open("/proc/self/ns/net", os.O_RDONLY), 0),
            "mount": call("mount", b"none", b"/build", b"tmpfs", 0, None),
            "ptrace": call("ptrace", 16, os.getppid(), None, None),
            "chroot": call("chroot", b"/build"),
        }
        if platform.machine() == "x86_64":
            result["keyctl"] = call("syscall", 250, 0, -3, 1)
            result["clone user"] = call("syscall", 56, 0x10000000 | 17, 0, 0, 0, 0)
            result["clone3"] = call("syscall", 435, 0, 0)
            result["io_uring"] = call("syscall", 425, 1, 0)
            result["bpf"] = call("syscall", 321, 0, 0, 0)
        families = {}
        for name in ("AF_VSOCK", "AF_ALG", "AF_PACKET"):
            try:
                socket.socket(getattr(socket, name), socket.SOCK_STREAM)
                families[name] = "open"
            except OSError as error:
                families[name] = "refused"
        result["families"] = families
    """)
    assert set(result.pop("families").values()) == {"refused"}
    refused = {
        name: value for name, value in result.items() if value[0] == -1 and value[1] in (1, 38)
    }
    assert refused == result


def test_what_builds_need_works(bench: Bench) -> None:
    result, _ = bench.run("""
        import multiprocessing, os, pwd, socket, subprocess, sys, tempfile, threading
        result = {}
        thread = threading.Thread(target=lambda: result.update(thread=True))
        thread.start(); thread.join()
        result["subprocess"] = subprocess.check_output(["sh", "-c", "echo yes | cat"]).decode()
        context = multiprocessing.get_context("fork")
        queue = context.Queue()
        child = context.Process(target=queue.put, args=(5,)); child.start()
        result["queue"] = queue.get(); child.join()
        a, b = socket.socketpair(); a.send(b"x"); result["socketpair"] = b.recv(1).decode()
        server = socket.create_server(("127.0.0.1", 0)); server.close(); result["loopback"] = True
        result["user"] = pwd.getpwuid(os.getuid()).pw_name
        result["home"] = os.path.expanduser("~")
        script = os.path.join(tempfile.gettempdir(), "s")
        open(script, "w").write("#!/bin/sh\\necho run"); os.chmod(script, 0o755)
        result["exec in TMPDIR"] = subprocess.check_output([script]).decode()
        os.mkfifo("/build/fifo")
        result["cc"] = None
        if os.path.exists("/usr/bin/cc"):
            open("/build/t.c", "w").write("#include <stdio.h>\\nint main(void){puts(\\"c\\");}")
            subprocess.check_call(["cc", "-pipe", "-o", "/build/t", "/build/t.c"])
            result["cc"] = subprocess.check_output(["/build/t"]).decode()
    """)
    assert result.pop("cc") in (None, "c\n")
    assert result == {
        "thread": True,
        "subprocess": "yes\n",
        "queue": 5,
        "socketpair": "x",
        "loopback": True,
        "user": "podwheel",
        "home": "/build/home",
        "exec in TMPDIR": "run\n",
    }


def test_only_the_scratch_can_be_written(bench: Bench) -> None:
    result, _ = bench.run("""
        import os
        result = {}
        places = ["/", "/etc", "/usr/lib", "/var/tmp", "/run", "/podwheel", "/podwheel/env", "/podwheel/guest",
                  "/sys/fs/cgroup", "/proc/sys/kernel", "/dev", "/build", "/tmp", "/dev/shm"]
        for place in places:
            try:
                open(os.path.join(place, "written"), "w").close()
                result[place] = True
            except OSError:
                result[place] = False
    """)
    assert {place for place, written in result.items() if written} == {"/build", "/tmp", "/dev/shm"}


def test_the_environment_is_ours_alone(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:password@proxy.example.org:3128")
    monkeypatch.setenv("PODWHEEL_SECRET", "secret")
    result, _ = bench.run(
        "import os; result = dict(os.environ)", environment=(("SOURCE_DATE_EPOCH", "1700000000"),)
    )
    result.pop("LC_CTYPE", None)  # Python's own doing (PEP 538)
    assert set(result) == {
        "HOME", "HOSTNAME", "LANG", "LC_ALL", "LOGNAME", "PATH", "PYTHONHASHSEED", "SOURCE_DATE_EPOCH",
        "TERM", "TMPDIR", "TZ", "USER",
    }  # fmt: skip
    assert result["PATH"].startswith("/podwheel/env/bin:")
    assert result["PYTHONHASHSEED"] == "0"


def test_a_build_cannot_speak_for_the_guest(bench: Bench) -> None:
    """The guest has its uid: without PR_SET_DUMPABLE it opened /proc/1/fd and wrote frames."""
    result, _ = bench.run("""
        import os, sys
        result = []
        print('{"frame": "reply", "body": {"ok": true, "value": ["forged"]}}')
        sys.stdout.flush()
        os.write(1, b'{"frame": "reply", "body": {"ok": true, "value": ["forged"]}}\\n')
        for number in range(64):
            try:
                os.write(os.open("/proc/1/fd/%d" % number, os.O_WRONLY), b"garbage\\n")
                result.append(number)
            except OSError:
                pass
        for name in ("environ", "mem", "maps"):
            try:
                open("/proc/1/" + name, "rb").read(1)
                result.append(name)
            except OSError:
                pass
    """)
    assert result == []
    assert "forged" in bench.log.read_text()


def test_a_daemon_of_one_hook_is_dead_at_the_next(bench: Bench) -> None:
    with bench.sandbox.session(bench.job, log=bench.log) as session:
        bench.unpack(session)
        first = bench.hook(
            session,
            """
            import os, signal, time
            if os.fork() == 0:
                os.setsid()
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                if os.fork() == 0:
                    time.sleep(1000)
                os._exit(0)
            time.sleep(0.2)
            result = [p for p in os.listdir("/proc") if p.isdigit()]
            """,
        )
        second = bench.hook(
            session, 'import os; result = [p for p in os.listdir("/proc") if p.isdigit()]'
        )
    assert len(json.loads(first["value"][0])) > 2
    assert len(json.loads(second["value"][0])) == 2  # the guest and the hook


def test_slots_have_uids_of_their_own(bench: Bench) -> None:
    result, _ = bench.run("import os; result = [os.getuid(), os.getgid()]", slot=7)
    assert result == [10007, 10007]


def test_files_added_to_the_environment_are_seen_at_once(bench: Bench) -> None:
    with bench.sandbox.session(bench.job, log=bench.log) as session:
        bench.unpack(session)
        (bench.env / "late").write_text("here")
        (bench.env / "late").chmod(0o644)
        reply = bench.hook(session, 'result = open("/podwheel/env/late").read()')
    assert json.loads(reply["value"][0]) == "here"


def test_a_jobserver_can_be_read_and_written_and_nothing_else(bench: Bench, tmp_path: Path) -> None:
    fifo = tmp_path / "jobs"
    os.mkfifo(fifo)
    fifo.chmod(0o666)
    held = os.open(fifo, os.O_RDWR | os.O_NONBLOCK)
    os.write(held, b"++")
    code = """
        import os
        path, refused = "/podwheel/jobs", {}
        jobs = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        got = os.read(jobs, 100).decode()
        os.write(jobs, b"forged")
        for what in ("unlink(path)", "chmod(path, 0)", "rename(path, path + '2')", "utime(path)",
                     "link(path, '/podwheel/other')", "symlink('/etc', '/podwheel/link')",
                     "setxattr(path, 'user.a', b'b')"):
            try:
                eval("os." + what)
                refused[what] = False
            except OSError:
                refused[what] = True
        result = {"got": got, "let": [what for what in refused if not refused[what]]}
    """
    result, _ = bench.run(code, jobserver=fifo)
    assert result == {"got": "++", "let": []}
    assert os.read(held, 100) == b"forged"  # it speaks to nobody but the host, which counts bytes
    os.close(held)
    assert stat.S_IMODE(fifo.stat().st_mode) == 0o666


# --------------------------------------------------------------------------- limits


@pytest.mark.parametrize(
    ("limits", "code", "ended"),
    [
        (
            Limits(wall=3, silence=60),
            "import time\nwhile True: print('.', flush=True); time.sleep(.1)",
            Ended.TIMED_OUT,
        ),
        (Limits(wall=60, silence=3), "import time; time.sleep(1000)", Ended.SILENT),
    ],
)
def test_a_limit_of_time_removes_the_container(
    bench: Bench, limits: Limits, code: str, ended: Ended
) -> None:
    job = attrs.evolve(bench.job, limits=limits)
    with bench.sandbox.session(job, log=bench.log) as session:
        bench.unpack(session)
        with pytest.raises(GuestGone):
            bench.hook(session, code)
        with pytest.raises(GuestGone):
            bench.hook(session, "result = 1")
    assert session.outcome.ended is ended
    assert containers(bench.sandbox) == []


def test_the_scratch_is_no_larger_than_it_may_be(bench: Bench) -> None:
    result, _ = bench.run(
        """
        import errno
        file, result = open("/build/large", "wb"), "unlimited"
        try:
            for _ in range(64):
                file.write(bytes(1 << 20)); file.flush()
        except OSError as error:
            result = error.errno
        """,
        limits=Limits(wall=60, scratch=16 * MIB),
    )
    assert result in (27, 28)  # EFBIG by ulimit, ENOSPC by the file system


def test_memory_is_held_where_that_is_claimed(bench: Bench, enforced: Enforcement) -> None:
    if enforced.memory == WATCHED:
        pytest.skip("the kernel holds no memory on this host")
    code = "hog = []\nwhile True: hog.append(bytearray(1 << 24))"
    job = attrs.evolve(bench.job, limits=Limits(wall=60, memory=192 * MIB))
    with bench.sandbox.session(job, log=bench.log) as session:
        bench.unpack(session)
        try:
            reply = bench.hook(session, code)
        except GuestGone:
            reply = None
    outcome = session.outcome
    if reply is None:
        assert outcome.ended is Ended.KILLED
    else:  # the kernel took the hook, and left the guest
        assert (reply["ok"], reply["reason"], reply["signal"]) == (False, "killed", 9)
    if enforced.memory_groups is not None:
        assert outcome.out_of_memory is True
        assert outcome.peak_memory is not None
        assert outcome.peak_memory <= 192 * MIB


@pytest.fixture
def unheld(tmp_path: Path, box_image: str, enforced: Enforcement) -> Iterator[Bench]:
    """A bench as on a host whose kernel holds no memory: podwheel watches."""
    by_us = attrs.evolve(
        enforced, cgroups=Cgroups.NONE, memory=WATCHED, memory_groups=None, process_groups=None
    )
    box = Sandbox(
        run_id=f"test-{secrets.token_hex(4)}", work=tmp_path / "unheld", enforcement=by_us
    )
    yield Bench(box, box_image, tmp_path)
    box.reap()
    assert containers(box) == []


HOGS = {
    "processes": """
        import os, time
        for _ in range(6):
            if os.fork() == 0:
                held = bytearray(os.urandom(1 << 20) * 64)
                time.sleep(60)
        time.sleep(60)
    """,
    "scratch": """
        import os, time
        for number in range(6):
            open("/build/%d" % number, "wb").write(os.urandom(1 << 20) * 64)
        time.sleep(60)
    """,
}


@pytest.mark.parametrize("kind", HOGS)
def test_memory_is_watched_where_the_kernel_does_not_hold_it(unheld: Bench, kind: str) -> None:
    job = attrs.evolve(unheld.job, limits=Limits(wall=60, memory=192 * MIB))
    with unheld.sandbox.session(job, log=unheld.log) as session:
        unheld.unpack(session)
        with pytest.raises(GuestGone):
            unheld.hook(session, HOGS[kind])
    assert (session.outcome.ended, session.outcome.reason) == (
        Ended.KILLED,
        "its memory limit was reached",
    )


def test_one_process_is_held_there_by_its_ulimit(unheld: Bench) -> None:
    job = attrs.evolve(unheld.job, limits=Limits(wall=60, memory=192 * MIB))
    with unheld.sandbox.session(job, log=unheld.log) as session:
        unheld.unpack(session)
        reply = unheld.hook(session, "bytearray(1 << 28)")
    assert (reply["ok"], reply["exception"]) == (False, "MemoryError")


def test_processes_are_held(bench: Bench, enforced: Enforcement) -> None:
    result, outcome = bench.run(
        """
        import os, time
        result = 0
        try:
            for _ in range(300):
                if os.fork() == 0:
                    time.sleep(30); os._exit(0)
                result += 1
        except OSError as error:
            pass
        """,
        limits=Limits(wall=60, processes=50),
        slot=4000,  # of its own: processes are counted per uid, and other tests run beside this one
    )
    assert 20 < result < 50
    if enforced.process_groups is not None:
        assert outcome.out_of_processes is not None


def test_a_flood_of_output_is_cut_and_drained(bench: Bench) -> None:
    lines: list[str] = []
    job = attrs.evolve(bench.job, limits=Limits(wall=60, log=100_000))
    with bench.sandbox.session(job, log=bench.log, watch=lines.append) as session:
        bench.unpack(session)
        reply = bench.hook(
            session, 'import sys\nfor _ in range(20000): print("\\x1b[31m" + "x" * 100)\nresult = 1'
        )
    assert reply["ok"] is True
    assert 100_000 < bench.log.stat().st_size < 101_000
    assert bench.log.read_text().endswith("at its limit of 100000 bytes\n")
    assert len(lines) == 20000
    assert lines[0].startswith("\\x1b[31mxxx")


# --------------------------------------------------------------------------- ends


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_exception_in_the_context_removes_the_container(
    bench: Bench, error: type[BaseException]
) -> None:
    held: list[Session] = []

    def interrupted() -> None:
        with bench.sandbox.session(bench.job, log=bench.log) as session:
            held.append(session)
            bench.unpack(session)
            assert containers(bench.sandbox) != []
            raise error

    with pytest.raises(error):
        interrupted()
    assert held[0].outcome.ended is Ended.KILLED
    assert containers(bench.sandbox) == []


def test_an_image_that_is_not_there_is_the_engines_failure(bench: Bench) -> None:
    job = attrs.evolve(bench.job, image="localhost/podwheel/no-such-image:1")
    with bench.sandbox.session(job, log=bench.log) as session, pytest.raises(GuestGone) as gone:
        bench.unpack(session)
    assert session.outcome.ended is Ended.ENGINE
    assert "no-such-image" in str(gone.value)


def test_a_killed_podman_leaves_nothing(bench: Bench) -> None:
    """SIGKILL podman, and the container lives on: so it is removed by name."""
    with bench.sandbox.session(bench.job, log=bench.log) as session:
        bench.unpack(session)
        client = session._container._client
        assert client is not None
        client.signal(signal.SIGKILL)
        with pytest.raises(GuestGone):
            bench.hook(session, "import time; time.sleep(100)")
    assert session.outcome.ended is Ended.KILLED
    assert containers(bench.sandbox) == []


def test_the_guest_goes_when_nobody_listens(bench: Bench) -> None:
    """podwheel killed outright: its pipes close, and a hook in the middle dies with the guest."""
    with bench.sandbox.session(bench.job, log=bench.log) as session:
        bench.unpack(session)
        asking = threading.Thread(target=_ask_in_vain, args=(bench, session), daemon=True)
        asking.start()
        time.sleep(1)
        assert session._wire is not None
        session._wire.end_requests()
        asking.join(20)
        assert not asking.is_alive()
        assert session._container.wait(20) is not None
    assert containers(bench.sandbox) == []


def _ask_in_vain(bench: Bench, session: Session) -> None:
    with pytest.raises(GuestGone):
        bench.hook(session, "import time; time.sleep(1000)")


def test_reaping_ends_what_runs_in_other_threads(bench: Bench) -> None:
    ended: list[Ended] = []
    running = threading.Semaphore(0)

    def work(slot: int) -> None:
        job = attrs.evolve(bench.job, slot=slot)
        with bench.sandbox.session(job, log=bench.log.with_suffix(f".{slot}")) as session:
            bench.unpack(session)
            running.release()
            with pytest.raises(GuestGone):
                bench.hook(session, "import time; time.sleep(1000)")
        ended.append(session.outcome.ended)

    threads = [threading.Thread(target=work, args=(slot,)) for slot in range(3)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert running.acquire(timeout=60)
    bench.sandbox.reap()
    for thread in threads:
        thread.join(60)
    assert ended == [Ended.KILLED] * 3
    assert containers(bench.sandbox) == []
    with pytest.raises(GuestGone), bench.sandbox.session(bench.job, log=bench.log):
        pass


# --------------------------------------------------------------------------- what comes out


def test_files_come_out(bench: Bench, tmp_path: Path) -> None:
    into = tmp_path / "into"
    into.mkdir()
    with bench.sandbox.session(bench.job, log=bench.log) as session:
        bench.unpack(session)
        bench.hook(
            session,
            """
            import os
            os.mkdir("/build/out")
            open("/build/out/large.whl", "wb").write(os.urandom(1 << 20) * 9 + b"end")
            os.symlink("/etc/passwd", "/build/out/link.whl")
            """,
        )
        reply = session.receive({"op": "send", "directory": "/build/out"}, into)
    assert reply == {"ok": True, "files": 1}
    assert session.outcome.ended is Ended.OK
    assert [p.name for p in into.iterdir()] == ["large.whl"]
    assert (into / "large.whl").stat().st_size == 9 * MIB + 3
    assert (into / "large.whl").stat().st_mode & 0o777 == 0o600


GARBAGE = {
    "noise": 'os.write(1, os.urandom(5000) + b"\\n"); time.sleep(1000)',
    "endless line": 'while True: os.write(1, b"x" * 65536)',
    "endless frames": 'while True: os.write(1, b\'{"frame": "hello", "undumpable": true}\\n\')',
    "huge data": 'os.write(1, b\'{"frame": "hello"}\\n{"frame": "data", "length": 99999999999}\\n\'); time.sleep(1000)',
    "deep": 'os.write(1, b"[" * 100000 + b"\\n"); time.sleep(1000)',
}


@pytest.mark.parametrize("kind", GARBAGE)
def test_garbage_ends_the_dialogue(
    sandbox: Sandbox, box_image: str, tmp_path: Path, kind: str
) -> None:
    _replace_guest(sandbox, tmp_path, GARBAGE[kind])
    job = Job(name=kind, image=box_image, program="hostile.py", limits=Limits(wall=60))
    with sandbox.session(job, log=tmp_path / "log") as session, pytest.raises(GuestGone):
        session.ask({"op": "anything"})
    assert session.outcome.ended is Ended.KILLED
    assert "does not speak" in session.outcome.reason
    assert containers(sandbox) == []


def test_a_link_in_the_stream_is_rejected(sandbox: Sandbox, box_image: str, tmp_path: Path) -> None:
    code = """
import io, tarfile
data = io.BytesIO()
archive = tarfile.open(fileobj=data, mode="w")
member = tarfile.TarInfo("evil.whl"); member.type = tarfile.SYMTYPE; member.linkname = "/etc/passwd"
archive.addfile(member); archive.close()
os.write(1, b'{"frame": "hello", "undumpable": true}\\n')
os.write(1, b'{"frame": "data", "length": %d}\\n' % len(data.getvalue()) + data.getvalue())
os.write(1, b'{"frame": "reply", "body": {"ok": true}}\\n')
time.sleep(1000)
"""
    _replace_guest(sandbox, tmp_path, code)
    into = tmp_path / "into"
    into.mkdir()
    job = Job(name="link", image=box_image, program="hostile.py", limits=Limits(wall=60))
    with (
        pytest.raises(WheelRejected, match=r"evil\.whl"),
        sandbox.session(job, log=tmp_path / "log") as session,
    ):
        session.receive({"op": "send"}, into)
    assert list(into.iterdir()) == []
    assert session.outcome.ended is Ended.KILLED


def _replace_guest(sandbox: Sandbox, tmp_path: Path, code: str) -> None:
    """A container that is hostile through and through, the guest included."""
    place = tmp_path / "hostile"
    place.mkdir()
    place.chmod(0o755)
    for name, text in {"hostile.py": f"import os, time\n{code}\n", "hosts": ""}.items():
        (place / name).write_text(text)
        (place / name).chmod(0o644)
    sandbox._guest = place
