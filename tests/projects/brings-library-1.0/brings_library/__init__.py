import ctypes
import pathlib

DIRECTORY = str(pathlib.Path(__file__).parent)
LIBRARY = ctypes.CDLL(DIRECTORY + "/libtalloc.so.2", mode=ctypes.RTLD_GLOBAL)
