# SPDX-License-Identifier: Apache-2.0
"""What an attempt does to its directory, and how a command answers."""
import errno
import os
import subprocess

from kit import COMMAND, MIB, done, evil, fail


# ---- its directory ----


@evil
def writes_outside(task):
    elsewhere = "precious/file"
    deeds = [
        lambda: open(elsewhere, "w"),
        lambda: os.truncate(elsewhere, 0),
        lambda: os.unlink(elsewhere),
        lambda: os.rename(elsewhere, os.path.join(task["dir"], "mine")),
        lambda: os.link(elsewhere, os.path.join(task["dir"], "mine")),
        lambda: os.mkdir("made"),
        lambda: os.symlink("made", "linked"),
        lambda: open("/tmp/bide-rogue", "w"),
        lambda: subprocess.run(["setsid", "sh", "-c", "echo x 2>/dev/null >made"], stderr=subprocess.DEVNULL, check=True),
    ]
    for place, deed in enumerate(deeds):
        try:
            deed()
            return done(task, result=f"deed {place} could be done")
        except (PermissionError, subprocess.CalledProcessError):
            pass
        except OSError as error:
            if error.errno != errno.EXDEV:  # moves and links to where less is forbidden
                raise
    with open(os.path.join(task["dir"], "mine"), "w") as file:
        file.write("mine")
    return None


@evil
def names_files_outside(task):
    os.symlink("/etc/passwd", os.path.join(task["dir"], "link"))
    os.mkfifo(os.path.join(task["dir"], "pipe"))
    os.mkdir(os.path.join(task["dir"], "sub"))
    names = ["../../bide.yaml", "/etc/passwd", "link", "pipe", "sub", "sub/x", ".", "..", "", "gone", 7, None, "a\0b", "n" * 300]
    return done(task, files=names)


@evil
def result_is_a_link(task):
    os.symlink(os.path.abspath("precious/file"), os.path.join(task["dir"], "r"))
    return done(task, result_file="r")


@evil
def result_is_a_pipe(task):
    os.mkfifo(os.path.join(task["dir"], "r"))
    return done(task, result_file="r")


@evil
def result_of_a_gibibyte(task):
    with open(os.path.join(task["dir"], "r"), "wb") as file:
        file.truncate(1 << 30)  # a hole, of no blocks
    return done(task, result_file="r")


@evil
def deletes_its_directory(task):
    for name in os.listdir(task["dir"]):
        os.unlink(os.path.join(task["dir"], name))
    os.rmdir(task["dir"])
    return None if COMMAND else done(task, files=["out.txt"])


@evil
def fills_its_directory(task):
    """More than can be listed, deeper than can be opened, and what only its owner may open again."""
    home = os.getcwd()
    os.chdir(task["dir"])
    for n in range(500):
        open(f"file-{n}", "w").close()
    for name, mode in (("shut", 0), ("read-only", 0o555), ("blind", 0o333)):
        os.makedirs(f"{name}/inner")
        open(f"{name}/inner/file", "w").close()
        os.chmod(f"{name}/inner", mode)
        os.chmod(name, mode)
    for _ in range(300):
        os.mkdir("deep")
        os.chdir("deep")
    open("file", "w").close()
    os.chdir(home)
    return fail(task, retry=False, message="full")


@evil
def shuts_its_directory(task):
    open(os.path.join(task["dir"], "file"), "w").close()
    os.chmod(task["dir"], 0)
    return fail(task, retry=False, message="shut")


@evil
def replaces_its_directory(task):
    for name in os.listdir(task["dir"]):
        os.unlink(os.path.join(task["dir"], name))
    os.rmdir(task["dir"])
    os.symlink(os.path.abspath("precious"), task["dir"])
    return fail(task, retry=False, message="elsewhere")


# ---- commands ----


@evil
def half_a_result(task):
    os.write(1, b'{"text": "hel')
    os._exit(0)


@evil
def large_result(task):
    for _ in range(1024):
        os.write(1, MIB)


@evil
def says_fail_and_exits_0(task):
    return fail(task, code="invalid_input", message="no, thanks")
