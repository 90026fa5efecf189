# SPDX-License-Identifier: Apache-2.0
"""Draws small PNG pictures (ISO/IEC 15948) that follow from a text: a sky of two colours with a few hills in front."""
import hashlib
import math
import struct
import zlib


def _chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png(width, height, rows):
    """rows: for each line its bytes, three for a pixel."""
    pixels = b"".join(b"\0" + row for row in rows)  # 0: a line is as it is, no filter
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(pixels, 9)) + _chunk(b"IEND", b"")


def picture(text, width, height):
    """The bytes of a picture."""
    seed = hashlib.sha256(text.encode()).digest()
    above, below, hill = seed[0:3], seed[3:6], bytes(value // 3 for value in seed[6:9])
    ground = [
        height * (0.55 + 0.2 * math.sin(x / width * (3 + seed[9] % 7) + seed[10]) + 0.08 * math.sin(x / width * 19 + seed[11]))
        for x in range(width)
    ]
    rows = []
    for y in range(height):
        part = y / height
        sky = bytes(round(a + (b - a) * part) for a, b in zip(above, below))
        rows.append(b"".join(hill if y > ground[x] else sky for x in range(width)))
    return _png(width, height, rows)
