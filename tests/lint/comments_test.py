"""The check of names in comments finds what does not exist, in every kind of comment, and nothing else."""
import os
import tempfile
import unittest

import comments


class Comments(unittest.TestCase):
    def problems(self, **files):
        with tempfile.TemporaryDirectory() as root:
            for name, text in files.items():
                path = os.path.join(root, name.replace("__", "/").replace("_DOT_", "."))
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "w", encoding="utf-8") as f:
                    f.write(text)
            return list(comments.check(root))

    def test_names(self):
        good = "// See b.cc and graph/b.cc; <stdio.h>, mlir/IR/Builders.h.\nint x;  /* graph/b.cc */\nconst char *s = \"c.cc // c.cc\";\n"
        self.assertEqual(self.problems(graph__a_DOT_h=good, graph__b_DOT_cc=""), [])
        self.assertEqual(self.problems(graph__a_DOT_h="int x;  // see c.cc\n"), ["graph/a.h:1: there is no file c.cc"])
        self.assertEqual(self.problems(graph__a_DOT_h="/* one\n two/b.cc */\n", graph__b_DOT_cc=""), ["graph/a.h:1: there is no file two/b.cc"])
        self.assertEqual(self.problems(t__a_DOT_py="x = 1  # gone.py\n"), ["t/a.py:1: there is no file gone.py"])


if __name__ == "__main__":
    unittest.main()
