"""The only sockets of podwheel: index lookups, downloads checked by hash, git repositories.

It moves bytes that it verified, and never runs, imports or unpacks any. ``docs/indexes.md`` is
the user's view of it.
"""

from podwheel.index.git import GitSource as GitSource
from podwheel.index.git import Submodule as Submodule
from podwheel.index.git import fetch_git as fetch_git
from podwheel.index.index import Index as Index
from podwheel.index.index import file_of as file_of
