VALUE = "climbing-wheel"
