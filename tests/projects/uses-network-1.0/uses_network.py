VALUE = "uses-network"
