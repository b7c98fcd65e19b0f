"""
tries: a file that is written through a link of the same archive
must: SourceUnusable
"""
import tarfile

from . import special


def attack(stage):
    return stage.sdist(special("there", tarfile.SYMTYPE, "."), ("prey-1.0/there/owned", b""))
