import pathlib

DIRECTORY = str(pathlib.Path(__file__).parent)
