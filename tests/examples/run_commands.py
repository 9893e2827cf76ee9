"""Runs the commands of a document: every line of every ```sh block, as one script per block.

usage: run_commands.py SOURCE BUILD DOCUMENT [--print]

The commands run in a temporary folder that looks like a checkout after a release build: everything of SOURCE by symbolic links, and build/release,
which is BUILD. What they write stays in there. PATH holds BUILD/bin. A block preceded by a line `<!-- not run: REASON -->` is skipped.
"""
import os
import re
import subprocess
import sys
import tempfile

BLOCK = re.compile(r"(?P<before>[^\n]*)\n+```sh\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(text):
    """(first line, commands) of each block to run."""
    for match in BLOCK.finditer("\n" + text):
        if not match["before"].startswith("<!-- not run: "):
            yield text.count("\n", 0, match.start("body") - 1) + 1, match["body"]


def main():
    source, build, document = (os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), sys.argv[3])
    with open(os.path.join(source, document)) as f:
        found = list(blocks(f.read()))
    with tempfile.TemporaryDirectory() as checkout:
        for name in os.listdir(source):
            if name not in ("build", ".git"):
                os.symlink(os.path.join(source, name), os.path.join(checkout, name))
        os.makedirs(os.path.join(checkout, "build"))
        os.symlink(build, os.path.join(checkout, "build", "release"))
        environment = dict(os.environ, PATH=os.path.join(build, "bin") + ":" + os.environ["PATH"], INGOT_CACHE_DIR=os.path.join(checkout, "cache"))
        for line, body in found:
            print(f"--- {document}:{line}\n{body}", flush=True)
            script = "set -e -o pipefail\n" + body
            done = subprocess.run(["bash", "-c", script], cwd=checkout, env=environment, timeout=300, stdin=subprocess.DEVNULL)
            if done.returncode != 0:
                sys.exit(f"{document}:{line}: exit status {done.returncode}")
    print(f"{document}: {len(found)} blocks ran")


if __name__ == "__main__":
    main()
