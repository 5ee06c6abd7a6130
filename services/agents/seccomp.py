"""The system call filter of the box: a classic BPF program, put together here so that no library or compiler is needed.

It is a deny list on top of namespaces and dropped capabilities: calls that no build or test needs and that have been
the way out of such boxes before (io_uring, keyrings, BPF, mounts, tracing), sockets other than UNIX and IP, and typing
into a terminal. Denied calls fail with EPERM; another architecture's calls end the process. Numbers are those of
x86-64 Linux; for other machines there is no table, and the box then runs without the filter and says so.
"""

import errno
import platform
import struct
from dataclasses import dataclass

DENIED = {
    "acct": 163, "add_key": 248, "bpf": 321, "clock_adjtime": 305, "clock_settime": 227, "create_module": 174,
    "delete_module": 176, "fanotify_init": 300, "finit_module": 313, "fsconfig": 431, "fsmount": 432, "fsopen": 430,
    "fspick": 433, "init_module": 175, "io_uring_enter": 426, "io_uring_register": 427, "io_uring_setup": 425,
    "ioperm": 173, "iopl": 172, "kcmp": 312, "kexec_file_load": 320, "kexec_load": 246, "keyctl": 250,
    "lookup_dcookie": 212, "migrate_pages": 256, "modify_ldt": 154, "mount": 165, "mount_setattr": 442,
    "move_mount": 429, "move_pages": 279, "name_to_handle_at": 303, "nfsservctl": 180, "open_by_handle_at": 304,
    "open_tree": 428, "perf_event_open": 298, "pidfd_getfd": 438, "pivot_root": 155, "process_vm_readv": 310,
    "process_vm_writev": 311, "ptrace": 101, "quotactl": 179, "reboot": 169, "request_key": 249, "setns": 308,
    "settimeofday": 164, "swapoff": 168, "swapon": 167, "syslog": 103, "umount2": 166, "unshare": 272, "uselib": 134,
    "userfaultfd": 323, "vhangup": 153,
}  # fmt: skip
_IOCTL, _SOCKET, _SOCKETPAIR = 16, 41, 53
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
_FAMILIES = (1, 2, 10)
"""AF_UNIX, AF_INET, AF_INET6."""

_AUDIT_X86_64 = 0xC000003E
_X32 = 0x40000000
_NR, _ARCH, _ARG0, _ARG1 = 0, 4, 16, 24
"""Offsets in struct seccomp_data; only the low 32 bits of arguments are looked at, as the kernel does here."""

_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _KILL = 0x7FFF0000, 0x80000000
_DENY = 0x00050000 | errno.EPERM


@dataclass(frozen=True)
class _Step:
    """One instruction; a jump names the label it goes to when true and falls through otherwise."""

    code: int
    value: int
    to: str = ""
    label: str = ""


def available() -> bool:
    """Is there a table for this machine?"""
    return platform.system() == "Linux" and platform.machine() == "x86_64"


def program() -> bytes:
    """The filter as `struct sock_filter` records, 8 bytes each, as bubblewrap's --seccomp reads them."""
    steps = [
        _Step(_LOAD, _ARCH),
        _Step(_EQUAL, _AUDIT_X86_64, to="native"),
        _Step(_RETURN, _KILL),
        _Step(_LOAD, _NR, label="native"),
        _Step(_AT_LEAST, _X32, to="kill"),
        _Step(_EQUAL, _IOCTL, to="ioctl"),
        _Step(_EQUAL, _SOCKET, to="socket"),
        _Step(_EQUAL, _SOCKETPAIR, to="socket"),
        *(_Step(_EQUAL, number, to="deny") for number in sorted(DENIED.values())),
        _Step(_RETURN, _ALLOW),
        _Step(_LOAD, _ARG1, label="ioctl"),
        _Step(_EQUAL, _TIOCSTI, to="deny"),
        _Step(_EQUAL, _TIOCLINUX, to="deny"),
        _Step(_RETURN, _ALLOW),
        _Step(_LOAD, _ARG0, label="socket"),
        *(_Step(_EQUAL, family, to="allow") for family in _FAMILIES),
        _Step(_RETURN, _DENY, label="deny"),
        _Step(_RETURN, _KILL, label="kill"),
        _Step(_RETURN, _ALLOW, label="allow"),
    ]
    labels = {step.label: place for place, step in enumerate(steps) if step.label}
    return b"".join(
        struct.pack("=HBBI", step.code, labels[step.to] - place - 1 if step.to else 0, 0, step.value)
        for place, step in enumerate(steps)
    )
