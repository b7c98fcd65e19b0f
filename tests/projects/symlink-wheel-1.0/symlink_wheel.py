VALUE = "symlink-wheel"
