"""Rust crates for builds that have no network.

The host reads ``Cargo.lock`` as data (lock.py, tree.py), fetches each crate by its sha256
(registries.py, fetch.py) and lays all of them out as directory sources with the configuration
that names them (pieces.py, vendor.py). No cargo runs here, and nothing of a crate is executed.
"""

from podwheel.rust.configuration import Configuration as Configuration
from podwheel.rust.configuration import read_configuration as read_configuration
from podwheel.rust.lock import Git as Git
from podwheel.rust.lock import Lock as Lock
from podwheel.rust.lock import read_lock as read_lock
from podwheel.rust.registries import Registries as Registries
