# SPDX-License-Identifier: Apache-2.0
"""Executes a program under the seccomp filter that systemd makes of SystemCallFilter= (x86-64): what is named is
allowed, any other call fails with EPERM, as do calls of other architectures.

    filtered.py WORDS PROGRAM [ARGUMENT...]     WORDS: the value of SystemCallFilter=
"""
import ctypes
import os
import re
import struct
import subprocess
import sys

HEADER = "/usr/include/x86_64-linux-gnu/asm/unistd_64.h"
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, AUDIT_ARCH_X86_64 = 38, 22, 2, 0xC000003E
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, REFUSE = 0x7FFF0000, 0x00050001


def names(word):
    """The calls of a word, groups within groups included."""
    if word[0] != "@":
        return {word}
    listed = subprocess.run(["systemd-analyze", "syscall-filter", word], capture_output=True, text=True, check=True)
    words = [line.strip() for line in listed.stdout.splitlines()[1:]]
    return set().union(*(names(w) for w in words if w and w[0] != "#"))


def program(numbers):
    steps = [(LOAD, 0, 0, 4), (EQUAL, 1, 0, AUDIT_ARCH_X86_64), (RETURN, 0, 0, REFUSE), (LOAD, 0, 0, 0)]
    for number in numbers:
        steps += [(EQUAL, 0, 1, number), (RETURN, 0, 0, ALLOW)]
    steps.append((RETURN, 0, 0, REFUSE))
    return b"".join(struct.pack("HBBI", *step) for step in steps), len(steps)


def main():
    words, *command = sys.argv[1:]
    allowed = set().union(*(names(w) for w in words.split() + ["@default"]))
    with open(HEADER) as header:
        numbers = [int(n) for name, n in re.findall(r"#define __NR_(\w+) (\d+)", header.read()) if name in allowed]
    code, length = program(numbers)
    held = ctypes.create_string_buffer(code)
    libc = ctypes.CDLL(None, use_errno=True)
    fprog = struct.pack("HxxxxxxP", length, ctypes.addressof(held))
    zero = ctypes.c_ulong(0)
    failed = libc.prctl(PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), zero, zero, zero)
    failed = failed or libc.prctl(PR_SET_SECCOMP, ctypes.c_ulong(SECCOMP_MODE_FILTER), fprog, zero, zero)
    if failed:
        sys.exit(f"filtered.py: {os.strerror(ctypes.get_errno())}")
    os.execv(command[0], command)


main()
