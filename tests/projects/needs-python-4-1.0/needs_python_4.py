VALUE = "needs-python-4"
