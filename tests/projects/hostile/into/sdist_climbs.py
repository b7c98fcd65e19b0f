"""
tries: a member of an sdist that climbs out of it
must: SourceUnusable
says: climbs out of the archive
"""


def attack(stage):
    return stage.sdist(("prey-1.0/../../../../tmp/owned", b""))
