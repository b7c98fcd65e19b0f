"""
tries: system calls that are seldom needed and often the way out
must: refused
control: privileged
"""
import ctypes

from . import call

ATTRIBUTES = (ctypes.c_uint32 * 32)(1, 128)
X86_64 = {
    "bpf": (321, 0, (ctypes.c_uint32 * 32)(2, 4, 4, 1), 128),
    "perf_event_open": (298, ATTRIBUTES, 0, -1, -1, 0),
    "userfaultfd": (323, 1),
    "io_uring": (425, 1, (ctypes.c_uint32 * 32)()),
    "memfd_secret": (447, 0),
    "modify_ldt": (154, 0, (ctypes.c_uint32 * 4)(), 16),
    "name_to_handle_at": (303, -100, b"/", (ctypes.c_uint32 * 64)(128), (ctypes.c_uint32 * 1)(), 0),
    "init_module": (175, b"", 0, b""),
    "kexec_load": (246, 0, 0, None, 0),
    "syslog": (103, 3, ctypes.create_string_buffer(64), 64),
    "quotactl": (179, 0x800007 << 8, b"/", 0, None),
    "fanotify_init": (300, 0, 0),
    "vmsplice": (278, 1, None, 0, 0),
}


def attempts(host):
    for name, (number, *arguments) in X86_64.items():
        yield name, lambda: call("syscall", number, *arguments)
