VALUE = "wrong-version"
