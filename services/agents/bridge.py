"""Runs inside the box, by the system's Python and with nothing but that: a port of the box's own loopback leads to the
broker's socket, and the agent's program is told that port.

bridge.py SOCKET PORT-WORD PROGRAM ARGUMENT…: in the arguments and the environment PORT-WORD becomes the port.
"""

import os
import socket
import subprocess
import sys
import threading

PIECE = 65_536


def pump(source: socket.socket, sink: socket.socket) -> None:
    """Until one end closes."""
    try:
        while data := source.recv(PIECE):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def serve(door: socket.socket, path: str) -> None:
    """Each connection gets one of its own to the socket."""
    while True:
        try:
            inner, _ = door.accept()
            outer = socket.socket(socket.AF_UNIX)
            outer.connect(path)
        except OSError:
            return
        for pair in ((inner, outer), (outer, inner)):
            threading.Thread(target=pump, args=pair, daemon=True).start()


def main() -> int:
    path, word, *argv = sys.argv[1:]
    door = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=serve, args=(door, path), daemon=True).start()
    port = str(door.getsockname()[1])
    env = {name: value.replace(word, port) for name, value in os.environ.items()}  # noqa: TID251 - the box's
    return subprocess.run([each.replace(word, port) for each in argv], env=env, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
