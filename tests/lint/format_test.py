"""The format check sees what is wrong, mends it, and leaves the rest alone."""
import os
import shutil
import tempfile
import unittest

import format as check

STYLE = os.path.join(os.path.dirname(__file__), "..", "..", ".clang-format")
GOOD, BAD = "int Add(int a, int b) { return a + b; }\n", "int Add( int a,int b ){return a+b;}\n"


class Format(unittest.TestCase):
    def test_finds_and_mends(self):
        with tempfile.TemporaryDirectory() as root:
            shutil.copy(STYLE, root)
            for name, text in (("good.cc", GOOD), ("bad.h", BAD), ("page.md", BAD)):
                with open(os.path.join(root, name), "w", encoding="utf-8") as f:
                    f.write(text)
            self.assertEqual(check.sources(root), ["bad.h", "good.cc"])
            self.assertEqual(check.unformatted(root, check.sources(root)), ["bad.h"])
            check.unformatted(root, ["bad.h"], fix=True)
            with open(os.path.join(root, "bad.h"), encoding="utf-8") as f:
                self.assertEqual(f.read(), GOOD)
            self.assertEqual(check.unformatted(root, check.sources(root)), [])


if __name__ == "__main__":
    unittest.main()
