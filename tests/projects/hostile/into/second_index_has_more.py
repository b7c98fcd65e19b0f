"""
tries: a higher version of a private name on the second index
must: wheel: of the first index's version
"""


def attack(stage):
    stage.second.add("in_tree-9.0.tar.gz", stage.index.files["in_tree-1.0.tar.gz"].announced)
    return ["in-tree", "--extra-index-url", stage.second.url]
