VALUE = "backend-raises"
