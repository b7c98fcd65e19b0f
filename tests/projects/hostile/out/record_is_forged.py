"""
tries: say to the guest that the hook went well, and name a wheel that is none of its own
must: WheelRejected
says: left nothing where forged-1.0-py3-none-any.whl should be alone
"""
import os


def build_wheel(directory, settings=None, metadata=None):
    os.write(3, b'{"ok": true, "value": "forged-1.0-py3-none-any.whl"}')
    os._exit(0)
