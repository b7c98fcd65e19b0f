VALUE = "no-wheel"
