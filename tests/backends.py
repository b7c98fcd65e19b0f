"""Wheels of the default index that the tests' own index serves."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from podwheel.store import Store


def downloaded(store: Store, listing: Path) -> dict[str, Path]:
    """The wheels that *listing* names with their hashes: file names, and paths in the store.

    No socket is opened for what was downloaded before.
    """
    from podwheel.index import Index
    from podwheel.requirements import Arguments, read
    from podwheel.settings import Settings

    request = read(
        Arguments(requirement_files=(str(listing),)),
        environ=os.environ,
        cwd=listing.parent,
        settings=Settings(),
    )
    found = {}
    with Index(indexes=request.indexes, network=request.network, store=store) as index:
        for wanted in request.wanted:
            sha256 = wanted.hashes[0].digest
            kept = store.read("test-backend", sha256)
            if kept is None or store.blob(sha256) is None:
                assert wanted.name is not None
                files = [f for f in index.files(wanted.name) if f.sha256 == sha256]
                assert files, f"the default index has no {wanted.text} of that hash"
                index.download(files[0], hashes=wanted.hashes)
                kept = {"filename": files[0].filename}
                store.write("test-backend", sha256, kept)
            found[kept["filename"]] = store.blob_path(sha256)
    return found
