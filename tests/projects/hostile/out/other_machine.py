"""
tries: a wheel whose library is for another processor
must: WheelRejected
says: library.so is for riscv32, the target is
"""
import tiny


def build_wheel(directory, settings=None, metadata=None):
    code = b"\x7fELF\2\1\1" + bytes(9) + b"\3\0\xf3\0\1\0\0\0" + bytes(40)
    return tiny.write(directory, "out-other-machine", "1.0", [], {"library.so": code})
