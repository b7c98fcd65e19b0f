"""
tries: a gigabyte of zeros in a megabyte
must: SourceUnusable
"""
from . import bomb


def attack(stage):
    return stage.publish(bomb(1 << 30))
