VALUE = "needs-patch"
