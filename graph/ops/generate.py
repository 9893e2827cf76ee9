"""Writes everything that follows from the op records in graph/ops/*.td.

usage: generate.py OPS.json OUT_DIR [--docs FILE]

OPS.json is what `llvm-tblgen --dump-json` makes of ops.td. Written into OUT_DIR:
  op_kinds.inc              INGOT_OP(Enum, "name") per op: the enum OpKind
  schemas.inc               the table behind Schema(): operands, results, attributes, dtypes, fusion kind
  builder_methods.inc       GraphBuilder's methods (declarations), builder_methods_impl.inc (definitions)
  shape_rules.inc           the table of shape rules, shape_rule_declarations.inc their declarations
  reference_cases.inc       what the interpreter evaluates, as a switch; reference_declarations.inc the functions named after ops
  scalar_bodies.inc         the element-wise bodies as a switch, for the compiler
  onnx_rows.inc             INGOT_ONNX(Enum, "Name", operands) per op that ONNX has exactly so
  complex_rules.inc         INGOT_COMPLEX(Enum, Rule) per op that takes complex numbers, for the compiler
  examples.inc              INGOT_EXAMPLE(Enum, kF64, {{...}, ...}, {...}) per element-wise op, for tests
--docs writes docs/ops.md, or with --check fails when it is stale. Tests: tests/graph/ops_test.cc, the `ops_docs_are_fresh` test.
"""
import argparse
import json
import os
import sys

FAMILIES = {"math": "Element-wise math", "tensor": "Data movement", "reduce": "Reductions", "nn": "Contractions and composites", "control": "Control flow"}

# How operands are read where a record does not say.
READS = {"Leaf": "Point", "Elementwise": "Point", "Reduction": "Rows", "Contraction": "Anywhere", "View": "Anywhere", "Gather": "Anywhere",
         "Sort": "Anywhere", "Update": "Anywhere", "Sizes": "Anywhere", "Control": "Anywhere", "Composite": "Anywhere"}


# Functions of this file, each of which makes the .inc file of its name (also listed in graph/CMakeLists.txt).
GENERATED = ("op_kinds", "schemas", "builder_methods", "builder_methods_impl", "shape_rules", "shape_rule_declarations", "reference_cases", "composite_bodies",
             "reference_declarations", "scalar_bodies", "onnx_rows", "complex_rules", "examples")


class Op:
    def __init__(self, record, defs):
        self.name = record["opName"]
        self.enum = record["!name"].removeprefix("Ingot_").removesuffix("Op")
        self.summary = record["summary"]
        self.family = os.path.basename(record["!locs"][-1].split(":")[0]).removesuffix(".td")
        for key in ("fusion", "shapeRule", "dtypes", "floatBody", "intBody", "unsignedBody", "boolBody", "toleranceText", "sinceOpSet", "cost",
                    "reference", "body", "onnx", "example", "complex"):
            setattr(self, key, record[key])
        self.operands, self.attributes = [], []
        for argument, name in record["arguments"]["args"]:
            definition = defs[argument["def"]]
            if "Ingot_Attr" in definition["!superclasses"]:
                self.attributes.append((name, definition["kind"], definition["defaultValueText"]))
            elif argument["def"] == "AnyRankedTensor" or "Variadic" in definition["!superclasses"]:
                several = "Any" if self.fusion == "Control" else "Variadic"
                self.operands.append((name, several if "Variadic" in definition["!superclasses"] else "One"))
            else:
                sys.exit(f"{record['!name']}: argument '{name}' is neither a tensor nor an attribute of base.td")
        self.results = [name for _, name in record["results"]["args"]]
        if len(self.results) == 1:
            self.results = ["out"]
        reads = record["reads"] or [READS[self.fusion]]
        if len(reads) > max(len(self.operands), 1):
            sys.exit(f"{record['!name']}: 'reads' has more entries than there are operands")
        self.reads = [reads[min(i, len(reads) - 1)] for i in range(len(self.operands))]
        if self.fusion == "Composite" and not self.body:
            sys.exit(f"{record['!name']}: a composite without a 'body' in graph/composites/")
        if self.family not in FAMILIES:
            sys.exit(f"{record['!name']}: family '{self.family}' is not one of {sorted(FAMILIES)}")


CPP_TYPES = {"Bool": "bool", "Int": "int64_t", "Float": "double", "String": "std::string", "Ints": "Ints",
             "Floats": "std::vector<double>", "Dims": "Dims", "DType": "DType", "Function": "std::string"}


def cpp_default(kind, text):
    if text == "required":
        return ""
    if kind == "DType":
        return " = DType::k" + text.upper()
    if kind == "String":
        return f' = "{text}"'
    return " = " + text


def signature(op, with_defaults):
    parts = [("const std::vector<Expr> &" if form != "One" else "Expr ") + name for name, form in op.operands]
    for name, kind, default in op.attributes:
        parts.append(f"{CPP_TYPES[kind]} {name}{cpp_default(kind, default) if with_defaults else ''}")
    parts.append("Location at" + (" = Location::current()" if with_defaults else ""))
    return ", ".join(parts)


def camel_case(name):
    return "".join(part.capitalize() for part in name.split("_"))


# What a builder method returns: an Expr, or a struct of them with the results' names.
def builder_type(op):
    return "Expr" if len(op.results) == 1 else f"{op.enum}Results"


def op_kinds(ops):
    return "".join(f'INGOT_OP({op.enum}, "{op.name}")\n' for op in ops)


def schemas(ops):
    out = []
    for op in ops:
        if op.operands:
            rows = ", ".join(f'{{"{name}", OperandForm::k{form}, Reads::k{reads}}}' for (name, form), reads in zip(op.operands, op.reads))
            out.append(f"constexpr OperandSchema k{op.enum}Operands[] = {{{rows}}};\n")
        if op.attributes:
            rows = ", ".join(f'{{"{name}", AttributeKind::k{kind}, "{default}"}}' for name, kind, default in op.attributes)
            out.append(f"constexpr AttributeSchema k{op.enum}Attributes[] = {{{rows}}};\n")
        out.append(f"constexpr std::string_view k{op.enum}Results[] = {{{', '.join(json.dumps(name) for name in op.results)}}};\n")
    out.append("constexpr OpSchema kSchemas[] = {\n")
    for op in ops:
        operands = f"k{op.enum}Operands" if op.operands else "{}"
        attributes = f"k{op.enum}Attributes" if op.attributes else "{}"
        out.append(f'    {{OpKind::k{op.enum}, "{op.name}", {json.dumps(op.summary)}, {operands}, k{op.enum}Results, {attributes}, '
                   f'FusionKind::k{op.fusion}, DTypeSet::k{op.dtypes}, {str(op.complex not in ("", "FromParts")).lower()}, "{op.shapeRule}", {op.sinceOpSet}, {op.cost}, {op.toleranceText}}},\n')
    out.append("};\n")
    return "".join(out)


def composite_bodies(ops):
    return "".join(f"INGOT_COMPOSITE({op.enum}, {op.body})\n" for op in ops if op.body)


def builder_methods(ops):
    out = []
    for op in ops:
        if op.fusion == "Control":  # GraphBuilder has them by hand
            continue
        if len(op.results) > 1:
            out.append(f"  struct {builder_type(op)} {{\n    Expr {', '.join(op.results)};\n  }};\n")
        out.append(f"  // {op.summary}\n  {builder_type(op)} {op.enum}({signature(op, True)});\n")
    return "".join(out)


def builder_methods_impl(ops):
    out = []
    for op in ops:
        if op.fusion == "Control":
            continue
        if op.operands and op.operands[-1][1] == "Variadic":
            operands = op.operands[-1][0]
        else:
            operands = "{" + ", ".join(name for name, _ in op.operands) + "}"
        attributes = ", ".join(f'{{"{name}", std::move({name})}}' for name, _, _ in op.attributes)
        returned = builder_type(op)
        if len(op.results) == 1:
            body = f"  return Emit(OpKind::k{op.enum}, {operands}, {{{attributes}}}, at);\n"
        else:
            returned = f"GraphBuilder::{returned}"
            values = ", ".join(f"all[{i}]" for i in range(len(op.results)))
            body = f"  std::vector<Expr> all = EmitAll(OpKind::k{op.enum}, {operands}, {{{attributes}}}, at);\n  return {{{values}}};\n"
        out.append(f"{returned} GraphBuilder::{op.enum}({signature(op, False)}) {{\n{body}}}\n")
    return "".join(out)


def shape_rules(ops):
    return "".join(f'INGOT_SHAPE_RULE("{rule}", Infer{camel_case(rule)})\n' for rule in sorted({op.shapeRule for op in ops}))


def shape_rule_declarations(ops):
    several = {op.shapeRule for op in ops if len(op.results) > 1 or op.fusion == "Control"}
    return "".join(f"absl::StatusOr<{'ResultTypes' if rule in several else 'TensorType'}> Infer{camel_case(rule)}(InferContext &c);\n"
                   for rule in sorted({op.shapeRule for op in ops}))


def reference_cases(ops):
    out = []
    for op in ops:
        if op.fusion == "Control":  # the interpreter runs functions itself
            out.append(f"    case OpKind::k{op.enum}:\n      break;\n")
            continue
        call = op.reference
        if not call:
            call = f"{op.enum}(c)"
        elif "(" not in call:
            call = f"{call}(c, reference::k{op.enum})"
        out.append(f"    case OpKind::k{op.enum}:\n      return AsList({call});\n")
    return "".join(out)


def reference_declarations(ops):
    return "".join(f"absl::StatusOr<{'Array' if len(op.results) == 1 else 'std::vector<Array>'}> {op.enum}(const OpCall &c);\n"
                   for op in ops if not op.reference and op.fusion != "Control")


def onnx_rows(ops):
    return "".join(f'INGOT_ONNX({op.enum}, "{op.onnx}", {len(op.operands)})\n' for op in ops if op.onnx)


def complex_rules(ops):
    return "".join(f"INGOT_COMPLEX({op.enum}, {op.complex})\n" for op in ops if op.complex)


def examples(ops):
    out = []
    for op in ops:
        if not op.example:
            if op.fusion == "Elementwise" and not op.attributes and op.shapeRule != "select":
                sys.exit(f"{op.name}: an element-wise op needs an 'example'")
            continue
        dtype, _, numbers = op.example.rpartition(": ")
        operands, _, expected = numbers.partition(" -> ")
        operands = ", ".join("{" + operand.strip() + "}" for operand in operands.split(";"))
        out.append(f"INGOT_EXAMPLE({op.enum}, k{(dtype or 'f64').capitalize()}, {{{operands}}}, {{{expected}}})\n")
    return "".join(out)


def scalar_bodies(ops):
    """Cases of: Value emitScalar(OpKind, ScalarClass, b, x, y, z, from, to)."""
    out = []
    for op in ops:
        if op.fusion != "Elementwise":
            continue
        out.append(f"    case OpKind::k{op.enum}:\n      switch (scalar_class) {{\n")
        for scalar, body in (("Float", op.floatBody), ("Signed", op.intBody), ("Unsigned", op.unsignedBody or op.intBody), ("Bool", op.boolBody)):
            if body:
                out.append(f"        case ScalarClass::{scalar}:\n          return {body};\n")
        out.append("        default:\n          return {};\n      }\n")
    return "".join(out)


def docs(ops):
    out = ["# Ops\n\nGenerated from `graph/ops/*.td` by `graph/ops/generate.py`; do not edit. Element-wise operands broadcast as in NumPy.\n"]
    for family, title in FAMILIES.items():
        out.append(f"\n## {title}\n\n| op | operands | results | attributes | what it computes |\n|---|---|---|---|---|\n")
        for op in ops:
            if op.family == family:
                operands = ", ".join(name + ("..." if form != "One" else "") for name, form in op.operands) or "none"
                attributes = ", ".join(f"{name}: {kind.lower()}" + ("" if default == "required" else f" = {default}") for name, kind, default in op.attributes)
                results = "as the functions'" if op.fusion == "Control" else ", ".join(op.results) if len(op.results) > 1 else ""
                out.append(f"| `{op.name}` | {operands} | {results} | {attributes} | {op.summary.replace('|', chr(92) + '|')} |\n")
    return "".join(out)


def write_if_changed(path, text):
    try:
        with open(path) as f:
            if f.read() == text:
                return
    except OSError:
        pass
    with open(path, "w") as f:
        f.write(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("json")
    parser.add_argument("out", nargs="?")
    parser.add_argument("--docs", metavar="FILE")
    parser.add_argument("--check", action="store_true", help="fail when --docs FILE is stale instead of writing it")
    args = parser.parse_args()
    with open(args.json) as f:
        defs = json.load(f)
    ops = [Op(defs[name], defs) for name in defs["!instanceof"]["Ingot_Op"]]
    ops.sort(key=lambda op: (list(FAMILIES).index(op.family), op.name))
    if args.out:
        os.makedirs(args.out, exist_ok=True)
        for name in GENERATED:
            write_if_changed(os.path.join(args.out, name + ".inc"), globals()[name](ops))
    if args.docs and args.check:
        with open(args.docs) as f:
            if f.read() != docs(ops):
                sys.exit(f"{args.docs} is stale; run: cmake --build BUILD_DIR --target ops-docs")
    elif args.docs:
        write_if_changed(args.docs, docs(ops))


if __name__ == "__main__":
    main()
