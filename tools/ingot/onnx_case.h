// ONNX's own layout for test cases: DIR/model.onnx and DIR/test_data_set_N/{input,output}_I.pb, each file a
// TensorProto, or what else the model declares there: a SequenceProto, which is read as the tensors NAME_0, NAME_1,
// ..., or an OptionalProto.
#ifndef INGOT_TOOLS_INGOT_ONNX_CASE_H_
#define INGOT_TOOLS_INGOT_ONNX_CASE_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ingot/dim.h"
#include "ingot/tensor.h"
#include "tools/ingot/interface.h"

namespace ingot::tool {

// The case directories that `paths` mean: those with a model.onnx, or their children that have one, in order of name.
absl::StatusOr<std::vector<std::string>> FindCases(const std::vector<std::string> &paths);

struct NamedTensor {
  std::string name;  // may be empty
  Tensor tensor;
};

struct DataSet {
  std::string name;  // "test_data_set_0"
  std::vector<NamedTensor> inputs, outputs;
  std::map<std::string, Dim> lengths;  // of the inputs that are sequences, for ImportOptions
};

// All data sets of a case; at least one. Unimplemented for element types that Ingot has not, and for optional values
// that are absent.
absl::StatusOr<std::vector<DataSet>> ReadDataSets(const std::string &directory);

// The tensors in the order of `ports`: by their own names when these are exactly the ports' names, else in file order.
// ONNX's files hold bf16 as u16.
absl::StatusOr<std::vector<Tensor>> InOrder(const std::vector<NamedTensor> &tensors, const std::vector<Port> &ports,
                                            const std::string &what);

struct Tolerance {
  double relative = 1e-3, absolute = 1e-7;  // ONNX's
};

// InvalidArgument that names dtype, shape or the worst element, unless |actual - expected| <= absolute + relative *
// |expected| everywhere. NaNs equal each other, and infinities only themselves.
absl::Status Compare(const Tensor &actual, const Tensor &expected, const Tolerance &tolerance);

}  // namespace ingot::tool
#endif  // INGOT_TOOLS_INGOT_ONNX_CASE_H_
