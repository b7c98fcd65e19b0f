"""What is kept between runs: files by their hash, small documents by their key, locks.

``$XDG_CACHE_HOME/podwheel`` (``--store``, ``PODWHEEL_STORE``)::

    blobs/ab/<sha256>         bytes, named by their hash, read-only
    unpacked/ab/<sha256>/     a wheel's content, laid out for hard links (build/environment.py)
    documents/<kind>/<key>    JSON: metadata, resolutions, step records, verdicts
    file-indexes/<hash>/      which package of a distribution has which file (targets/fileindex.py)
    index/                    what indexes answered, with the time of it
    git/                      bare repositories
    logs/                     one directory a run
    attempts/                 what is being made; swept when its owner is gone
    damaged/                  what was found to be other than it was kept

Who uses an entry asks for it with `Store.has` (`blob`, `read`, `tree`), so that prune.py leaves it
alone. Every write is to a temporary name on the same file system, flushed, then renamed: no reader
ever sees half a file. What is read is looked at (sound.py): nothing that was written to since,
and no document with another hash than its own, is taken for what it was.
"""

from podwheel.store.store import Store as Store
from podwheel.store.store import digest_of as digest_of
