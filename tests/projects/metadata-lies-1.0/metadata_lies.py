VALUE = "metadata-lies"
