VALUE = "hostile-log"
