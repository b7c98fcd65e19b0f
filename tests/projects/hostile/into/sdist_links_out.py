"""
tries: a symbolic link out of the tree
must: SourceUnusable
says: leads out of the tree
"""
import tarfile

from . import special


def attack(stage):
    return stage.sdist(special("secret", tarfile.SYMTYPE, "/etc/shadow"))
