"""Cuts the network of every Python that finds this file on its PYTHONPATH, and notes each attempt to use it.

Only connections within the machine go through. The attempts are noted, one a line, in the file that the environment
variable NETWORK_ATTEMPTS names: code that swallows the error is found out all the same.
"""

import os
import sys

LOCAL = ("localhost", "127.0.0.1", "::1", "0.0.0.0", "", None)


def cut(event, arguments):
    if event in ("socket.connect", "socket.sendto"):
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None  # else a Unix socket, a file
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[0]
    else:
        return
    host = host.decode() if isinstance(host, bytes) else host
    if host not in LOCAL:
        with open(os.environ["NETWORK_ATTEMPTS"], "a") as file:
            file.write(f"{event} {host}\n")
        raise OSError(f"the network is cut for this test; {event} asked for {host}")


sys.addaudithook(cut)
