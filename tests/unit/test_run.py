"""Opening a run: who may."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING

import pytest

from podwheel import __main__, run

if TYPE_CHECKING:
    from pathlib import Path

REAL_ROOT = "         0          0 4294967295\n"
IN_A_NAMESPACE = "         0       1001          1\n         1     100000      65536\n"


def become(monkeypatch: pytest.MonkeyPatch, *, uid: int, uid_map: str) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    monkeypatch.setattr(run, "open", lambda *_, **__: io.StringIO(uid_map), raising=False)


def test_the_real_root_is_refused_before_any_work(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    become(monkeypatch, uid=0, uid_map=REAL_ROOT)
    store = tmp_path / "store"
    with pytest.raises(SystemExit) as ended:
        __main__.main(["build", "--store", str(store), "example"])
    said = capsys.readouterr().err
    assert ended.value.code == 3
    assert said.startswith("error: podwheel does not run as root")
    assert "scripts/as-builder" in said
    assert not store.exists()


@pytest.mark.parametrize(("uid", "uid_map"), [(1001, REAL_ROOT), (0, IN_A_NAMESPACE)])
def test_an_account_may_and_root_inside_a_user_namespace(
    monkeypatch: pytest.MonkeyPatch, uid: int, uid_map: str
) -> None:
    become(monkeypatch, uid=uid, uid_map=uid_map)
    run.refuse_root()
