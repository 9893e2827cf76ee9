"""Binary files of many types for magika_agreement.py, written with Python's standard library, numpy and onnx alone.

Each function takes a seeded random.Random and returns a file's bytes; BINARY maps a file name to one.
"""

import base64
import bz2
import gzip
import io
import lzma
import marshal
import pickle
import plistlib
import sqlite3
import struct
import tarfile
import tempfile
import wave
import zipfile
import zlib

import numpy as np
from onnx import TensorProto, helper

EPOCH = (2024, 3, 11, 10, 0, 0)


def text(rng, lines=40):
    return "".join(f"line {number}: {rng.random():.6f} {rng.randrange(10**6)}\n" for number in range(lines)).encode()


def zip_of(members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name, EPOCH), data)
    return out.getvalue()


XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
OPEN_XML = "http://schemas.openxmlformats.org"


def office(part, kind):
    """A skeleton of an Office Open XML document."""
    content_type = f"application/vnd.openxmlformats-officedocument.{kind}.main+xml"
    types = (
        f'{XML}<Types xmlns="{OPEN_XML}/package/2006/content-types">' f'<Override PartName="/{part}" ContentType="{content_type}"/></Types>'
    )
    relations = (
        f'{XML}<Relationships xmlns="{OPEN_XML}/package/2006/relationships"><Relationship Id="rId1" '
        f'Type="{OPEN_XML}/officeDocument/2006/relationships/officeDocument" Target="{part}"/></Relationships>'
    )

    def make(rng):
        return zip_of({"[Content_Types].xml": types, "_rels/.rels": relations, part: b"<document>" + text(rng) + b"</document>"})

    return make


def jar(rng):
    return zip_of({"META-INF/MANIFEST.MF": "Manifest-Version: 1.0\r\nCreated-By: 17\r\n\r\n", "org/example/A.class": java_class(rng)})


def java_class(rng):
    words = (b"Code", b"java/lang/Object", b"A", b"main", b"()V", b"<init>")
    constants = b"".join(b"\x01" + struct.pack(">H", len(word)) + word for word in words) + b"\x07\x00\x02\x07\x00\x03"
    members = struct.pack(">HHHHHHH", 0x21, 8, 7, 0, 0, 0, 0)
    return b"\xca\xfe\xba\xbe" + struct.pack(">HHH", 0, 61, 9) + constants + members + rng.randbytes(40)


def epub(rng):
    return zip_of({"mimetype": "application/epub+zip", "META-INF/container.xml": "<container/>", "OEBPS/a.xhtml": text(rng)})


def odt(rng):
    return zip_of({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": text(rng), "META-INF/manifest.xml": "<manifest/>"})


def tar(rng):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for number in range(rng.randrange(1, 5)):
            data = text(rng)
            info = tarfile.TarInfo(f"folder/file{number}.txt")
            info.size, info.mtime = len(data), 1710150000
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def png(rng):
    width, height = rng.randrange(8, 64), rng.randrange(8, 64)
    rows = b"".join(b"\0" + rng.randbytes(3 * width) for _ in range(height))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def bmp(rng):
    width, height = 4 * rng.randrange(4, 20), rng.randrange(4, 40)
    pixels = rng.randbytes(3 * width * height)
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, len(pixels), 2835, 2835, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + len(pixels), 0, 0, 54) + info + pixels


def gif(rng):
    screen = struct.pack("<HHBBB", 16, 16, 0xF7, 0, 0) + rng.randbytes(768)
    image = b",\0\0\0\0\x10\0\x10\0\0\x08\xff" + rng.randbytes(255) + b"\0;"
    return b"GIF89a" + screen + b"!\xf9\x04\0\0\0\0\0" + image


def ico(rng):
    image = png(rng)
    return struct.pack("<HHH", 0, 1, 1) + struct.pack("<BBBBHHII", 32, 32, 0, 0, 1, 32, len(image), 22) + image


def wav(rng):
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(22050)
        sound.writeframes(rng.randbytes(4000))
    return out.getvalue()


def midi(rng):
    events = b"".join(bytes((rng.randrange(1, 100), 0x90, rng.randrange(30, 90), 64)) for _ in range(60)) + b"\0\xff\x2f\0"
    return b"MThd" + struct.pack(">IHHH", 6, 0, 1, 96) + b"MTrk" + struct.pack(">I", len(events)) + events


def sqlite(rng):
    with tempfile.NamedTemporaryFile() as file:
        connection = sqlite3.connect(file.name)
        connection.execute("create table sample (id integer primary key, name text, value real)")
        connection.executemany("insert into sample values (?, ?, ?)", [(n, f"name {rng.randrange(999)}", rng.random()) for n in range(50)])
        connection.commit()
        connection.close()
        return file.read()


def numpy_file(rng):
    out = io.BytesIO()
    np.save(out, np.array([[rng.random() for _ in range(16)] for _ in range(12)], np.float32))
    return out.getvalue()


def numpy_archive(rng):
    return zip_of({"weights.npy": numpy_file(rng), "bias.npy": numpy_file(rng)})


def onnx_model(rng):
    weights = helper.make_tensor("w", TensorProto.FLOAT, [8, 8], [rng.random() for _ in range(64)])
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 8]) for name in "xy")
    nodes = [helper.make_node("MatMul", ["x", "w"], ["h"]), helper.make_node("Relu", ["h"], ["y"])]
    graph = helper.make_graph(nodes, "g", [x], [y], [weights])
    return helper.make_model(graph, producer_name="sample").SerializeToString()


def pdf(rng):
    stream = b"BT /F1 12 Tf 72 700 Td (" + b"%d" % rng.randrange(10**6) + b") Tj ET\n" * 20
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
    ]
    body = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + b"".join(b"%d 0 obj\n%s\nendobj\n" % (number, data) for number, data in enumerate(objects, 1))
    return body + b"xref\n0 5\n0000000000 65535 f \ntrailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % len(body)


def pyc(rng):
    source = "".join(f"def f{n}(x):\n    return x * {rng.randrange(999)} + len(str(x))\n" for n in range(8))
    return b"\xa7\x0d\x0d\x0a" + bytes(12) + marshal.dumps(compile(source, "sample.py", "exec"))


def pcap(rng):
    packets = b"".join(struct.pack("<IIII", 1710150000 + n, n, 60, 60) + rng.randbytes(60) for n in range(20))
    return struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + packets


def wasm(rng):
    sections = {1: b"\x01\x60\x02\x7f\x7f\x01\x7f", 3: b"\x01\0", 7: b"\x01\x03add\0\0", 10: b"\x01\x07\0\x20\0\x20\x01\x6a\x0b"}
    body = b"".join(bytes((number, len(data))) + data for number, data in sections.items())
    return b"\0asm\x01\0\0\0" + body + rng.randbytes(30)


def plist(form):
    return lambda rng: plistlib.dumps({"name": "sample", "values": [rng.randrange(999) for _ in range(20)], "on": True}, fmt=form)


def pem(rng):
    lines = [base64.b64encode(rng.randbytes(48)) for _ in range(18)]
    return b"-----BEGIN CERTIFICATE-----\n" + b"\n".join(lines) + b"\n-----END CERTIFICATE-----\n"


BINARY = {
    "a.zip": lambda rng: zip_of({f"file{n}.txt": text(rng) for n in range(rng.randrange(1, 5))}),
    "a.gz": lambda rng: gzip.compress(text(rng, 200), mtime=0),
    "a.bz2": lambda rng: bz2.compress(text(rng, 200)),
    "a.xz": lambda rng: lzma.compress(text(rng, 200)),
    "a.zlib": lambda rng: zlib.compress(text(rng, 200)),
    "a.tar": tar,
    "a.tgz": lambda rng: gzip.compress(tar(rng), mtime=0),
    "a.docx": office("word/document.xml", "wordprocessingml.document"),
    "a.xlsx": office("xl/workbook.xml", "spreadsheetml.sheet"),
    "a.pptx": office("ppt/presentation.xml", "presentationml.presentation"),
    "a.odt": odt,
    "a.epub": epub,
    "a.jar": jar,
    "A.class": java_class,
    "a.png": png,
    "a.bmp": bmp,
    "a.gif": gif,
    "a.ico": ico,
    "a.wav": wav,
    "a.mid": midi,
    "a.sqlite": sqlite,
    "a.pickle": lambda rng: pickle.dumps({f"key{n}": [rng.random() for _ in range(4)] for n in range(40)}),
    "a.npy": numpy_file,
    "a.npz": numpy_archive,
    "a.onnx": onnx_model,
    "a.pdf": pdf,
    "a.pyc": pyc,
    "a.pcap": pcap,
    "a.wasm": wasm,
    "a.plist": plist(plistlib.FMT_XML),
    "a.bplist": plist(plistlib.FMT_BINARY),
    "a.pem": pem,
    "a.bin": lambda rng: rng.randbytes(rng.randrange(2000, 9000)),
}
