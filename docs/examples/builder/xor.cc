// Builds a two-layer network by hand and compiles it into an executable: the exclusive or of two numbers, for any
// batch.
#include <iostream>

#include "ingot/builder.h"
#include "ingot/compile.h"
#include "ingot/graph_file.h"

using namespace ingot;

absl::Status Build() {
  GraphBuilder b("xor");
  Expr x = b.Input("x", DType::kF32, {"batch", 2});
  Expr w1 = b.Constant(Tensor::F32({2, 2}, {1, 1, 1, 1})), b1 = b.Constant(Tensor::F32({2}, {0, -1}));
  Expr w2 = b.Constant(Tensor::F32({2, 1}, {1, -2})), b2 = b.Constant(Tensor::F32({1}, {0}));
  Expr h = b.Relu(b.Add(b.MatMul(x, w1), b1));
  b.Output("y", b.Add(b.MatMul(h, w2), b2));
  absl::StatusOr<Graph> graph = b.Finish();
  if (!graph.ok()) return graph.status();
  if (absl::Status saved = SaveGraph(*graph, "xor.ingot"); !saved.ok()) return saved;  // for ingot run, inspect, bench
  absl::StatusOr<CompiledProgram> program = Compile(*graph, {.name = "xor_net"});
  if (!program.ok()) return program.status();
  return WriteProgram(*program, OutputKind::kExecutable, "xor");
}

int main() {
  absl::Status status = Build();
  if (!status.ok()) std::cerr << status.message() << "\n";
  return status.ok() ? 0 : 1;
}
