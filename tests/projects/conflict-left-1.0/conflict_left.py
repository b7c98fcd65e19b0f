VALUE = "conflict-left"
