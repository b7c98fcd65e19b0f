def build_wheel(directory, settings=None, metadata=None):
    raise ValueError("the backend does not like this project")
