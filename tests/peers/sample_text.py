"""Text files of many types for magika_agreement.py, from the templates in sample_text.txt, filled with seeded words.

Why generated: a minimal system has few languages on its disk, and the agreement test wants many types wherever it runs.
"""

import re
from pathlib import Path

WORDS = (
    "account archive balance barrel basket branch bridge button candle carbon castle center channel circle client cloud column copper corner "
    "cursor daily delta dinner divide domain dragon engine escape factor fabric filter finger folder forest frame garden glass global handle "
    "harbor header hidden image index island journal kernel kitchen ladder layer letter linear liquid magnet market matrix memory message "
    "middle mirror module motion needle number object office orange origin packet paper parent pattern pepper planet pocket policy prefix "
    "program queue random record region remote report rocket sample scale search season second sensor shadow signal silver simple single "
    "socket source spring square station stream string summer switch symbol system table target temple ticket timber travel tunnel update "
    "vector vessel volume window winter worker yellow"
).split()
CRLF = {"a.bat", "a.ics", "a.eml"}  # types whose lines end the DOS way


def read_templates():
    """{file name: (head, repeated part, tail)}"""
    templates = {}
    text = Path(__file__).with_name("sample_text.txt").read_text(encoding="utf-8")
    for section in re.split(r"^=== ", text, flags=re.MULTILINE)[1:]:
        name, body = section.split("\n", 1)
        head, rest = body.split("--- repeat\n")
        part, tail = rest.split("--- end\n")
        templates[name] = head, part, tail
    return templates


def fill(template, rng):
    values = {name: rng.choice(WORDS) for name in "abc"}
    values.update(n=str(rng.randrange(1, 999)), m=str(rng.randrange(100, 9999)), k=str(rng.randrange(1, 9)))
    return re.sub(r"@([abcnmk])@", lambda match: values[match[1]], template)


def make_text(name, template, rng, repeats):
    head, part, tail = template
    text = fill(head, rng) + "".join(fill(part, rng) for _ in range(repeats)) + fill(tail, rng)
    return (text.replace("\n", "\r\n") if name in CRLF else text).encode()
