"""A filter of system calls, assembled by hand: what a student's code never needs is refused.

The rest of the jail already holds without it. It takes away the calls that reach other
processes, make new namespaces, open sockets or have a record of holes in the kernel.
"""
import ctypes
import errno
import functools
import platform
import struct

#       name: number on x86_64, on aarch64
CALLS = {
    "kill": (62, 129), "tkill": (200, 130), "tgkill": (234, 131), "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240), "pidfd_send_signal": (424, 424), "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438), "ptrace": (101, 117), "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271), "process_madvise": (440, 440), "kcmp": (312, 272),
    "socket": (41, 198), "memfd_create": (319, 279), "memfd_secret": (447, 447),
    "shmget": (29, 194), "semget": (64, 190), "msgget": (68, 186), "mq_open": (240, 180),
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39),
    "pivot_root": (155, 41), "chroot": (161, 51), "open_tree": (428, 428),
    "move_mount": (429, 429), "fsopen": (430, 430), "fsmount": (432, 432),
    "mount_setattr": (442, 442), "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265),
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218),
    "init_module": (175, 105), "finit_module": (313, 273), "kexec_load": (246, 104),
    "personality": (135, 92), "quotactl": (179, 60), "syslog": (103, 116), "acct": (163, 89),
    "fanotify_init": (300, 262), "inotify_init1": (294, 26), "seccomp": (317, 277),
    "setpriority": (141, 140), "ioprio_set": (251, 30), "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119), "sched_setaffinity": (203, 122),
    "sched_setattr": (314, 274), "migrate_pages": (256, 238), "move_pages": (279, 239),
    "process_mrelease": (448, 448), "fork": (57, None), "vfork": (58, None), "clone": (56, 220),
}  # fmt: skip
SIGNALS = ("kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo")
PROCESSES = ("fork", "vfork", "clone")
CLONE3, PRLIMIT = (435, 435), (302, 261)
MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # column above, AUDIT_ARCH

LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, REFUSE, KILL = 0x7FFF0000, 0x00050000, 0x80000000
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16  # where they lie in struct seccomp_data
NEW_NAMESPACES = 0x7E020080  # the CLONE_NEW… flags
X32 = 0x40000000


@functools.cache
def program(refused=(), machine=None):
    """Return the filter as struct sock_filter[]: EPERM for `refused` and the calls above.

    Signals and new processes are left alone unless they are named; new namespaces and the limits
    of another process never.
    """
    column, architecture = MACHINES[machine or platform.machine()]
    names = [n for n in CALLS if n not in SIGNALS + PROCESSES] + list(refused)
    numbers = [CALLS[name][column] for name in names if CALLS[name][column] is not None]
    lines = [(LOAD, 0, 0, ARCHITECTURE), (EQUAL, 1, 0, architecture), (RETURN, 0, 0, KILL),
             (LOAD, 0, 0, NUMBER), *_answer(AT_LEAST, X32, errno.EPERM),
             *_answer(EQUAL, CLONE3[column], errno.ENOSYS)]  # the C library then takes clone
    for number in numbers:
        lines += _answer(EQUAL, number, errno.EPERM)
    lines += [(EQUAL, 0, 4, PRLIMIT[column]), (LOAD, 0, 0, FIRST_ARGUMENT), (EQUAL, 1, 0, 0),
              (RETURN, 0, 0, REFUSE | errno.EPERM), (RETURN, 0, 0, ALLOW),  # 0: the caller itself
              (EQUAL, 0, 3, CALLS["clone"][column]), (LOAD, 0, 0, FIRST_ARGUMENT),
              *_answer(ANY_BIT, NEW_NAMESPACES, errno.EPERM), (RETURN, 0, 0, ALLOW)]
    return b"".join(struct.pack("HBBI", *line) for line in lines)


def _answer(test, operand, error):
    """Return two lines: where the test holds, the call fails with this error."""
    return [(test, 0, 1, operand), (RETURN, 0, 0, REFUSE | error)]


def install(refused):
    """Put the filter on this process and all it starts; it can never be taken off."""
    code = program(refused)
    data = ctypes.create_string_buffer(code)
    argument = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(data))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    if prctl(38, 1, 0, 0, 0) or prctl(22, 2, ctypes.create_string_buffer(argument), 0, 0):
        raise OSError(ctypes.get_errno(), "the kernel takes no filter")


def undumpable():
    """Let no other process look into this one or write to it (PR_SET_DUMPABLE)."""
    ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)
