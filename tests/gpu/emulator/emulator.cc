// Launch: the loop over a grid's blocks, and the order of threads in each. See emulator.h.
#include "tests/gpu/emulator/emulator.h"

#include <stdint.h>

#include <mutex>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "tests/gpu/emulator/block.h"
#include "tests/gpu/emulator/random.h"

extern "C" {
alignas(1 << 18) char emu_shared[1 << 18];
}

namespace ingot::gpu_emulator {
namespace {

std::mutex launch_lock;

void Shuffle(std::vector<uint32_t> *order, uint64_t seed) {
  for (size_t i = order->size(); i > 1; --i) std::swap((*order)[i - 1], (*order)[NextRandom(&seed) % i]);
}

// Warps in the order of their first threads there, each with its threads as they come.
void GatherWarps(std::vector<uint32_t> *order) {
  std::vector<std::vector<uint32_t>> warps;
  std::vector<size_t> place(order->size() / kWarpSize + 1, SIZE_MAX);
  for (uint32_t thread : *order) {
    size_t &at = place[thread / kWarpSize];
    if (at == SIZE_MAX) {
      at = warps.size();
      warps.emplace_back();
    }
    warps[at].push_back(thread);
  }
  order->clear();
  for (const std::vector<uint32_t> &warp : warps) order->insert(order->end(), warp.begin(), warp.end());
}

std::string CheckSizes(const uint32_t grid[3], const uint32_t block[3], uint32_t shared_bytes) {
  uint64_t threads = 1;
  for (int i = 0; i < 3; ++i) {
    if (grid[i] == 0 || block[i] == 0) return "the grid or the block is empty";
    threads *= block[i];
    if (threads > kMaxBlockThreads) return "the block has more than 1024 threads";
  }
  if (shared_bytes > kMaxSharedBytes) {
    return std::to_string(shared_bytes) + " bytes of shared memory; a block has at most " +
           std::to_string(kMaxSharedBytes);
  }
  return "";
}

}  // namespace

const char *Launch(void (*kernel)(void **params), const uint32_t grid[3], const uint32_t block[3],
                   uint32_t shared_bytes, void **params, uint64_t seed) {
  const std::lock_guard<std::mutex> lock(launch_lock);
  thread_local std::string error;
  error = CheckSizes(grid, block, shared_bytes);
  if (!error.empty()) return error.c_str();
  Block &running = TheBlock();
  running.Begin(kernel, params, grid, block, shared_bytes);
  std::vector<uint32_t> order(running.NumThreads());
  std::iota(order.begin(), order.end(), 0);
  const uint64_t rows = uint64_t{grid[1]} * grid[2];
  // Of shuffled launches every second lets one warp run as far as it can, and then the next: as different as warps of a
  // GPU may be.
  uint64_t choice = seed;
  const bool warp_by_warp = seed != 0 && (NextRandom(&choice) & 1) != 0;
  for (uint64_t row = 0; row < rows; ++row) {
    for (uint32_t column = 0; column < grid[0]; ++column) {
      const uint32_t x = seed == 0 ? column : grid[0] - 1 - column;
      const uint64_t yz = seed == 0 ? row : rows - 1 - row;
      const uint32_t id[3] = {x, static_cast<uint32_t>(yz % grid[1]), static_cast<uint32_t>(yz / grid[1])};
      const uint64_t block_seed = seed == 0 ? 0 : seed + yz * grid[0] + x;
      if (seed != 0) Shuffle(&order, block_seed);
      if (warp_by_warp) GatherWarps(&order);
      running.Run(id, order, warp_by_warp, block_seed);
      if (!running.Error().empty()) {
        error = running.Error();
        return error.c_str();
      }
    }
  }
  return nullptr;
}

}  // namespace ingot::gpu_emulator
