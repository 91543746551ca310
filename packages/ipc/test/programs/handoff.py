# The other end of a handoff, in Python: "send PATH FILE" sends FILE's descriptor twice over with a line; "receive PATH"
# prints what the descriptors that come hold; "serve PATH" answers on each connection that comes.
import os
import socket
import sys

what, path = sys.argv[1:3]
link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
link.connect(path)
if what == "send":
    fds = [os.open(sys.argv[3], os.O_RDONLY) for _ in range(2)]
    socket.send_fds(link, [b"two from Python\n"], fds)
    link.close()
elif what == "receive":
    data, fds, flags, _ = socket.recv_fds(link, 1000, 16)
    print(data.decode(), *(os.read(fd, 1000).decode() for fd in fds), flush=True)
else:
    data, fds, flags, _ = socket.recv_fds(link, 1000, 16)
    for fd in fds:
        with socket.socket(fileno=fd) as peer:
            peer.sendall(b"answered by Python: " + data)
