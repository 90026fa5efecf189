# SPDX-License-Identifier: Apache-2.0
"""The demonstrations of examples/, each on a port and a store of its own."""
import contextlib
import os
import signal
import socket
import subprocess

from harness import until


class Demo:
    """A running demonstration. `listen`: its address; what it prints goes to demo.log."""

    def __init__(self, script, directory):
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.listen = f"127.0.0.1:{free.getsockname()[1]}"
        self.log = directory / "demo.log"
        store = {"BIDE_STORE": f"sqlite:{directory}/bide.db", "BIDE_DATA_DIR": str(directory)}
        env = {**os.environ, **store, "BIDE_LISTEN": self.listen}
        env.pop("BIDE_SERVER", None)
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [str(script)],
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell cannot trap what was ignored
            )

    def said(self, seconds):
        """Waits until it has shown everything; returns what it printed."""

        def look():
            text = self.log.read_text()
            assert self.process.poll() is None, text
            return text if "Ctrl-C stops it" in text else None

        return until(look, "the end of the demonstration", seconds)

    def interrupt(self):
        """Ctrl-C, which has to end it well."""
        os.killpg(self.process.pid, signal.SIGINT)
        assert self.process.wait(20) == 0, self.log.read_text()

    def release(self):
        for _ in range(2):
            if self.process.poll() is None:
                self.process.terminate()
        self.process.wait(20)


@contextlib.contextmanager
def running(script, directory):
    demo = Demo(script, directory)
    try:
        yield demo
    finally:
        demo.release()
