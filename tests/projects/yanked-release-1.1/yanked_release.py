VALUE = "1.1"
