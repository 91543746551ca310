# A peer in another language that does what the protocol forbids: "hostile.py PATH ATTACK". It prints "sent" once it has done
# its worst, and what came back of the channel's last frame once that has ended.
import json
import os
import select
import socket
import struct
import sys

path, attack = sys.argv[1:3]


def dial():
    link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    link.connect(path)
    return link


def hello(limit=65536, version=1, flags=2):
    return b"xch" + bytes([version, flags, 0, 0, 0]) + struct.pack("<I", limit)


def frame(kind, encoding, payload=b"", id=0, handles=0, length=None):
    header = struct.pack("<IBBHI", len(payload) if length is None else length, kind, encoding, handles, id)
    return header + payload


def extended(handles, ack, buffers=()):
    notes = [{"kind": "fd", "unread": 0}] * handles
    head = json.dumps({"value": 0, "buffers": list(buffers), "handles": notes, "ack": ack}).encode()
    return struct.pack("<I", len(head)) + head


def push(link, data):
    """Sends as much as is taken; false where nothing is taken for a while."""
    view = memoryview(data)
    while view:
        if not select.select([], [link], [], 0.5)[1]:
            return False
        view = view[link.send(view, socket.MSG_DONTWAIT) :]
    return True


def fds(count):
    return [os.open("/dev/null", os.O_RDONLY) for _ in range(count)]


def count_refusals(links, enough):
    """Reads what comes back over all links until so many handles were refused (kind 7)."""
    heard = dict.fromkeys(links, b"")
    greeted = set()
    refused = 0
    while refused < enough:
        for each in select.select(links, [], [])[0]:
            data = heard[each] + each.recv(65536)
            if each not in greeted and len(data) >= 12:
                greeted.add(each)
                data = data[12:]
            while each in greeted and len(data) >= 12:
                end = 12 + struct.unpack("<I", data[:4])[0]
                if len(data) < end:
                    break
                refused += data[4] == 7
                data = data[end:]
            heard[each] = data


link = dial()
try:
    if attack == "flood":
        push(link, hello())
        body = bytes(16 * 1024 * 1024)
        for _ in range(200):
            if not push(link, frame(1, 2, body)):
                break
    elif attack == "requests":
        push(link, hello())
        for id in range(1, 1000):
            if not push(link, frame(2, 2, bytes(1024 * 1024), id)):
                break
    elif attack == "ack":
        socket.send_fds(link, [hello() + frame(1, 0x80, extended(1, 2**32), 0, 1)], fds(1))
    elif attack == "limit":
        push(link, hello(1))
    elif attack == "least":
        push(link, hello(4096))
    elif attack == "length":
        push(link, hello() + frame(1, 0x80 | 5, extended(0, 0), 0))
        push(link, frame(1, 5, struct.pack("<I", 10) + b"4294967295" + b'[[],[0,"length",10]]'))
    elif attack == "closing, then a request":
        push(link, hello() + frame(9, 0) + frame(2, 4, b"late", 1))
    elif attack == "closing, then a message":
        push(link, hello() + frame(9, 0) + frame(1, 4, b"late"))
    elif attack == "closing twice":
        push(link, hello() + frame(9, 0) + frame(9, 0))
    elif attack == "closing after a request that nobody made":
        push(link, hello() + frame(9, 0, b"", 2**32 - 1))
    elif attack == "closing with a payload":
        push(link, hello() + frame(9, 0, b"why"))
    elif attack == "closing with descriptors":
        socket.send_fds(link, [hello() + frame(9, 0x80, b"", 0, 1)], fds(1))
    elif attack == "closing with descriptors that it does not announce":
        push(link, hello())
        socket.send_fds(link, [frame(9, 0)], fds(3))
    elif attack == "a frame after its goodbye":
        push(link, hello() + frame(9, 0) + frame(8, 0) + frame(5, 0, b"", 1))
    elif attack == "closing, and no goodbye":
        push(link, hello() + frame(9, 0))
        # The other end's hello, its closing and its goodbye, twelve bytes each.
        heard = 0
        while heard < 36:
            heard += len(link.recv(4096))
    elif attack == "half of closing":
        push(link, hello() + frame(9, 0)[:7])
    elif attack == "version":
        push(link, hello(65536, 9))
    elif attack == "announce":
        push(link, hello() + frame(1, 2, b"x", 0, 0, 16 * 1024 * 1024))
    elif attack == "descriptors":
        # Fifty may wait in all channels of this user: what each of ten channels leaves counts together.
        links = [link] + [dial() for _ in range(9)]
        for each in links:
            push(each, hello())
            for ack in range(1, 21):
                some = fds(1)
                socket.send_fds(each, [frame(1, 0x80, extended(1, ack), 0, 1)], some)
                os.close(some[0])
        # Until all is decided: those beyond the limit are refused.
        count_refusals(links, 150)
except (BrokenPipeError, ConnectionResetError):
    pass
print("sent", flush=True)
sys.stdin.readline()
