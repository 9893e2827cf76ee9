// Random small graphs for tests and for the executing fuzzer: every op of the record table, several symbols, all
// dtypes, and the shapes of graphs that a fusing compiler gets wrong. A seed always gives the same graph. Test:
// random_graph_test.cc.
//
// random_graph.cc  the pool of values, and what a new value must satisfy
// random_ops.cc    one generator per shape rule: a new op with a known rule is covered without a line here
// random_chains.cc several ops in a row, where the compiler fuses
#ifndef INGOT_TESTS_COMPILER_RANDOM_GRAPH_H_
#define INGOT_TESTS_COMPILER_RANDOM_GRAPH_H_

#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ingot/builder.h"

namespace ingot {

struct RandomCase {
  Graph graph;
  std::vector<std::map<std::string, int64_t>> sizes;  // symbol values to run it with, with 0, 1 and odd ones among them
  bool daring = false;  // some of these sizes may break the graph, which all who run it must notice
};

// An error means that the generator is incomplete: a new op has a shape rule that it does not know.
absl::StatusOr<RandomCase> MakeRandomCase(uint64_t seed);

// What generators work with.
class RandomGraph {
 public:
  explicit RandomGraph(uint64_t seed);
  absl::StatusOr<RandomCase> Build();

  // --- chance ---
  size_t Below(size_t limit) { return engine_() % limit; }
  bool Chance(size_t percent) { return Below(100) < percent; }
  template <typename T>
  const T &OneOf(const std::vector<T> &from) {
    return from[Below(from.size())];
  }

  // --- values ---
  // A value made before, mostly a recent one, so that graphs are deep and values are used several times.
  // Of at least 8 bits; a cast makes it so.
  Expr Pick();
  // The same, whatever its dtype.
  Expr PickOfEvery();
  // One whose dtype is in the set; a cast makes it so.
  Expr PickOf(DTypeSet set);
  Expr PickComplex();
  // One whose dtype the op takes.
  Expr PickFor(const OpSchema &schema);
  Expr PickFloat(size_t least_rank = 0);
  // A value of exactly this type: one made before, a constant where it can be, an input or a broadcast.
  Expr Make(DType dtype, const Dims &dims);
  // No input has a bound size: it has what that was made of, and is reshaped.
  Expr MakeInput(const char *name, DType dtype, const Dims &dims);
  Expr MakeConstant(DType dtype, const std::vector<int64_t> &dims);
  Expr MakeIndices(const Dims &dims);
  Expr CastTo(Expr x, DType dtype);
  const TensorType &type(Expr x) const { return b_.type(x); }
  const Dims &DimsOf(Expr x) const { return b_.type(x).dims; }

  // Adds a node when its shape rule accepts it and the result is small; remembers the result.
  std::optional<Expr> Try(OpKind op, const std::vector<Expr> &operands, Attributes attributes = {});
  // The same for what must work.
  Expr Add(OpKind op, const std::vector<Expr> &operands, Attributes attributes = {});

  // --- sizes ---
  Dim PickDim() { return OneOf(dims_); }
  // Whether `holds` is true of the dims' values for every vector of sizes, or does not have to be.
  bool Always(const Dims &dims, bool (*holds)(const std::vector<int64_t> &)) const;
  bool Small(const Dims &dims) const;
  bool daring() const { return daring_; }

  // --- generators ---
  std::optional<Expr> RandomOp(const OpSchema &schema);
  std::optional<Expr> RandomChain();
  // A loop, a branch or a call over values made before.
  std::optional<Expr> RandomControl();
  // A branch by a size, whose results have other sizes.
  std::vector<Expr> RandomIfSize(const std::vector<Expr> &values);
  // Makes a size of what stands in memory as a number: the value of another dim, or an input of its own (kTold).
  std::optional<Expr> BindSize();
  // A value of these dims that an index op makes: concat, pad, gather, iota or slice.
  std::optional<Expr> Indexed(DType dtype, const Dims &dims);

  // The generator does not know this op.
  void Incomplete(const OpSchema &schema);

 private:
  bool Step();
  DType PickDType();
  Expr Remember(Expr x, int heat);
  void AddOutputs();

  std::mt19937_64 engine_;
  GraphBuilder b_;
  bool daring_;
  std::vector<std::map<std::string, int64_t>> sizes_;
  std::vector<Dim> dims_;
  std::map<std::string, Dim> bound_;  // what bound sizes are made of
  std::set<std::string> told_;        // bound sizes that are an input's data
  std::vector<Expr> pool_;
  std::map<ValueId, int> heat_;  // roughly the decimal exponent of a value's magnitude: what grows too hot is cooled
  std::map<ValueId, int> uses_;
  int inputs_ = 0;
};

}  // namespace ingot
#endif  // INGOT_TESTS_COMPILER_RANDOM_GRAPH_H_
