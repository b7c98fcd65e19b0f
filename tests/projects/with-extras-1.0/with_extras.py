VALUE = "with-extras"
