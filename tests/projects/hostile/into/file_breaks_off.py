"""
tries: a download that ends in the middle, every time
must: DownloadTruncated
"""


def attack(stage):
    stage.sdist(("prey-1.0/noise", bytes(range(256)) * 400))
    stage.index.truncate("prey-1.0.tar.gz")
    return ["prey"]
