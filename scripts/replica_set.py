#!/usr/bin/env python3
"""Makes a running mongod the one member of its replica set, and waits until it is primary.

Usage: replica_set.py PORT [SECONDS]

Speaks MongoDB's wire protocol (OP_MSG, section kind 0) with the standard library alone, so that neither mongosh nor
a PyPI package is needed: four commands, whose documents hold only strings, numbers, booleans, documents and arrays.
"""
import socket
import struct
import sys
import time


def encode(value):
    """Returns the BSON type and bytes of a value. https://bsonspec.org/spec.html"""
    if isinstance(value, bool):
        return 0x08, struct.pack("<?", value)
    if isinstance(value, int):
        return 0x10, struct.pack("<i", value)
    if isinstance(value, str):
        text = value.encode() + b"\0"
        return 0x02, struct.pack("<i", len(text)) + text
    kind = 0x03
    if isinstance(value, list):
        kind, value = 0x04, {str(i): item for i, item in enumerate(value)}
    body = b""
    for key, item in value.items():
        item_kind, data = encode(item)
        body += bytes([item_kind]) + key.encode() + b"\0" + data
    return kind, struct.pack("<i", len(body) + 5) + body + b"\0"


def decode(data, start=0, array=False):
    """Reads one BSON document; values of types not used here are skipped by their width."""
    widths = {0x07: 12, 0x09: 8, 0x0A: 0, 0x11: 8, 0x13: 16}
    found, at = {}, start + 4
    while data[at]:
        kind, name_end = data[at], data.index(b"\0", at + 1)
        name, at = data[at + 1 : name_end].decode(), name_end + 1
        if kind == 0x01:
            found[name], at = struct.unpack_from("<d", data, at)[0], at + 8
        elif kind == 0x02:
            length = struct.unpack_from("<i", data, at)[0]
            found[name], at = data[at + 4 : at + 3 + length].decode(), at + 4 + length
        elif kind in (0x03, 0x04):
            found[name] = decode(data, at, kind == 0x04)
            at += struct.unpack_from("<i", data, at)[0]
        elif kind == 0x05:
            at += 5 + struct.unpack_from("<i", data, at)[0]
        elif kind == 0x08:
            found[name], at = bool(data[at]), at + 1
        elif kind == 0x10:
            found[name], at = struct.unpack_from("<i", data, at)[0], at + 4
        elif kind == 0x12:
            found[name], at = struct.unpack_from("<q", data, at)[0], at + 8
        else:
            at += widths[kind]
    return list(found.values()) if array else found


def command(port, document):
    """Sends one command to the admin database and returns the reply."""
    body = struct.pack("<I", 0) + b"\0" + encode({**document, "$db": "admin"})[1]
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(struct.pack("<iiii", len(body) + 16, 1, 0, 2013) + body)
        reply = b""
        while len(reply) < 4 or len(reply) < struct.unpack_from("<i", reply)[0]:
            piece = connection.recv(65536)
            if not piece:
                raise ConnectionError("the server closed the connection")
            reply += piece
    return decode(reply, 21)


def settle(port):
    """Initiates the set, or corrects its member's port after a restart on another one.

    While the server still reads its stored configuration it denies having one and yet refuses to be initiated
    ("already initialized"): that is raised like any other trouble, and the caller tries again.
    """
    host = f"127.0.0.1:{port}"
    reply = command(port, {"replSetGetConfig": 1})
    if reply.get("codeName") == "NotYetInitialized":
        reply = command(
            port, {"replSetInitiate": {"_id": "rs0", "members": [{"_id": 0, "host": host}]}})
    elif reply.get("ok") == 1 and [m["host"] for m in reply["config"]["members"]] != [host]:
        config = {
            "_id": reply["config"]["_id"],
            "version": reply["config"]["version"] + 1,
            "protocolVersion": 1,
            "members": [{"_id": 0, "host": host}],
        }
        reply = command(port, {"replSetReconfig": config, "force": True})
    if reply.get("ok") != 1:
        raise RuntimeError(reply.get("errmsg", "the server gave no reason"))


def main():
    port = int(sys.argv[1])
    deadline = time.monotonic() + float(sys.argv[2] if len(sys.argv) > 2 else 60)
    settled, trouble = False, "it never became primary"
    while time.monotonic() < deadline:
        try:
            if not settled:
                settle(port)
                settled = True
            if command(port, {"hello": 1}).get("isWritablePrimary"):
                return 0
        except (OSError, RuntimeError) as error:
            trouble = str(error)
        time.sleep(0.05)
    print(f"the replica set on port {port} is not ready: {trouble}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
