"""
tries: a page with a file's name that climbs
must: IndexUnreachable
says: filename is not a plain file name
"""


def attack(stage):
    return stage.listed(filename="../../../../tmp/prey-1.0.tar.gz")
