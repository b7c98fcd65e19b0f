VALUE = "backend-dies"
