VALUE = "prints-escapes"
