VALUE = "pokes-cache"
