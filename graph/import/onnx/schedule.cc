#include "graph/import/onnx/schedule.h"

#include <algorithm>
#include <queue>
#include <set>
#include <unordered_map>

#include "absl/strings/str_cat.h"

namespace ingot::onnx_import {

// Depth is bounded by the parser's recursion limit.
void CollectOuterNames(const onnx::GraphProto &graph, std::set<std::string> &names) {
  std::set<std::string> inner, read;
  for (const auto &input : graph.input()) inner.insert(input.name());
  for (const auto &tensor : graph.initializer()) inner.insert(tensor.name());
  for (const auto &output : graph.output()) read.insert(output.name());
  for (const auto &node : graph.node()) {
    inner.insert(node.output().begin(), node.output().end());
    read.insert(node.input().begin(), node.input().end());
    for (const auto &attribute : node.attribute()) {
      if (attribute.has_g()) CollectOuterNames(attribute.g(), read);
    }
  }
  for (const std::string &name : read) {
    if (!inner.count(name)) names.insert(name);
  }
}

std::string NodeLabel(const onnx::NodeProto &node, int index) {
  return node.name().empty() ? absl::StrCat(node.op_type(), "_", index) : node.name();
}

absl::StatusOr<std::vector<int>> Schedule(const NodeList &nodes, const std::vector<std::string> &outputs,
                                          const std::function<bool(const std::string &)> &is_given) {
  std::unordered_map<std::string, int> producer;
  for (int i = 0; i < nodes.size(); ++i) {
    for (const std::string &name : nodes[i].output()) {
      if (name.empty()) continue;
      if (is_given(name) || !producer.emplace(name, i).second) {
        return absl::InvalidArgumentError(
            absl::StrCat("node '", NodeLabel(nodes[i], i), "' (", nodes[i].op_type(), "): its output '", name,
                         "' is also the name of another value; every value needs its own name"));
      }
    }
  }
  // Which nodes are needed, and what each waits for.
  std::vector<std::vector<int>> users(static_cast<size_t>(nodes.size()));
  std::vector<int> waits(static_cast<size_t>(nodes.size()), 0);
  std::vector<bool> needed(static_cast<size_t>(nodes.size()));
  std::vector<int> work;
  auto need = [&](int i) {
    if (!needed[static_cast<size_t>(i)]) work.push_back(i);
    needed[static_cast<size_t>(i)] = true;
  };
  for (const std::string &name : outputs) {
    auto found = producer.find(name);
    if (found != producer.end()) {
      need(found->second);
    } else if (!is_given(name)) {
      return absl::InvalidArgumentError(absl::StrCat("output '", name, "' is made by no node, input or initializer"));
    }
  }
  while (!work.empty()) {
    int i = work.back();
    work.pop_back();
    const onnx::NodeProto &node = nodes[i];
    std::set<std::string> reads(node.input().begin(), node.input().end()), outer;
    reads.erase("");
    for (const std::string &name : reads) {
      if (!producer.count(name) && !is_given(name)) {
        return absl::InvalidArgumentError(absl::StrCat("node '", NodeLabel(node, i), "' (", node.op_type(),
                                                       "): its input '", name,
                                                       "' is made by no node, input or initializer"));
      }
    }
    for (const auto &attribute : node.attribute()) {
      if (attribute.has_g()) CollectOuterNames(attribute.g(), reads);
    }
    for (const std::string &name : reads) {
      auto found = producer.find(name);
      if (found == producer.end()) continue;
      need(found->second);
      users[static_cast<size_t>(found->second)].push_back(i);
      ++waits[static_cast<size_t>(i)];
    }
  }
  std::priority_queue<int, std::vector<int>, std::greater<int>> ready;
  size_t count = 0;
  for (int i = 0; i < nodes.size(); ++i) {
    if (!needed[static_cast<size_t>(i)]) continue;
    ++count;
    if (waits[static_cast<size_t>(i)] == 0) ready.push(i);
  }
  std::vector<int> order;
  while (!ready.empty()) {
    int i = ready.top();
    ready.pop();
    order.push_back(i);
    for (int user : users[static_cast<size_t>(i)]) {
      if (--waits[static_cast<size_t>(user)] == 0) ready.push(user);
    }
  }
  if (order.size() == count) return order;
  for (int i = 0; i < nodes.size(); ++i) {
    if (waits[static_cast<size_t>(i)] > 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("node '", NodeLabel(nodes[i], i), "' (", nodes[i].op_type(),
                       ") waits for its own result: it is in or behind a cycle; ONNX graphs have none"));
    }
  }
  return absl::InternalError("the schedule lost a node");
}

}  // namespace ingot::onnx_import
