VALUE = "falls-silent"
