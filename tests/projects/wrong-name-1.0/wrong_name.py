VALUE = "wrong-name"
