VALUE = "asks-for-wheel"
