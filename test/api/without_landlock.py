# SPDX-License-Identifier: Apache-2.0
"""Executes a program on a kernel that knows nothing of Landlock: without_landlock.py PROGRAM [ARGUMENT...]

A seccomp filter answers landlock_create_ruleset() with ENOSYS, for the program and all that it starts. Exit 1 when there can be no such
filter.
"""
import ctypes
import errno
import os
import struct
import sys

CREATE_RULESET = 444
# linux/filter.h: load the number of the call; is it this one? ENOSYS; else go on
RULES = [(0x20, 0, 0, 0), (0x15, 0, 1, CREATE_RULESET), (0x06, 0, 0, 0x00050000 | errno.ENOSYS), (0x06, 0, 0, 0x7FFF0000)]

libc = ctypes.CDLL(None, use_errno=True)
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *rule) for rule in RULES))
program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(RULES), ctypes.addressof(code)))
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, FILTER = 38, 22, 2
if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_SECCOMP, FILTER, program):
    sys.exit(1)
os.execv(sys.argv[1], sys.argv[1:])
