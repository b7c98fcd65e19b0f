"""
tries: an index whose every page is a bomb, beside the one that has the name
must: wheel: the second is not asked for what the first has
"""


def attack(stage):
    stage.second.answers["/simple/in-tree/"] = stage.index.answers.get
    return ["in-tree", "--extra-index-url", stage.second.url]
