"""
tries: a device in an sdist
must: SourceUnusable
says: is a device, FIFO or socket
"""
import tarfile

from . import special


def attack(stage):
    return stage.sdist(special("memory", tarfile.CHRTYPE))
