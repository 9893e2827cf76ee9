// What install.py builds against an installation: a graph from the builder, interpreted, and, with the compiler, loaded
// by the JIT and written to argv[1] as an executable.
#include <cstdio>
#include <cstdlib>

#include "ingot/builder.h"
#include "ingot/interpreter.h"
#ifndef GRAPH_ALONE
#include "ingot/jit.h"
#endif

using namespace ingot;

static void Require(bool ok, const char *what) {
  if (ok) return;
  std::fprintf(stderr, "install_program: %s\n", what);
  std::exit(1);
}

static bool IsDoubled(const float *y) { return y[0] == 2 && y[1] == -4 && y[2] == 7; }

#ifndef GRAPH_ALONE
static void RunCompiled(const Graph &graph, const char *executable) {
  JitOptions options;
  options.cache_directory = "none";
  absl::StatusOr<std::unique_ptr<JitProgram>> program = JitProgram::Load(graph, options);
  Require(program.ok(), "the JIT");
  float x[3] = {1, -2, 3.5}, y[3] = {};
  ingot_tensor_t input = {}, output = {};
  input.data = x;
  input.bytes = sizeof x;
  input.dtype = INGOT_F32;
  input.rank = 1;
  input.dims[0] = 3;
  output.data = y;
  output.bytes = sizeof y;
  ingot_context_t *context = nullptr;
  ingot_status_t status;
  Require(ingot_context_create((*program)->program(), nullptr, &context, &status) == INGOT_OK, "a context");
  Require(ingot_context_run(context, &input, &output, &status) == INGOT_OK && IsDoubled(y), "a run");
  ingot_context_free(context);

  absl::StatusOr<CompiledProgram> compiled = Compile(graph, {.name = "doubled"});
  Require(compiled.ok(), "compiling");
  absl::Status written = WriteProgram(*compiled, OutputKind::kExecutable, executable);
  Require(written.ok(), written.ToString().c_str());
}
#endif

int main(int argc, char **argv) {
  GraphBuilder b("doubled");
  Expr x = b.Input("x", DType::kF32, {"n"});
  b.Output("y", b.Add(x, x));
  absl::StatusOr<Graph> graph = b.Finish();
  Require(graph.ok(), "the graph");
  absl::StatusOr<std::vector<Tensor>> results = Interpret(*graph, {Tensor::F32({3}, {1, -2, 3.5})});
  Require(results.ok() && IsDoubled(reinterpret_cast<const float *>(results->at(0).data())), "the interpreter");
#ifndef GRAPH_ALONE
  Require(argc == 2, "usage: install_program EXECUTABLE");
  RunCompiled(*graph, argv[1]);
#endif
  return argc > 2;
}
