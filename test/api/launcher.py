# SPDX-License-Identifier: Apache-2.0
"""Executes a program with sockets as a service manager hands them over: descriptors from 3 on, and the variables.

    launcher.py PID FDS NAMES PROGRAM [ARGUMENT...]     FDS: numbers of inherited descriptors, with commas
                                                        PID: LISTEN_PID; "self": of the process itself, as it has to be
"""
import fcntl
import os
import sys

pid, fds, names, *command = sys.argv[1:]
high = [fcntl.fcntl(int(fd), fcntl.F_DUPFD, 200) for fd in fds.split(",")]  # out of the way of one another
for number, fd in enumerate(high, 3):
    os.dup2(fd, number, inheritable=True)
    os.close(fd)
os.environ.update(LISTEN_PID=str(os.getpid()) if pid == "self" else pid, LISTEN_FDS=str(len(high)), LISTEN_FDNAMES=names)
os.execv(command[0], command)
