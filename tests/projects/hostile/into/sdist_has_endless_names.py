"""
tries: a member whose name is as long as memory
must: SourceUnusable
"""
import tarfile


def attack(stage):
    header = tarfile.TarInfo("prey-1.0/" + "x" * (64 << 20))
    return stage.sdist(header)
