# Many connections of one peer that speak by the grammar of the protocol, and break it, as a seed says: "hostile-random.py PATH".
# For each line "SEED COUNT" it does its worst over so many connections, keeps them open and prints what it sent; on "leave" it
# leaves in all the ways there are, and prints "left".
import json
import os
import random
import socket
import struct
import sys

path = sys.argv[1]
KINDS = [1, 1, 1, 2, 2, 2, 2, 3, 4, 5, 6, 7, 8, 9]
EDGES = [0, 1, 11, 12, 255, 256, 4095, 4096, 4097, 65535, 65536, 65537, 2**31 - 1, 2**31, 2**32 - 1]
NAMES = [b"echo", b"fail", b"hang", b"hang", b"long", b"long", b"toString", b"__proto__", b"\xc3\x28", b"n" * 255]


def frame(kind, encoding, payload=b"", id=0, handles=0, length=None):
    length = len(payload) if length is None else length
    return struct.pack("<IBBHI", length, kind, encoding, handles, id) + payload


class Peer:
    """One connection: what it has to say, and the mood in which it says it."""

    def __init__(self, dice):
        self.dice = dice
        self.id = 0
        self.sent = 0
        self.rest = b""
        self.gone = False
        self.link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.link.setblocking(False)
        self.errs = dice.random() < 0.3
        self.reads = dice.random() < 0.5
        self.mood = dice.choice("any any hang hang long long messages messages descriptors descriptors part mute drip closing".split())

    def odd(self, share):
        return self.errs and self.dice.random() < share

    def hello(self):
        if self.odd(0.03):
            return self.dice.randbytes(12)
        limit = self.dice.choice(EDGES) if self.odd(0.05) else 65536
        return b"xch" + struct.pack("<BBBBBI", 1, self.dice.choice([0, 2, 3]), 0, 0, 0, limit)

    def value(self):
        dice = self.dice
        text = dice.choice([b"[" * 200 + b"]" * 200, b'{"a":[{},{},{}]}', b"[" + b"{}," * 900 + b"0]", b'"x"', b"{", b""])
        if not self.errs and text in (b"{", b""):
            text = b"[[]]"
        long = bytes(dice.randrange(60_000))
        return dice.choice([(0, b""), (1, text), (2, long), (2, long), (4, b"t" * dice.randrange(20_000))])

    def extended(self, encoding, payload, handles):
        dice = self.dice
        buffers = [0] * dice.choice([0, 1, 5, 1000, 1025]) if self.odd(0.2) else []
        head = {
            "value": dice.choice([-1, 0.5, 2**53, "1", None]) if self.odd(0.05) else len(payload),
            "buffers": buffers,
            "handles": [{"kind": "fd", "unread": dice.choice(EDGES) if self.odd(0.05) else 0}] * handles,
            "ack": dice.choice(EDGES) if self.odd(0.05) else self.id * (handles > 0),
        }
        text = json.dumps(head).encode()
        length = dice.choice(EDGES) if self.odd(0.03) else len(text)
        return encoding | 128, struct.pack("<I", length) + text + payload

    def next(self):
        """A frame, and how many descriptors go with it."""
        dice = self.dice
        self.id += 1
        # It closes early: what is right then is nothing but a goodbye, and it may come late, twice, or never.
        if self.mood == "closing" and self.id % 4 == 0:
            return frame(dice.choice([8, 9, 9]) if self.errs else 9, 0, b"", dice.choice([0, 0, 1, self.id]) if self.errs else 0), 0
        kind = {"hang": 2, "long": 2, "messages": 1}.get(self.mood) or (dice.choice(KINDS) if self.errs else dice.choice([1, 2, 5]))
        encoding, payload = self.value() if kind in (1, 2, 3) else (0, b"")
        if kind == 4:
            encoding, payload = 1, b'{"name":"a","message":"b","code":null}'
        id = 0 if kind in (1, 8, 9) else self.id
        announced = dice.randrange(4) if self.mood == "descriptors" and kind == 1 else 0
        if announced > 0 or (kind < 4 and self.odd(0.1)):
            encoding, payload = self.extended(encoding, payload, announced)
        if kind == 2:
            name = self.mood.encode() if self.mood in ("hang", "long") else dice.choice(NAMES if self.errs else NAMES[:6])
            encoding, payload = encoding | 64, bytes([len(name)]) + name + payload
        if self.odd(0.03):
            encoding = dice.randrange(256)
        if self.odd(0.03):
            id = dice.choice(EDGES)
        length = dice.choice(EDGES) if self.odd(0.03) else None
        sent = dice.randrange(6) if self.odd(0.1) and self.mood == "descriptors" else announced
        return frame(kind, encoding, payload, id, announced, length), sent

    def put(self, data, handles=0):
        """Sends what is taken, and keeps the rest."""
        fds = [os.open("/dev/null", os.O_RDONLY) for _ in range(handles)]
        try:
            if handles > 0:
                taken = socket.send_fds(self.link, [data], fds)
            else:
                taken = self.link.send(data)
        except BlockingIOError:
            taken = 0
            # Without its descriptors it would be another frame.
            data = data if handles == 0 else b""
        except OSError:
            self.gone = True
            return
        finally:
            for fd in fds:
                os.close(fd)
        self.sent += taken
        self.rest = data[taken:]

    def step(self):
        """One thing that it does."""
        dice = self.dice
        if self.gone or self.mood == "mute":
            return
        if self.rest:
            self.put(self.rest)
        elif self.mood == "part":
            self.put(frame(1, 2, b"", 0, 0, 60_000) + bytes(dice.randrange(60_000)))
            self.mood = "mute"
        elif self.mood == "drip":
            self.put(dice.randbytes(1) if self.odd(0.5) else b"\x00")
        else:
            data, handles = self.next()
            if self.odd(0.02):
                data = data[: dice.randrange(len(data))]
            self.put(data, handles)
        if self.reads:
            self.read()

    def read(self):
        if not self.reads:
            return
        try:
            self.link.recv(65536)
        except OSError:
            pass

    def leave(self):
        try:
            way = self.dice.randrange(5)
            if way == 0:
                self.link.shutdown(socket.SHUT_WR)
            elif way == 1:
                self.link.shutdown(socket.SHUT_RD)
            elif way == 2:
                self.put(frame(8, 0))
            elif way == 3:
                self.put(frame(9, 0) + frame(8, 0))
        except OSError:
            pass
        self.link.close()


def dial(dice):
    peer = Peer(dice)
    try:
        peer.link.connect(path)
    except (BlockingIOError, ConnectionRefusedError):
        peer.link.close()
        return None
    return peer


def attack(seed, count):
    dice = random.Random(seed)
    # Those that come and go at once, before anybody could ask who they are.
    for _ in range(count):
        gone = dial(dice)
        if gone is not None:
            if dice.random() < 0.5:
                gone.put(gone.hello())
            gone.link.close()
    peers = [peer for peer in (dial(dice) for _ in range(count)) if peer is not None]
    for peer in peers:
        if peer.mood != "mute":
            peer.put(peer.hello())
    for _ in range(300):
        for peer in peers:
            peer.step()
    return peers


peers = []
for line in sys.stdin:
    if line.strip() == "leave":
        for each in peers:
            each.leave()
        peers = []
        print("left", flush=True)
    else:
        seed, count = map(int, line.split())
        peers = attack(seed, count)
        print(json.dumps({"peers": len(peers), "sent": sum(each.sent for each in peers)}), flush=True)
