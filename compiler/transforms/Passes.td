// The compiler's passes on the `ingot` dialect, in the order of the pipeline (compiler/pipeline/).
include "mlir/Pass/PassBase.td"

def SplitComplex : Pass<"ingot-split-complex", "::mlir::ModuleOp"> {
  let summary = "Tensors of complex numbers into pairs of their parts, and into tensors of floats where memory holds them";
}
def PackHalfBytes : Pass<"ingot-pack-half-bytes", "::mlir::ModuleOp"> {
  let summary = "Tensors of 4-bit elements into tensors of bytes, casts from and to them into arithmetic on bytes";
}
def DecomposeComposites : Pass<"ingot-decompose", "::mlir::func::FuncOp"> {
  let summary = "Composites (softmax, layer_norm, gelu, ...) into primitives, convolutions into contractions";
}
def SinkTransposes : Pass<"ingot-sink-transposes", "::mlir::func::FuncOp"> {
  let summary = "Moves transposes behind element-wise ops and reductions, so that those fuse with the op that made the data";
}
def ResolveViews : Pass<"ingot-resolve-views", "::mlir::func::FuncOp"> {
  let summary = "Reshapes, transposes, broadcasts and slices into strided views; matmuls into contractions on views";
}
def AssignLibrary : Pass<"ingot-assign-library", "::mlir::func::FuncOp"> {
  let summary = "Marks the matrix products that a library kernel computes (only in programs that ask for one)";
}
def PackConstants : Pass<"ingot-pack-constants", "::mlir::func::FuncOp"> {
  let summary = "Constant right operands of contractions into panels, packed at compile time";
}
def FormRegions : Pass<"ingot-form-regions", "::mlir::ModuleOp"> {
  let summary = "Groups ops into kernels, outlines them and shares identical ones";
}
