"""
tries: a page with names that type into a terminal
must: IndexUnreachable
says: filename is not a plain file name
"""


def attack(stage):
    return stage.listed(filename="prey-\x1b]0;owned\x07-1.0.tar.gz", yanked="\x1b[2J")
