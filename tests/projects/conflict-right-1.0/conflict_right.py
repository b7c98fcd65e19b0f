VALUE = "conflict-right"
