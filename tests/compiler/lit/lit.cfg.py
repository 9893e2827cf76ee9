# One file per pass. Run by the test compiler_lit, or by hand: lit BUILD/tests/compiler/lit.
import os

import lit.formats

config.name = "Ingot"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir"]
config.test_source_root = os.path.dirname(__file__)
config.substitutions += [("ingot-opt", config.ingot_opt), ("FileCheck", config.filecheck)]
