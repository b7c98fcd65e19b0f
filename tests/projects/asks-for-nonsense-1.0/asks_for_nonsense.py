VALUE = "asks-for-nonsense"
