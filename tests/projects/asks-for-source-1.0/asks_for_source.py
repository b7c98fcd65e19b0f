VALUE = "asks-for-source"
