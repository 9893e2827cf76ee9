// From ONNX's op types to the functions that translate them. One file per family registers its ops; adding an ONNX op
// is one handler and one row.
#ifndef INGOT_GRAPH_IMPORT_ONNX_OP_TABLE_H_
#define INGOT_GRAPH_IMPORT_ONNX_OP_TABLE_H_

#include <string>
#include <unordered_map>

#include "graph/import/onnx/node_context.h"

namespace ingot::onnx_import {

using Handler = absl::Status (*)(NodeContext &);
// Evaluates a node whose operands are all known; nullopt where the result depends on the symbols' values.
using Folder = absl::StatusOr<std::optional<Known>> (*)(NodeContext &);

constexpr int kVariadic = -1;

struct OpEntry {
  Handler handler;
  int min_inputs;  // all of these must be present
  int max_inputs;
  Folder folder = nullptr;
  bool takes_sequences = false;  // and optional values
};

// Keys are op types of ONNX's own domain, and "DOMAIN.OP" of others.
using OpTable = std::unordered_map<std::string, OpEntry>;
const OpTable &Ops();

void AddMathOps(OpTable &table);
void AddActivationOps(OpTable &table);
void AddReduceOps(OpTable &table);
void AddShapeOps(OpTable &table);
void AddSliceOps(OpTable &table);
void AddTensorOps(OpTable &table);
void AddIndexOps(OpTable &table);
void AddSequenceOps(OpTable &table);
void AddGatherOps(OpTable &table);
void AddScatterOps(OpTable &table);
void AddNnOps(OpTable &table);
void AddNormOps(OpTable &table);
void AddConvOps(OpTable &table);
void AddSortOps(OpTable &table);
void AddSelectOps(OpTable &table);
void AddPoolOps(OpTable &table);
void AddResizeOps(OpTable &table);
void AddSampleOps(OpTable &table);
void AddRecurrentOps(OpTable &table);
void AddSignalOps(OpTable &table);
void AddQuantizeOps(OpTable &table);
void AddLossOps(OpTable &table);
void AddTrainingOps(OpTable &table);

// Why an op is not in the table, for people.
std::string WhyUnsupported(const std::string &domain, const std::string &op_type);

}  // namespace ingot::onnx_import
#endif  // INGOT_GRAPH_IMPORT_ONNX_OP_TABLE_H_
