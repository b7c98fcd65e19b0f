"""The lines of the diagnosis, on hosts that lack things."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from attrs import evolve
from doctor_helpers import ENGINE, INFO, MENDER, PODMAN, make_host

from podwheel.__main__ import main
from podwheel.doctor import Check, Diagnosis, State, account, around, engine, examine, limits, trial
from podwheel.doctor.check import degraded, fine, missing
from podwheel.doctor.host import Identity
from podwheel.doctor.mender import family_of
from podwheel.doctor.symptoms import NO_SESSION, SYMPTOMS, diagnose, telling_line
from podwheel.errors import IsolationIncomplete
from podwheel.model import Indexes, Request
from podwheel.sandbox import Enforcement
from podwheel.sandbox.enforcement import WATCHED, Cgroups

if TYPE_CHECKING:
    from collections.abc import Iterator

HYBRID = {"/sys/fs/cgroup/unified/cgroup.controllers": "hugetlb rdma\n"}
V2 = {"/sys/fs/cgroup/cgroup.controllers": "cpu memory pids\n"}


def mends(check: Check) -> str:
    return "\n".join(check.mend)


# ------------------------------------------------------------------ what mends


@pytest.mark.parametrize(
    ("release", "family"),
    [
        ({"ID": "debian"}, "apt"),
        ({"ID": "linuxmint", "ID_LIKE": "ubuntu debian"}, "apt"),
        ({"ID": "rocky", "ID_LIKE": "rhel centos fedora"}, "dnf"),
        ({"ID": "opensuse-leap", "ID_LIKE": "suse opensuse"}, "zypper"),
        ({"ID": "alpine"}, "apk"),
        ({"ID": "nixos"}, ""),
        ({}, ""),
    ],
)
def test_family(release: dict[str, str], family: str) -> None:
    assert family_of(release) == family


@pytest.mark.parametrize(
    ("family", "command"),
    [
        ("apt", "sudo apt-get install --no-install-recommends uidmap podman"),
        ("dnf", "sudo dnf install shadow-utils podman"),
        ("zypper", "sudo zypper install shadow podman"),
        ("", "install newuidmap podman with this system's package manager"),
    ],
)
def test_install(family: str, command: str) -> None:
    assert evolve(MENDER, family=family).install("newuidmap", "podman") == (command,)


def test_commands_for_root() -> None:
    compound = "mkdir -p /a && touch '/a/b c'"
    assert evolve(MENDER, is_root=True).as_root(compound) == compound
    assert MENDER.as_root("chmod u+s /x") == "sudo chmod u+s /x"
    assert MENDER.as_root(compound) == """sudo sh -c 'mkdir -p /a && touch '"'"'/a/b c'"'"''"""
    assert evolve(MENDER, has_sudo=False).as_root("chmod u+s /x") == "su -c 'chmod u+s /x'"


def test_scripts_are_named_as_they_are_typed(tmp_path: Path) -> None:
    checkout = evolve(MENDER, scripts=tmp_path / "check out/scripts", cwd=tmp_path / "check out")
    assert checkout.script("prepare-host") == "scripts/prepare-host"
    elsewhere = evolve(checkout, cwd=Path("/nowhere"))
    assert elsewhere.script("prepare-host") == f"'{tmp_path}/check out/scripts/prepare-host'"
    assert MENDER.script("prepare-host") is None


# ------------------------------------------------------------------ the account


def test_an_ordinary_account_is_fine(tmp_path: Path) -> None:
    assert account.account(make_host(tmp_path)) == fine("account", "builder, uid 1001")


def test_root_of_a_namespace_is_fine(tmp_path: Path) -> None:
    host = make_host(
        tmp_path,
        identity=Identity.NAMESPACE_ROOT,
        uid=0,
        files={"/proc/self/uid_map": "0 1001 1\n1 100000 131072\n"},
    )
    for check in (
        account.account(host),
        account.id_helpers(host),
        account.runtime_directory(host),
        account.subordinate_ids(host, mapped=None),
    ):
        assert check.state is State.FINE, check


def test_root_of_a_namespace_with_one_id(tmp_path: Path) -> None:
    host = make_host(
        tmp_path,
        identity=Identity.NAMESPACE_ROOT,
        uid=0,
        files={"/proc/self/uid_map": "         0       1001          1\n"},
    )
    check = account.subordinate_ids(host, mapped=None)
    assert check.state is State.MISSING
    assert check.found == "only 1 mapped into this user namespace"


def root_host(tmp_path: Path, **changes: Any) -> Any:
    mender = evolve(MENDER, is_root=True, **changes.pop("mender", {}))
    return make_host(
        tmp_path, identity=Identity.REAL_ROOT, account="podwheel", mender=mender, **changes
    )


def test_real_root_in_a_checkout_is_led_to_the_scripts(tmp_path: Path) -> None:
    here = {"scripts": tmp_path / "scripts", "cwd": tmp_path}
    check = account.account(root_host(tmp_path, mender=here))
    assert check.state is State.MISSING
    assert check.mend == (
        "scripts/prepare-host",
        "scripts/as-builder sh -c '$(scripts/setup-venv)/bin/podwheel doctor'",
    )
    other = account.account(evolve(root_host(tmp_path, mender=here), account="ci"))
    assert all(command.startswith("PODWHEEL_USER=ci ") for command in other.mend)


def test_real_root_without_a_checkout_makes_an_account_by_hand(tmp_path: Path) -> None:
    taken = {"/etc/subuid": "anna:100000:65536\n", "/etc/subgid": "anna:165536:65536\n"}
    check = account.account(root_host(tmp_path, uid=None, group="podwheel", files=taken))
    useradd, usermod, runtime, doctor = check.mend
    assert useradd == "useradd --create-home --shell /bin/bash podwheel"
    assert (
        usermod == "usermod --add-subuids 231072-362143 --add-subgids 231072-362143 podwheel"
    )  # beyond everybody's
    assert "-m 0700 -o podwheel -g podwheel /run/user/$(id -u podwheel)" in runtime
    assert "HOME=/home/podwheel" in doctor
    assert doctor.endswith("podwheel doctor")
    assert "does not exist yet" in check.means


def test_namespaces_are_not_tried_where_podman_lives_in_one(tmp_path: Path) -> None:
    refused = make_host(tmp_path, tools={"unshare": "exit 1"})
    assert account.namespaces(refused, podman_works=True).state is State.FINE
    assert account.namespaces(refused, podman_works=False).state is State.MISSING


def test_namespaces_are_tried(tmp_path: Path) -> None:
    host = make_host(
        tmp_path, tools={"unshare": '[ "$*" = "--user --map-root-user --mount true" ]'}
    )
    assert account.namespaces(host, podman_works=False).state is State.FINE


@pytest.mark.parametrize(
    ("sysctl", "value", "opening"),
    [
        ("user.max_user_namespaces", "0", "15000"),
        ("kernel.unprivileged_userns_clone", "0", "1"),
        ("kernel.apparmor_restrict_unprivileged_userns", "1", "0"),
    ],
)
def test_the_sysctl_that_shuts_them_is_named(
    tmp_path: Path, sysctl: str, value: str, opening: str
) -> None:
    host = make_host(
        tmp_path,
        tools={"unshare": "exit 1"},
        files={f"/proc/sys/{sysctl.replace('.', '/')}": f"{value}\n"},
    )
    check = account.namespaces(host, podman_works=False)
    assert check.found == f"shut by {sysctl} = {value}"
    assert check.mend[0] == f"sudo sysctl -w {sysctl}={opening}"


def test_without_a_sysctl_it_is_the_container_around(tmp_path: Path) -> None:
    refusal = "unshare: unshare failed: Operation not permitted"
    host = make_host(tmp_path, tools={"unshare": f"echo '{refusal}' >&2; exit 1"})
    check = account.namespaces(host, podman_works=False)
    assert check.found == f"refused: {refusal}"
    assert "seccomp" in check.means
    assert not check.mend


def test_id_helpers_missing(tmp_path: Path) -> None:
    check = account.id_helpers(make_host(tmp_path))
    assert check.state is State.MISSING
    assert check.mend == ("sudo apt-get install --no-install-recommends uidmap",)


def test_id_helpers_without_privilege(tmp_path: Path) -> None:
    host = make_host(tmp_path, tools={"newuidmap": "", "newgidmap": ""})
    check = account.id_helpers(host)
    assert "neither setuid root" in check.found
    assert check.mend == (f"sudo chmod u+s {tmp_path}/bin/newuidmap",)


def test_no_new_privileges_takes_the_helpers_effect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account, "_privileged", lambda _path: True)
    tools = {"newuidmap": "", "newgidmap": ""}
    shut = make_host(
        tmp_path, tools=tools, files={"/proc/self/status": "Name:\tx\nNoNewPrivs:\t1\n"}
    )
    assert account.id_helpers(shut).found == "no_new_privs is set for this shell"
    usual = make_host(tmp_path, tools=tools, files={"/proc/self/status": "NoNewPrivs:\t0\n"})
    assert account.id_helpers(usual).state is State.FINE


def test_no_subordinate_ids(tmp_path: Path) -> None:
    files = {"/etc/subuid": "builder:100000:1000\nbuilder:300000:500\n", "/etc/subgid": ""}
    check = account.subordinate_ids(make_host(tmp_path, files=files), mapped=None)
    assert check.state is State.MISSING
    assert check.found == "/etc/subuid gives 1500 and /etc/subgid gives 0 to builder"
    assert check.mend == (
        "sudo usermod --add-subuids 300500-431571 --add-subgids 300500-431571 builder",
        "podman system migrate",
    )


def test_subordinate_ids_by_number(tmp_path: Path) -> None:
    files = {"/etc/subuid": "1001:100000:65536\n", "/etc/subgid": "builder:100000:65536\n"}
    check = account.subordinate_ids(make_host(tmp_path, files=files), mapped=None)
    assert check == fine("subordinate ids", "65536 users, 65536 groups")


def test_subordinate_ids_of_a_directory_service(tmp_path: Path) -> None:
    assert account.subordinate_ids(make_host(tmp_path), mapped=65537).state is State.FINE


def test_a_podman_that_still_has_the_old_ids(tmp_path: Path) -> None:
    files = dict.fromkeys(("/etc/subuid", "/etc/subgid"), "builder:100000:65536\n")
    check = account.subordinate_ids(make_host(tmp_path, files=files), mapped=1)
    assert check.state is State.MISSING
    assert check.mend == ("podman system migrate",)


def runtime_host(tmp_path: Path, mode: int = 0o700, **more: Any) -> Any:
    place = tmp_path / "root/run/user/7"
    place.mkdir(parents=True)
    place.chmod(mode)
    environ = more.pop("environ", {"XDG_RUNTIME_DIR": "/run/user/7"})
    return make_host(tmp_path, environ=environ, **{"uid": os.getuid(), **more})


def test_runtime_directory(tmp_path: Path) -> None:
    assert account.runtime_directory(runtime_host(tmp_path)).state is State.FINE


def test_runtime_directory_open_to_others(tmp_path: Path) -> None:
    check = account.runtime_directory(runtime_host(tmp_path, mode=0o755))
    assert check.state is State.DEGRADED
    assert check.mend == ("chmod 0700 /run/user/7",)


def test_runtime_directory_of_another(tmp_path: Path) -> None:
    check = account.runtime_directory(runtime_host(tmp_path, uid=os.getuid() + 1))
    assert check.state is State.MISSING
    assert check.found == "/run/user/7 belongs to another user"
    assert f"-m 0700 -o builder -g builders /run/user/{os.getuid() + 1}" in mends(check)
    assert check.mend[-1] == f"export XDG_RUNTIME_DIR=/run/user/{os.getuid() + 1}"


def test_runtime_directory_gone(tmp_path: Path) -> None:
    host = make_host(
        tmp_path,
        environ={"XDG_RUNTIME_DIR": "/run/user/1001"},
        files={"/run/systemd/system/x": ""},
    )
    check = account.runtime_directory(host)
    assert check.found == "/run/user/1001 does not exist"
    assert check.mend == ("sudo loginctl enable-linger builder",)


def test_runtime_directory_not_said(tmp_path: Path) -> None:
    check = account.runtime_directory(make_host(tmp_path))
    assert check.state is State.DEGRADED
    assert "install -d -m 0700" in check.mend[0]
    assert check.mend[1] == "export XDG_RUNTIME_DIR=/run/user/1001"


# ------------------------------------------------------------------ the engine


def test_info_is_read() -> None:
    info = engine.engine_of(json.dumps(INFO).encode(), " a warning\n")
    assert info == engine.Engine(
        version=(4, 3, 1),
        remote=False,
        cgroups="v1",
        runtime="crun 1.8.1",
        driver="overlay",
        mount_program="",
        graph_root=Path("/"),
        mapped=65537,
        seccomp=True,
        warnings="a warning",
    )


@pytest.mark.parametrize("answer", [b"", b"[]", b"{}", b'{"host": {}, "store": {}, "version": {}}'])
def test_other_answers_are_refused(answer: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        engine.engine_of(answer, "")


@pytest.mark.parametrize(
    "option", ["/usr/bin/fuse-overlayfs", {"Executable": "/usr/bin/fuse-overlayfs"}]
)
def test_mount_program(option: object) -> None:
    document = {
        **INFO,
        "store": {**INFO["store"], "graphOptions": {"overlay.mount_program": option}},
    }
    info = engine.engine_of(json.dumps(document).encode(), "")
    assert info.mount_program == "/usr/bin/fuse-overlayfs"


@pytest.mark.parametrize(
    ("version", "files", "state"),
    [
        (None, V2, State.MISSING),
        ((3, 4, 4), V2, State.MISSING),
        ((4, 1, 0), V2, State.DEGRADED),
        ((4, 3, 1), {}, State.FINE),
        ((5, 8, 0), {}, State.FINE),
        ((6, 0, 0), {}, State.MISSING),
        ((6, 0, 0), HYBRID, State.MISSING),
        ((6, 0, 0), V2, State.FINE),
        ((), V2, State.DEGRADED),
    ],
)
def test_podman_versions(
    tmp_path: Path, version: engine.Version | None, files: dict[str, str], state: State
) -> None:
    assert engine.podman(make_host(tmp_path, files=files), version).state is state


@pytest.mark.parametrize(
    ("version", "podman", "state"),
    [
        (None, (4, 3, 1), State.MISSING),
        ((1, 26, 0), (4, 3, 1), State.MISSING),
        ((1, 28, 2), (4, 3, 1), State.FINE),
        ((1, 43, 0), (6, 0), State.DEGRADED),
        ((1, 44, 0), (6, 0), State.FINE),
        ((1, 28, 2), None, State.FINE),
        ((), None, State.DEGRADED),
    ],
)
def test_buildah_versions(
    tmp_path: Path,
    version: engine.Version | None,
    podman: engine.Version | None,
    state: State,
) -> None:
    assert engine.buildah(make_host(tmp_path), version, podman).state is state


def test_podman_elsewhere_is_none(tmp_path: Path) -> None:
    check = engine.works(make_host(tmp_path), evolve(ENGINE, remote=True))
    assert check.state is State.MISSING
    assert "CONTAINER_HOST" in mends(check)


def test_no_systemd_session(tmp_path: Path) -> None:
    warning = (
        'time="2026" level=warning msg="The cgroupv2 manager is set to systemd but there is no '
        'systemd user session available"'
    )
    check = engine.works(make_host(tmp_path), evolve(ENGINE, warnings=warning))
    assert check.state is State.DEGRADED
    assert "cgroupfs" in mends(check)
    assert engine.works(make_host(tmp_path), ENGINE).state is State.FINE


def test_crun_on_a_hybrid_tree(tmp_path: Path) -> None:
    host = make_host(tmp_path, files=HYBRID)
    check = engine.oci_runtime(host, "crun 1.8.1")
    assert check.state is State.MISSING
    assert "v2 holds hugetlb, rdma" in check.found
    assert check.mend[0] == (
        "sudo sh -c 'mkdir -p /sys/fs/cgroup/hugetlb && "
        "mount -t cgroup -o hugetlb cgroup /sys/fs/cgroup/hugetlb'"
    )
    assert len(check.mend) == 2
    assert engine.oci_runtime(host, "runc 1.1.5").state is State.FINE


def test_oci_runtime_where_podman_is_silent(tmp_path: Path) -> None:
    assert engine.oci_runtime(make_host(tmp_path), None).state is State.MISSING
    found = engine.oci_runtime(make_host(tmp_path, tools={"runc": ""}, files=V2), None)
    assert found == fine("OCI runtime", "runc, cgroup v2")


def test_vfs_is_degraded(tmp_path: Path) -> None:
    vfs = evolve(ENGINE, driver="vfs", graph_root=Path("/home/x/storage"))
    check = engine.storage(make_host(tmp_path), vfs)
    assert check.state is State.DEGRADED
    assert 'driver = "overlay"' in mends(check)
    assert "fuse-overlayfs" not in mends(check)
    assert "fuse-overlayfs" in mends(engine.storage(make_host(tmp_path, kernel=(5, 4)), vfs))


def test_a_storage_configuration_is_not_overwritten(tmp_path: Path) -> None:
    conf = tmp_path / ".config/containers/storage.conf"
    conf.parent.mkdir(parents=True)
    conf.write_text('[storage]\ndriver = "vfs"\ngraphroot = "/data"\n')
    check = engine.storage(make_host(tmp_path), evolve(ENGINE, driver="vfs"))
    subprocess.run(
        ["sh", "-c", check.mend[-1]], env={**os.environ, "HOME": str(tmp_path)}, check=True
    )
    assert conf.read_text() == '[storage]\ndriver = "overlay"\ngraphroot = "/data"\n'


def test_a_storage_configuration_is_made(tmp_path: Path) -> None:
    check = engine.storage(make_host(tmp_path), evolve(ENGINE, driver="vfs"))
    subprocess.run(
        ["sh", "-c", check.mend[-1]], env={**os.environ, "HOME": str(tmp_path)}, check=True
    )
    made = (tmp_path / ".config/containers/storage.conf").read_text()
    assert made == '[storage]\ndriver = "overlay"\n'


def test_the_session_less_configuration_is_made(tmp_path: Path) -> None:
    for command in NO_SESSION.commands(make_host(tmp_path)):
        subprocess.run(["sh", "-c", command], env={**os.environ, "HOME": str(tmp_path)}, check=True)
    (made,) = (tmp_path / ".config/containers/containers.conf.d").iterdir()
    assert tomllib.loads(made.read_text()) == {
        "engine": {"cgroup_manager": "cgroupfs", "events_logger": "file"}
    }


def test_root_types_what_the_account_runs(tmp_path: Path) -> None:
    host = evolve(make_host(tmp_path, uid=7), become=("become",))
    line = "XDG_RUNTIME_DIR=/run/user/7 && export XDG_RUNTIME_DIR && podman system migrate"
    assert host.as_account("podman system migrate") == f"su - builder -c '{line}'"


def test_vfs_on_an_overlay_is_left_alone(tmp_path: Path) -> None:
    mounts = "overlay / overlay rw 0 0\n/dev/sda /home ext4 rw 0 0\n"
    host = make_host(tmp_path, files={"/proc/self/mounts": mounts})
    nested = engine.storage(host, evolve(ENGINE, driver="vfs", graph_root=Path("/var/storage")))
    assert nested.found == "vfs, on an overlay file system"
    assert not nested.mend
    volume = engine.storage(host, evolve(ENGINE, driver="vfs", graph_root=Path("/home/storage")))
    assert volume.mend


def test_fuse_overlayfs_needs_its_device(tmp_path: Path) -> None:
    by_fuse = evolve(ENGINE, mount_program="/usr/bin/fuse-overlayfs")
    check = engine.storage(make_host(tmp_path), by_fuse)
    assert check.state is State.MISSING
    assert check.mend == (
        "sudo sh -c 'mkdir -p /dev && mknod /dev/fuse c 10 229'",
        "sudo chmod 0666 /dev/fuse",
    )
    there = make_host(tmp_path, files={"/dev/fuse": ""})
    assert engine.storage(there, by_fuse).state is State.FINE
    assert engine.storage(make_host(tmp_path), ENGINE).state is State.FINE  # nobody needs it


def network(host: Any, version: engine.Version, **more: Any) -> Check:
    return engine.image_network(host, version, **{"isolation": None, "have_images": False, **more})


def test_network_of_images(tmp_path: Path) -> None:
    tun = {"/dev/net/tun": ""}
    slirp = make_host(tmp_path, tools={"slirp4netns": ""}, files=tun)
    assert network(slirp, (4, 3, 1)).found == "slirp4netns"
    assert network(slirp, (5, 0)).found == "slirp4netns"
    gone = network(slirp, (6, 0))
    assert gone.state is State.MISSING
    assert gone.found == "no pasta"
    assert gone.mend[0] == "sudo apt-get install --no-install-recommends passt"
    assert network(make_host(tmp_path, tools={"pasta": ""}), (6, 0)).found == "pasta"


def test_network_of_images_without_tun(tmp_path: Path) -> None:
    host = make_host(tmp_path, tools={"slirp4netns": ""})
    check = network(host, (4, 3, 1))
    assert check.state is State.MISSING
    assert "mknod /dev/net/tun c 10 200" in mends(check)
    assert check.mend[-1] == "export BUILDAH_ISOLATION=chroot"
    assert network(host, (4, 3, 1), have_images=True).state is State.DEGRADED
    assert network(host, (4, 3, 1), isolation="chroot").state is State.FINE
    assert network(host, (4, 3, 1), isolation="oci").mend == ("unset BUILDAH_ISOLATION",)


def test_seccomp() -> None:
    assert engine.seccomp(ENGINE).state is State.FINE
    off = engine.seccomp(evolve(ENGINE, seccomp=False))
    assert off.state is State.DEGRADED
    assert "keyctl" in off.means


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ('exec: "newuidmap": executable file not found in $PATH', "id helpers"),
        ("newuidmap: write to uid_map failed: Operation not permitted", "setuid bit"),
        ("cannot find UID/GID for user x: no subuid ranges found for user", "subordinate ids"),
        ("potentially insufficient UIDs or GIDs available in user namespace", "subordinate ids"),
        ("Error during unshare(CLONE_NEWUSER): Operation not permitted", "user namespaces"),
        ("Error: 'overlay' is not supported over overlayfs", "volume"),
        ('Error: default OCI runtime "crun" not found: invalid argument', "OCI runtime"),
        ("Error: could not find a working conmon binary", "conmon"),
        ("slirp4netns failed: can't open /dev/net/tun", "/dev/net/tun"),
        ("crun: cgroups in hybrid mode not supported, drop all controllers", "crun refuses"),
        ("Error: Cgroups v1 not supported", "cgroup v2"),
        ("Error: runroot must be set", "podman unshare"),
        ("write /x: no space left on device", "disk is full"),
        # podman says both: the error is what counts.
        (
            "no systemd user session available\nError: creating /run/user/0/x: permission denied",
            "runtime directory",
        ),
        (
            "Error: crun: create directory `/run/user/0`: No such file: OCI runtime command not found",
            "runtime directory",
        ),
    ],
)
def test_symptoms(said: str, word: str) -> None:
    assert word in diagnose(said).means


def test_an_unknown_complaint_has_no_meaning() -> None:
    assert diagnose("Error: the moon is full").means == ""
    assert all(symptom.means for symptom in SYMPTOMS)


def test_the_telling_line() -> None:
    said = 'level=warning msg="a"\nError: b\nsee the manual\n'
    assert telling_line(said) == "Error: b"
    assert telling_line("one\ntwo\n") == "two"
    assert telling_line("\n") == "without a word"
    assert len(telling_line("x" * 1000)) == 301


# ------------------------------------------------------------------ limits


def enforcement(**changes: Any) -> Enforcement:
    fields: dict[str, Any] = {
        "cgroups": Cgroups.NONE,
        "runtime": "/usr/bin/crun",
        "memory": WATCHED,
        "processes": "ulimit nproc only",
        "open_files": 1024,
        "processes_ceiling": 4096,
    }
    return Enforcement(**{**fields, **changes})


def test_limits_that_hold(tmp_path: Path) -> None:
    host = make_host(tmp_path)
    v1 = enforcement(
        cgroups=Cgroups.V1,
        memory="cgroup v1",
        processes="cgroup v1",
        memory_groups=tmp_path,
        process_groups=tmp_path,
    )
    v2 = enforcement(cgroups=Cgroups.V2, memory="cgroup v2", processes="cgroup v2")
    for held in (v1, v2):
        assert limits.memory(host, held).state is State.FINE
        assert limits.processes(host, held).state is State.FINE


def test_half_a_delegation(tmp_path: Path) -> None:
    memory_only = enforcement(cgroups=Cgroups.V2, memory="cgroup v2")
    host = make_host(tmp_path, files=V2)
    assert limits.memory(host, memory_only).state is State.FINE
    assert limits.processes(host, memory_only).state is State.DEGRADED


def test_limits_on_v1_are_given_by_root(tmp_path: Path) -> None:
    host = make_host(tmp_path, files={"/sys/fs/cgroup/memory/x": "", "/sys/fs/cgroup/pids/x": ""})
    check = limits.memory(host, enforcement())
    assert check.state is State.DEGRADED
    assert check.found == WATCHED
    assert "may take more for a moment" in check.means
    place = "/sys/fs/cgroup/memory/podwheel"
    assert check.mend == (f"sudo install -d -o builder -g builders {place}",)
    assert "/sys/fs/cgroup/pids/podwheel" in mends(limits.processes(host, enforcement()))


def test_limits_in_a_container_cannot_be_given(tmp_path: Path) -> None:
    files = {
        "/sys/fs/cgroup/memory/x": "",
        "/proc/self/mounts": "tmpfs /sys/fs/cgroup tmpfs ro,nosuid 0 0\n",
    }
    assert not limits.memory(make_host(tmp_path, files=files), enforcement()).mend


def test_limits_on_v2_are_delegated_by_systemd(tmp_path: Path) -> None:
    bare = make_host(tmp_path, files=V2)
    assert not limits.memory(bare, enforcement()).mend
    booted = make_host(tmp_path, files={**V2, "/run/systemd/system/x": ""})
    assert "Delegate=" in mends(limits.memory(booted, enforcement()))


# ------------------------------------------------------------------ around


@pytest.mark.parametrize(
    ("free", "images", "store"),
    [
        (around.STORE_NEEDS - 1, State.MISSING, State.MISSING),
        (around.IMAGES_NEED - 1, State.MISSING, State.DEGRADED),
        (6 * around.GB, State.DEGRADED, State.FINE),
        (50 * around.GB, State.FINE, State.FINE),
    ],
)
def test_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, images: State, store: State
) -> None:
    asked: list[Path] = []

    def usage(place: Path) -> Any:
        asked.append(place)
        return shutil._ntuple_diskusage(0, 0, free)  # type: ignore[attr-defined]

    monkeypatch.setattr(shutil, "disk_usage", usage)
    assert around.room_for_images(make_host(tmp_path), tmp_path / "not/there").state is images
    assert around.store(make_host(tmp_path), tmp_path / "not/there").state is store
    assert asked == [tmp_path, tmp_path]
    assert not (tmp_path / "not").exists()


def test_a_store_that_podman_cannot_mount(tmp_path: Path) -> None:
    check = around.store(make_host(tmp_path), tmp_path / "a,b")
    assert check.state is State.MISSING
    assert "comma" in check.means


def test_a_store_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_arguments: False)
    check = around.store(make_host(tmp_path), tmp_path / "store")
    assert f"{tmp_path} is not writable" in check.found


def test_mirror(tmp_path: Path) -> None:
    check = around.mirror(make_host(tmp_path))
    assert check.state is State.DEGRADED
    assert mends(check).endswith("mmdebstrap debian-archive-keyring")
    # Elsewhere there is no package to name with confidence.
    assert not around.mirror(make_host(tmp_path, mender=evolve(MENDER, family="dnf"))).mend
    ready = make_host(
        tmp_path,
        tools={"mmdebstrap": ""},
        files={"/usr/share/keyrings/debian-archive-keyring.gpg": ""},
    )
    assert around.mirror(ready).state is State.FINE


def test_git(tmp_path: Path) -> None:
    assert around.git(make_host(tmp_path)).state is State.DEGRADED
    host = make_host(tmp_path, tools={"git": "echo git version 2.39.5"})
    assert around.git(host) == fine("git", "2.39.5")


def test_locale() -> None:
    assert around.locale("utf-8", "UTF-8").state is State.FINE
    assert around.locale("utf-8", "iso8859-1").found == "iso8859-1"
    assert around.locale("ascii", "utf-8").state is State.DEGRADED


@pytest.mark.parametrize(
    ("year", "state"), [(1970, State.MISSING), (2020, State.DEGRADED), (2027, State.FINE)]
)
def test_clock(tmp_path: Path, year: int, state: State) -> None:
    now = dt.datetime(year, 1, 1, tzinfo=dt.UTC)
    assert around.clock(make_host(tmp_path), now).state is state


def request_for(*links: str) -> Request:
    return Request(wanted=(), indexes=Indexes(urls=(), find_links=links))


def test_index_that_answers(tmp_path: Path) -> None:
    (tmp_path / "pip-25.0-py3-none-any.whl").touch()
    assert around.index(request_for(str(tmp_path))).state is State.FINE


def test_index_without_pip(tmp_path: Path) -> None:
    check = around.index(request_for(str(tmp_path)))
    assert check.state is State.DEGRADED
    assert "has no pip" in check.found


def test_index_that_cannot_be_reached() -> None:
    request = Request(wanted=(), indexes=Indexes(urls=("http://user:secret@127.0.0.1:1/simple",)))
    request = evolve(request, network=evolve(request.network, retries=0, timeout=2.0))
    check = around.index(request)
    assert check.state is State.MISSING
    assert "127.0.0.1" in check.found
    assert "secret" not in str(check)


def test_no_index_at_all() -> None:
    assert around.index(request_for()).state is State.DEGRADED


# ------------------------------------------------------------------ the trial

KEPT: dict[str, Any] = {
    "ok": True,
    "uid": 10000,
    "status": {"CapEff": "0000000000000000", "CapBnd": "0000000000000000", "NoNewPrivs": "1", "Seccomp": "2"},
    "interfaces": ["lo"],
    "writable": [],
    "new_user_namespace": False,
}  # fmt: skip


def test_all_promises_kept() -> None:
    assert trial.broken_promises(KEPT) == ()
    assert trial.broken_promises({**KEPT, "new_user_namespace": None}) == ()  # no ctypes to try


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"uid": 0}, "its root"),
        ({"interfaces": ["eth0", "lo"]}, "eth0"),
        ({"writable": ["/etc"]}, "/etc"),
        ({"new_user_namespace": True}, "user namespace"),
        ({"status": {**KEPT["status"], "CapBnd": "00000000a80425fb"}}, "CapBnd 00000000a80425fb"),
        ({"status": {**KEPT["status"], "NoNewPrivs": "0"}}, "NoNewPrivs"),
        ({"status": {**KEPT["status"], "Seccomp": "0"}}, "Seccomp"),
        ({"status": {}}, "could not describe"),
        ({"status": None}, "could not describe"),
        ({"ok": False}, "could not describe"),
    ],
)
def test_a_broken_promise_is_named(change: dict[str, Any], word: str) -> None:
    (broken,) = trial.broken_promises({**KEPT, **change})
    assert word in broken


# ------------------------------------------------------------------ all of it


@pytest.fixture
def fake_podman(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A host whose podman, and every other tool, is a script; nothing real is on the PATH."""
    tools = {
        "podman": PODMAN,
        "buildah": "echo buildah version 1.28.2",
        "newuidmap": "",
        "newgidmap": "",
        "git": "echo git version 2.39.5",
        "slirp4netns": "",
        "cat": 'exec /bin/cat "$@"',
    }
    monkeypatch.setattr(account, "_privileged", lambda _path: True)
    host = make_host(tmp_path, tools=tools, files={"/dev/net/tun": ""})
    host.path("/dev/net/tun").chmod(0o666)
    monkeypatch.setenv("PATH", host.environ["PATH"])
    return host


def states(diagnosis: Diagnosis) -> dict[str, State]:
    return {check.name: check.state for check in diagnosis.checks}


def test_a_good_host(fake_podman: Any, tmp_path: Path) -> None:
    diagnosis = examine(fake_podman, store=tmp_path / "store", targets=())
    assert diagnosis.ready, diagnosis.named(State.MISSING)
    found = {check.name: check.found for check in diagnosis.checks}
    assert found["podman"] == "4.3.1"
    assert found["OCI runtime"] == "crun 1.8.1, cgroup v1"
    assert states(diagnosis)["trial container"] is State.DEGRADED  # no image: not missing
    assert not (tmp_path / "store").exists()


def test_without_podman(fake_podman: Any, tmp_path: Path) -> None:
    (tmp_path / "bin/podman").unlink()
    diagnosis = examine(fake_podman, store=tmp_path, targets=())
    assert not diagnosis.ready
    found = states(diagnosis)
    assert found["podman"] is State.MISSING
    assert found["buildah"] is State.FINE  # the others are still told
    assert not found.keys() & {"podman works", "image storage", "memory limit", "trial container"}


def test_a_podman_that_does_not_come_up(fake_podman: Any, tmp_path: Path) -> None:
    (tmp_path / "bin/podman").write_text(
        "#!/bin/sh\n[ $1 = --version ] && { echo podman version 4.3.1; exit; }\n"
        "echo 'Error: no subuid ranges found for user' >&2\nexit 125\n"
    )
    diagnosis = examine(fake_podman, store=tmp_path, targets=())
    by_name = {check.name: check for check in diagnosis.checks}
    assert by_name["podman"].found == "4.3.1"
    assert by_name["podman works"].found == "Error: no subuid ranges found for user"
    assert by_name["podman works"].mend == ("podman system migrate",)
    assert "trial container" not in by_name


def test_a_podman_that_answers_nonsense(fake_podman: Any, tmp_path: Path) -> None:
    (tmp_path / "bin/podman").write_text("#!/bin/sh\necho nonsense 4.3.1\n")
    diagnosis = examine(fake_podman, store=tmp_path, targets=())
    assert states(diagnosis)["podman works"] is State.MISSING


def test_root_asks_about_the_account(fake_podman: Any, tmp_path: Path) -> None:
    become = tmp_path / "bin/become"
    become.write_text(f'#!/bin/sh\necho "$*" >>{tmp_path}/asked\nexec "$@"\n')
    become.chmod(0o755)
    host = evolve(fake_podman, identity=Identity.REAL_ROOT, become=("become",))
    diagnosis = examine(host, store=tmp_path, targets=())
    assert diagnosis.named(State.MISSING) == ("account",)
    assert "podman info --format=json" in (tmp_path / "asked").read_text()
    assert not states(diagnosis).keys() & {"memory limit", "trial container"}


def test_root_without_an_account(fake_podman: Any, tmp_path: Path) -> None:
    host = evolve(fake_podman, identity=Identity.REAL_ROOT, uid=None)
    found = states(examine(host, store=tmp_path, targets=()))
    assert found["account"] is State.MISSING
    assert found["subordinate ids"] is State.MISSING
    assert found["podman"] is State.FINE
    assert "podman works" not in found


def test_advice_names_only_what_the_script_mends(fake_podman: Any, tmp_path: Path) -> None:
    host = evolve(fake_podman, mender=evolve(MENDER, scripts=tmp_path / "scripts", cwd=tmp_path))
    diagnosis = examine(host, store=tmp_path, targets=())
    assert diagnosis.advice.startswith("scripts/prepare-host mends: ")
    assert "package mirror" in diagnosis.advice
    assert "trial container" not in diagnosis.advice
    assert examine(fake_podman, store=tmp_path, targets=()).advice == ""  # no checkout


# ------------------------------------------------------------------ the command


def run_command(
    monkeypatch: pytest.MonkeyPatch, host: Any, checks: tuple[Check, ...], *arguments: str
) -> int:
    monkeypatch.setattr("podwheel.doctor.look", lambda *_a, **_k: host)
    monkeypatch.setattr(
        "podwheel.doctor.examine", lambda *_a, **_k: Diagnosis(checks=checks, advice="x mends: y")
    )
    with pytest.raises(SystemExit) as ended:
        main(["doctor", *arguments])
    assert isinstance(ended.value.code, int)
    return ended.value.code


ALL = (
    fine("podman", "4.3.1"),
    degraded("memory limit", "not enforced", "one build can take it all", "sudo install"),
)


def test_degraded_is_still_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(monkeypatch, make_host(tmp_path), ALL) == 0
    assert capsys.readouterr().out.splitlines() == [
        "ok   podman              4.3.1",
        "warn memory limit        not enforced",
        "     one build can take it all",
        "     mend  sudo install",
        "ready to build; degraded: memory limit",
        "x mends: y",
    ]


def test_missing_is_three(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    long = f"sudo sh -c 'true {'x' * 300}'"
    checks = (*ALL, missing("git", "none", "", long, "second"))
    assert run_command(monkeypatch, make_host(tmp_path), checks, "--quiet") == 3
    lines = capsys.readouterr().out.splitlines()
    assert not any(line.startswith("ok") for line in lines)
    assert f"     mend  {long}" in lines  # whole, to be copied
    assert "           second" in lines
    assert "not ready: git; degraded: memory limit" in lines


def test_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(monkeypatch, make_host(tmp_path), ALL, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["ready"] is True
    assert document["checks"][1] == {
        "name": "memory limit",
        "state": "degraded",
        "found": "not enforced",
        "means": "one build can take it all",
        "mend": ["sudo install"],
    }


def test_what_stands_in_brackets_is_not_markup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    checks = (missing("podman works", "[red]x[/red]", "", "printf '[engine]'"),)
    run_command(monkeypatch, make_host(tmp_path), checks)
    out = capsys.readouterr().out
    assert "[red]x[/red]" in out
    assert "printf '[engine]'" in out


# ------------------------------------------------------------------ --require-isolation


def required(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: Enforcement) -> None:
    from types import SimpleNamespace

    from podwheel.doctor import isolation

    image = SimpleNamespace(build=SimpleNamespace(reference="image"))
    monkeypatch.setattr(isolation.images, "prepare", lambda *_, **__: image)
    monkeypatch.setattr(trial, "trial", lambda *_: fine("trial container", "asked"))
    files = {"/sys/fs/cgroup/memory/x": "", "/sys/fs/cgroup/pids/x": ""}
    isolation.require(
        make_host(tmp_path, files=files),
        SimpleNamespace(),  # type: ignore[arg-type]  # handed on
        store=SimpleNamespace(),  # type: ignore[arg-type]
        sandbox=SimpleNamespace(enforcement=held),  # type: ignore[arg-type]
    )


def test_a_host_that_holds_everything_is_isolation_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    required(tmp_path, monkeypatch, enforcement(memory="cgroup v1", processes="cgroup v1"))


def test_one_that_does_not_is_refused_with_what_mends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(IsolationIncomplete) as refused:
        required(tmp_path, monkeypatch, enforcement(processes="cgroup v1"))
    assert refused.value.exit_code == 3
    assert refused.value.what == "--require-isolation: this host does not hold memory limit"
    assert "watches the sum" in refused.value.said
    assert refused.value.hint[0].endswith("/sys/fs/cgroup/memory/podwheel")
