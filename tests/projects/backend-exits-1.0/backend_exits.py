VALUE = "backend-exits"
