"""Tests docs.py on small trees: every rule, kept and broken."""
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import docs  # noqa: E402


def problems_of(files):
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, path), "w") as f:
                f.write(text)
        return docs.check(root)[1]


class DocsTest(unittest.TestCase):
    def one(self, files, words):
        found = problems_of(files)
        self.assertEqual(len(found), 1, found)
        self.assertIn(words, found[0])

    def test_blocks_of_files(self):
        block = "<!-- file: a.c -->\n```c\nint x;\n```\n"
        self.assertEqual(problems_of({"README.md": block, "a.c": "int x;\n"}), [])
        self.one({"README.md": block, "a.c": "int y;\n"}, "README.md:1: the block is not identical to a.c")
        self.one({"README.md": block}, "a.c does not exist")
        self.one({"README.md": "<!-- file: a.c -->\nwords\n", "a.c": ""}, "without a code block")

    def test_links_and_paths(self):
        self.assertEqual(problems_of({"README.md": "[a](docs/a.md#part) `docs/a.md` `docs/*.md` [b](https://x)", "docs/a.md": "[up](../README.md)"}), [])
        self.one({"README.md": "\n[a](docs/b.md)"}, "README.md:2: the link to docs/b.md")
        self.one({"README.md": "`tools/none.sh`"}, "`tools/none.sh` does not exist")

    def test_readmes(self):
        self.assertEqual(problems_of({"README.md": "", "graph/io/a.cc": "", "graph/io/README.md": ""}), [])
        self.one({"README.md": "", "graph/io/a.cc": ""}, "graph/io/ has no README.md")

    def test_lengths(self):
        self.assertEqual(problems_of({"docs/architecture.md": "\n" * 199, "docs/adding-an-op.md": "\n" * 99}), [])
        self.one({"docs/architecture.md": "\n" * 200}, "under 200")
        self.one({"docs/adding-an-op.md": "\n" * 100}, "under 100")


if __name__ == "__main__":
    unittest.main()
