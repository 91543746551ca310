# A service manager's notify socket: prints each message as a line of JSON, with the process that sent it.
import json, os, socket, struct, sys

receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
receiver.bind(sys.argv[1])
print("listening", flush=True)
while True:
    data, ancillary, _, _ = receiver.recvmsg(4096, socket.CMSG_SPACE(12))
    pid = struct.unpack("iII", ancillary[0][2][:12])[0]
    print(json.dumps({"pid": pid, "said": data.decode().split("\n")}), flush=True)
