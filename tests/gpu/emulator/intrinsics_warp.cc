// What the lanes of a warp do together: shuffles, votes, reductions. A lane outside the mask gives 0xffffffff, which is
// NaN, where hardware gives anything. Tested by tests/gpu/emulator_warp_test.cc.
#include <algorithm>

#include "tests/gpu/emulator/instruction.h"

namespace ingot::gpu_emulator {
namespace {

enum class Shuffle { kBfly, kIdx, kUp, kDown };

// Operands: mask, value, b (a lane or a distance), c. The low five bits of c bound the source lane, bits 8 to 12 say
// which bits of the lane's number name its segment. With kPredicate the result is {value, i1}: whether the source is in
// bounds.
template <Shuffle kKind, bool kPredicate>
void RunShuffle(const Collective &warp) {
  uint32_t values[kWarpSize];
  std::fill(values, values + kWarpSize, ~0u);
  for (uint32_t lane = 0; lane < kWarpSize; ++lane) {
    if (warp.Has(lane)) values[lane] = Operand<uint32_t>(warp.arguments[lane], 4);
  }
  for (uint32_t lane = 0; lane < kWarpSize; ++lane) {
    if (!warp.Has(lane)) continue;
    const uint32_t b = Operand<uint32_t>(warp.arguments[lane], 8) & 31;
    const uint32_t c = Operand<uint32_t>(warp.arguments[lane], 12);
    const uint32_t clamp = c & 31, segment = c >> 8 & 31;
    const int32_t last = static_cast<int32_t>((lane & segment) | (clamp & ~segment));
    const int32_t self = static_cast<int32_t>(lane);
    int32_t source = 0;
    bool inside = false;
    if constexpr (kKind == Shuffle::kUp) {
      source = self - static_cast<int32_t>(b);
      inside = source >= last;
    } else {
      if constexpr (kKind == Shuffle::kDown) source = self + static_cast<int32_t>(b);
      if constexpr (kKind == Shuffle::kBfly) source = static_cast<int32_t>(lane ^ b);
      if constexpr (kKind == Shuffle::kIdx) source = static_cast<int32_t>((lane & segment) | (b & ~segment));
      inside = source <= last;
    }
    SetResult(warp.results[lane], values[inside ? source : self]);
    if constexpr (kPredicate) SetResult<Bit>(warp.results[lane], inside, 4);
  }
}

}  // namespace

#define SHUFFLE(name, kind)                                                                              \
  WARP_INSTRUCTION("shfl.sync." name ".i32", Operand<uint32_t>(arguments, 0), (RunShuffle<kind, false>)) \
  WARP_INSTRUCTION("shfl.sync." name ".f32", Operand<uint32_t>(arguments, 0), (RunShuffle<kind, false>)) \
  WARP_INSTRUCTION("shfl.sync." name ".i32p", Operand<uint32_t>(arguments, 0), (RunShuffle<kind, true>)) \
  WARP_INSTRUCTION("shfl.sync." name ".f32p", Operand<uint32_t>(arguments, 0), (RunShuffle<kind, true>))
SHUFFLE("bfly", Shuffle::kBfly)
SHUFFLE("idx", Shuffle::kIdx)
SHUFFLE("up", Shuffle::kUp)
SHUFFLE("down", Shuffle::kDown)

namespace {

// Votes. Operands: mask, i1.
uint32_t Ballot(const Collective &warp) {
  uint32_t votes = 0;
  for (uint32_t lane = 0; lane < kWarpSize; ++lane) {
    if (warp.Has(lane) && Operand<Bit>(warp.arguments[lane], 4)) votes |= 1u << lane;
  }
  return votes;
}

template <class T>
void SetAll(const Collective &warp, T value) {
  for (uint32_t lane = 0; lane < kWarpSize; ++lane) {
    if (warp.Has(lane)) SetResult<T>(warp.results[lane], value);
  }
}

void VoteAny(const Collective &warp) { SetAll<Bit>(warp, Ballot(warp) != 0); }
void VoteAll(const Collective &warp) { SetAll<Bit>(warp, Ballot(warp) == warp.lanes); }
void VoteUniform(const Collective &warp) { SetAll<Bit>(warp, Ballot(warp) == 0 || Ballot(warp) == warp.lanes); }
void VoteBallot(const Collective &warp) { SetAll<uint32_t>(warp, Ballot(warp)); }

}  // namespace

WARP_INSTRUCTION("vote.any.sync", Operand<uint32_t>(arguments, 0), VoteAny)
WARP_INSTRUCTION("vote.all.sync", Operand<uint32_t>(arguments, 0), VoteAll)
WARP_INSTRUCTION("vote.uni.sync", Operand<uint32_t>(arguments, 0), VoteUniform)
WARP_INSTRUCTION("vote.ballot.sync", Operand<uint32_t>(arguments, 0), VoteBallot)

namespace {

// Operands: value, mask.
template <class T, T (*kCombine)(T, T)>
void Reduce(const Collective &warp) {
  T sum{};
  bool first = true;
  for (uint32_t lane = 0; lane < kWarpSize; ++lane) {
    if (!warp.Has(lane)) continue;
    const T value = Operand<T>(warp.arguments[lane], 0);
    sum = first ? value : kCombine(sum, value);
    first = false;
  }
  SetAll<T>(warp, sum);
}

uint32_t Add(uint32_t a, uint32_t b) { return a + b; }
uint32_t And(uint32_t a, uint32_t b) { return a & b; }
uint32_t Or(uint32_t a, uint32_t b) { return a | b; }
uint32_t Xor(uint32_t a, uint32_t b) { return a ^ b; }
template <class T>
T Min(T a, T b) {
  return std::min(a, b);
}
template <class T>
T Max(T a, T b) {
  return std::max(a, b);
}

}  // namespace

#define REDUCE(name, type, combine) \
  WARP_INSTRUCTION("redux.sync." name, Operand<uint32_t>(arguments, 4), (Reduce<type, combine>))
REDUCE("add", uint32_t, Add)
REDUCE("and", uint32_t, And)
REDUCE("or", uint32_t, Or)
REDUCE("xor", uint32_t, Xor)
REDUCE("min", int32_t, Min<int32_t>)
REDUCE("max", int32_t, Max<int32_t>)
REDUCE("umin", uint32_t, Min<uint32_t>)
REDUCE("umax", uint32_t, Max<uint32_t>)

}  // namespace ingot::gpu_emulator
