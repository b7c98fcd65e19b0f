"""
tries: files that include the next one twice, thirty times
must: RequirementsFileError
"""


def attack(stage):
    for n in range(30):
        stage.written("r%d.txt" % n, ("-r r%d.txt\n" % (n + 1)) * 2)
    stage.written("r30.txt", "in-tree\n")
    return ["-r", "r0.txt"]
