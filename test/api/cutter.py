# SPDX-License-Identifier: Apache-2.0
"""Between a client and a server: a line that breaks again and again, in the middle of anything."""
import contextlib
import itertools
import socket
import threading


class Cutter:
    """`bide`: where to, looked up for each connection. Each answer is cut off after one of `sizes` bytes, in turn. `n`: how
    many were."""

    def __init__(self, bide, sizes):
        self.bide, self.sizes, self.n = bide, itertools.cycle(sizes), 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(client, next(self.sizes)), daemon=True).start()

    def _carry(self, client, left):
        with client:
            try:
                with socket.create_connection(("127.0.0.1", self.bide.port)) as server:
                    threading.Thread(target=self._pour, args=(client, server), daemon=True).start()
                    while left > 0 and (data := server.recv(min(65536, left))):
                        client.sendall(data)
                        left -= len(data)
                    self.n += left <= 0
                    self._end(server)
            except OSError:
                pass  # nobody is there, or the client has gone
            self._end(client)

    @staticmethod
    def _end(line):
        """Closing it alone would say nothing to the other side while a thread still reads from it."""
        with contextlib.suppress(OSError):  # it is broken already
            line.shutdown(socket.SHUT_RDWR)

    @staticmethod
    def _pour(client, server):
        try:
            while data := client.recv(65536):
                server.sendall(data)
        except OSError:
            pass  # the other way is cut

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
