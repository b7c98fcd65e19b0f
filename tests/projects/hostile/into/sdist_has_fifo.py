"""
tries: a FIFO in an sdist, which who reads it waits for
must: SourceUnusable
says: is a device, FIFO or socket
"""
import tarfile

from . import special


def attack(stage):
    return stage.sdist(special("pyproject.toml", tarfile.FIFOTYPE))
