"""The registry that cargo on this machine is set up for: one small crate."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from podwheel.index import Index
from podwheel.model import Freshness, Indexes, Network
from podwheel.rust import Registries, read_configuration, read_lock
from podwheel.rust.vendor import Vendored, vendor
from podwheel.store import Store

if TYPE_CHECKING:
    from pathlib import Path

    from podwheel.rust import Git

pytestmark = pytest.mark.network

LOCK = """\
version = 4

[[package]]
name = "fnv"
version = "1.0.7"
source = "registry+https://github.com/rust-lang/crates.io-index"
checksum = "3f9eec918d3f24069decb9af1554cad7c880e2da24a9afd88aca000531ab82c1"
"""
"""A crate of some 11 KiB without dependencies."""


def no_checkout(git: Git) -> Path:
    raise AssertionError(f"{git} is not needed")


def test_a_crate_by_its_hash(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")

    def make(freshness: Freshness) -> Vendored:
        network = Network()
        with Index(
            indexes=Indexes(urls=()), network=network, store=store, freshness=freshness
        ) as index:
            registries = Registries(
                index=index,
                network=network,
                store=store,
                freshness=freshness,
                configuration=read_configuration(os.environ),
            )
            lock = read_lock(LOCK, where="Cargo.lock")
            return vendor([lock], registries=registries, store=store, checkout=no_checkout)

    found = make(Freshness.NORMAL)
    crate = found.directory / "crates-io/fnv-1.0.7"
    assert 'name = "fnv"' in (crate / "Cargo.toml").read_text()
    assert make(Freshness.OFFLINE) == found
