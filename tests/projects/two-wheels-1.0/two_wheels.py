VALUE = "two-wheels"
