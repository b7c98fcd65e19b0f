VALUE = "not-a-wheel"
