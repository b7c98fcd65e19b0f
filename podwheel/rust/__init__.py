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
from podwheel.rust.tree import Tree as Tree
from podwheel.rust.tree import read_tree as read_tree
from podwheel.rust.vendor import PREFIX as PREFIX
from podwheel.rust.vendor import Vendored as Vendored
from podwheel.rust.vendor import repositories as repositories
from podwheel.rust.vendor import vendor as vendor
