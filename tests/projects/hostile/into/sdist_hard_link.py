"""
tries: a hard link to a file out of the tree
must: SourceUnusable
"""
import tarfile

from . import special


def attack(stage):
    return stage.sdist(special("secret", tarfile.LNKTYPE, "../../etc/shadow"))
