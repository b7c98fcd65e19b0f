"""
tries: a page of a gigabyte in a megabyte
must: DownloadError
says: is larger than 64 MiB
"""
from . import bomb


def attack(stage):
    return stage.answers(bomb(1 << 30), kind="text/html", Content_Encoding="gzip")
