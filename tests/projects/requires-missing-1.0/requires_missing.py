VALUE = "requires-missing"
