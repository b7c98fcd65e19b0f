import ctypes

VERSION = ctypes.CDLL("libsodium.so.23").sodium_library_version_major()
