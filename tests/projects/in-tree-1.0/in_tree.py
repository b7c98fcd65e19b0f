VALUE = "in-tree"
