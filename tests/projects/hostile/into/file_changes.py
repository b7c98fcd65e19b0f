"""
tries: other bytes than the page promised
must: HashMismatch
"""


def attack(stage):
    stage.sdist()
    stage.index.corrupt("prey-1.0.tar.gz")
    return ["prey"]
