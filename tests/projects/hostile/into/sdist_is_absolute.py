"""
tries: a member of an sdist with an absolute name
must: SourceUnusable
says: absolute
"""


def attack(stage):
    return stage.sdist(("/etc/cron.d/owned", b""))
