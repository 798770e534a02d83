"""Free ports on the loopback interface."""

import socket

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """A port that nobody uses now and that the kernel gives to nobody for the next minute.

    A port that is only bound and closed again can go to an outgoing connection of any program before our server
    binds it. A connection that was made and closed on it leaves it in TIME_WAIT: then only a bind that names it and
    sets SO_REUSEADDR, as every server of the stack does, gets it.
    """
    with socket.socket() as server, socket.socket() as client:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((LOOPBACK, 0))
        server.listen(1)
        port: int = server.getsockname()[1]
        client.connect((LOOPBACK, port))
        accepted, _ = server.accept()
        accepted.close()  # closed on this side first: this is the side that stays in TIME_WAIT
    return port


def accepts_connections(port: int) -> bool:
    """Whether something listens on this loopback port."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1.0):
            return True
    except OSError:
        return False
