# A service manager's notify socket: "notify-receiver.py PATH [slow]", an abstract name with "@". Prints "ready", then each message as JSON with
# the device and inode of the descriptors that came with it. With "slow" it reads nothing before it gets a line.
import json
import os
import socket
import sys

path = sys.argv[1]
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind("\0" + path[1:] if path.startswith("@") else path)
print("ready", flush=True)
if "slow" in sys.argv:
    sys.stdin.readline()
while True:
    data, fds, _flags, _from = socket.recv_fds(receiver, 65536, 253)
    stats = [os.fstat(fd) for fd in fds]
    for fd in fds:
        os.close(fd)
    print(json.dumps({"lines": data.decode().split("\n"), "fds": [f"{stat.st_dev}:{stat.st_ino}" for stat in stats]}), flush=True)
