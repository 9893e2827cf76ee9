// wgmma.mma_async: the four warps of a warpgroup multiply a 64 x K matrix by a K x N matrix and add a 64 x N matrix. K
// is 32 bytes of elements. Warp w has rows 16 * w to 16 * w + 15, in fragments as those of mma.sync. The result is
// there at once, because IR has it as a value: what shows of a missing wait is that shared memory changes before it,
// and that a thread ends without it. Tested by tests/gpu/emulator_wgmma_test.cc.
#include "tests/gpu/emulator/elements.h"
#include "tests/gpu/emulator/instruction.h"

namespace ingot::gpu_emulator {
namespace {

constexpr uint32_t kWarpRows = 16, kMaxColumns = 256, kRegistersOfA = 4;

uint64_t HashOf(const uint8_t *bytes, size_t count) {
  uint64_t hash = count;
  for (size_t i = 0; i < count; i += sizeof(uint64_t)) {
    uint64_t word;
    memcpy(&word, bytes + i, sizeof word);
    hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 29;
  }
  return hash;
}

// The operands behind the accumulators.
struct Operands {
  uint32_t registers[kRegistersOfA];
  uint64_t descriptors[2];  // of A and B
  bool adds, negative, transposed[2];
};

template <class Element, bool kFromRegisters>
Operands ReadOperands(const void *arguments, uint32_t columns) {
  constexpr bool kIsFloat = std::is_same_v<typename Element::Accumulator, float>;
  constexpr bool kMayTranspose = kIsFloat && Element::kPerRegister == 2;
  size_t offset = size_t{columns} / 2 * sizeof(uint32_t);
  Operands read = {};
  if (kFromRegisters) {
    for (uint32_t &value : read.registers) value = NextOperand<uint32_t>(arguments, &offset);
  } else {
    read.descriptors[0] = NextOperand<uint64_t>(arguments, &offset);
  }
  read.descriptors[1] = NextOperand<uint64_t>(arguments, &offset);
  read.adds = NextOperand<uint32_t>(arguments, &offset) != 0;
  if (kIsFloat) {
    const auto scale_a = NextOperand<int32_t>(arguments, &offset), scale_b = NextOperand<int32_t>(arguments, &offset);
    read.negative = scale_a * scale_b < 0;
  }
  if (kMayTranspose && !kFromRegisters) read.transposed[0] = NextOperand<uint32_t>(arguments, &offset) != 0;
  if (kMayTranspose) read.transposed[1] = NextOperand<uint32_t>(arguments, &offset) != 0;
  return read;
}

// Keeps what shared memory holds in mind, and what the warp executes.
void Remember(const char *name, const SharedMatrix &matrix, const uint8_t *bytes) {
  WarpProducts &products = TheBlock().CurrentProducts();
  products.open.push_back({name, matrix, HashOf(bytes, size_t{matrix.rows} * kMatrixRowBytes)});
}

void CheckWarpgroup(const char *name, const Operands &operands) {
  Block &block = TheBlock();
  const uint32_t warp = block.Current().warp, first = warp / kWarpgroupWarps * kWarpgroupWarps;
  if ((first + kWarpgroupWarps) * kWarpSize > block.NumThreads()) block.Fail(name, ": needs a whole warpgroup");
  WarpProducts &products = block.CurrentProducts();
  if (!products.fenced) block.Fail(name, ": wgmma.fence is missing in front of it");
  const uint64_t now = reinterpret_cast<uint64_t>(name) ^ operands.descriptors[0] * 3 ^ operands.descriptors[1] * 5;
  const size_t place = products.executed.size();
  products.executed.push_back(now);
  for (uint32_t other = first; other < first + kWarpgroupWarps; ++other) {
    const std::vector<uint64_t> &theirs = block.ProductsOf(other).executed;
    if (theirs.size() > place && theirs[place] != now) {
      block.Fail(name, ": another warp of the warpgroup executes another wgmma, or with another descriptor");
    }
  }
}

// All but registers must be the same in all lanes.
void CheckLanes(const char *name, const Operands &first, const Operands &lane) {
  if (first.descriptors[0] != lane.descriptors[0] || first.descriptors[1] != lane.descriptors[1] ||
      first.adds != lane.adds) {
    TheBlock().Fail(name, ": operands differ between the lanes of a warp");
  }
}

template <class Element>
typename Element::Sum ElementAt(const uint8_t *row, uint32_t k) {
  constexpr uint32_t e = Element::kPerRegister;
  return Element::Get(Operand<uint32_t>(row, k / e * sizeof(uint32_t)), k % e);
}

// Register r of A holds row lane/4, or 8 more when r is odd, from byte lane%4 * 4 + r/2 * 16 on.
void PutRegisters(uint32_t lane, const Operands &operands, uint8_t *rows) {
  for (uint32_t r = 0; r < kRegistersOfA; ++r) {
    uint8_t *row = rows + (lane / 4 + r % 2 * 8) * kMatrixRowBytes;
    SetResult(row, operands.registers[r], lane % 4 * 4 + r / 2 * 16);
  }
}

template <class A, class B, bool kFromRegisters, bool kSaturate>
void Multiply(const char *name, const Collective &warp, uint32_t columns) {
  using Sum = typename A::Sum;
  constexpr uint32_t kK = kMatrixRowBytes / sizeof(uint32_t) * A::kPerRegister;
  uint8_t rows_of_a[kWarpRows * kMatrixRowBytes], columns_of_b[kMaxColumns * kMatrixRowBytes];
  const Operands operands = ReadOperands<A, kFromRegisters>(warp.arguments[0], columns);
  for (uint32_t lane = 0; lane < kWarpSize; ++lane) {
    const Operands of_lane = ReadOperands<A, kFromRegisters>(warp.arguments[lane], columns);
    CheckLanes(name, operands, of_lane);
    if (kFromRegisters) PutRegisters(lane, of_lane, rows_of_a);
  }
  CheckWarpgroup(name, operands);
  if (!kFromRegisters) {
    const uint32_t first_row = TheBlock().Current().warp % kWarpgroupWarps * kWarpRows;
    const SharedMatrix a = {operands.descriptors[0], operands.transposed[0], first_row, kWarpRows};
    a.Read(name, rows_of_a);
    Remember(name, a, rows_of_a);
  }
  const SharedMatrix b = {operands.descriptors[1], operands.transposed[1], 0, columns};
  b.Read(name, columns_of_b);
  Remember(name, b, columns_of_b);

  // From here on nothing fails. An accumulator i of a lane is one of row lane/4 + i/2%2 * 8 and column
  // i/4 * 8 + lane%4 * 2 + i%2.
  const auto row_of = [](uint32_t lane, uint32_t i) { return lane / 4 + i / 2 % 2 * 8; };
  const auto column_of = [](uint32_t lane, uint32_t i) { return i / 4 * 8 + lane % 4 * 2 + i % 2; };
  std::vector<Sum> line_of_b(columns), sums(size_t{kWarpRows} * columns, Sum{});
  for (uint32_t lane = 0; lane < kWarpSize && operands.adds; ++lane) {
    for (uint32_t i = 0; i < columns / 2; ++i) {
      sums[row_of(lane, i) * columns + column_of(lane, i)] =
          Operand<typename A::Accumulator>(warp.arguments[lane], size_t{i} * 4);
    }
  }
  for (uint32_t k = 0; k < kK; ++k) {
    for (uint32_t n = 0; n < columns; ++n) line_of_b[n] = ElementAt<B>(columns_of_b + n * kMatrixRowBytes, k);
    for (uint32_t m = 0; m < kWarpRows; ++m) {
      const Sum a = ElementAt<A>(rows_of_a + m * kMatrixRowBytes, k);
      const Sum factor = operands.negative ? -a : a;
      Sum *line = &sums[size_t{m} * columns];
      for (uint32_t n = 0; n < columns; ++n) line[n] += factor * line_of_b[n];
    }
  }
  for (uint32_t lane = 0; lane < kWarpSize; ++lane) {
    for (uint32_t i = 0; i < columns / 2; ++i) {
      SetResult(warp.results[lane], Store<kSaturate>(sums[row_of(lane, i) * columns + column_of(lane, i)]),
                size_t{i} * 4);
    }
  }
}

void Fence(const Collective &) { TheBlock().CurrentProducts().fenced = true; }

void Commit(const Collective &) {
  WarpProducts &products = TheBlock().CurrentProducts();
  products.groups.push_back(std::move(products.open));
  products.open.clear();
}

// Until only the newest `pending` groups are left, shared memory had to stay as it was.
void FinishGroups(const Collective &warp) {
  auto &groups = TheBlock().CurrentProducts().groups;
  const auto pending = Operand<uint64_t>(warp.arguments[0], 0);
  if (groups.size() <= pending) return;
  const auto end = groups.end() - static_cast<ptrdiff_t>(pending);
  for (auto group = groups.begin(); group != end; ++group) {
    for (const MatrixRead &read : *group) {
      uint8_t bytes[kMaxColumns * kMatrixRowBytes];
      read.matrix.Read(read.instruction, bytes);
      if (HashOf(bytes, size_t{read.matrix.rows} * kMatrixRowBytes) == read.hash) continue;
      TheBlock().Fail(read.instruction, ": something wrote to its matrix at shared address ",
                      Hex{(read.matrix.descriptor & 0x3fff) * 16}, " before wgmma.wait_group");
    }
  }
  groups.erase(groups.begin(), end);
}

}  // namespace

WHOLE_WARP_INSTRUCTION("wgmma.fence.sync.aligned", Fence)
WHOLE_WARP_INSTRUCTION("wgmma.commit_group.sync.aligned", Commit)
INSTRUCTION("wgmma.wait_group.sync.aligned") {
  static constexpr char kName[] = "wgmma.wait_group.sync.aligned";
  Block &block = TheBlock();
  block.CheckWholeWarp(kName);
  if (block.CurrentProducts().groups.size() > Operand<uint64_t>(arguments, 0)) block.AwaitHardware(kName);
  block.RunTogether(kName, ~0u, FinishGroups, result, arguments);
}

// ".registers" is no part of PTX: with A in registers the instruction has the same name, and twin.cc tells them apart.
#define WGMMA(name, a, b, registers, saturate, n) \
  WHOLE_WARP_INSTRUCTION(name, ([](const Collective &warp) { Multiply<a, b, registers, saturate>(name, warp, n); }))
#define WGMMA_BOTH(name, a, b, saturate, n) \
  WGMMA(name, a, b, false, saturate, n)     \
  WGMMA(name ".registers", a, b, true, saturate, n)
#define WGMMA_PREFIX(n) "wgmma.mma_async.sync.aligned.m64n" #n
#define WGMMA_OF_COLUMNS(n)                                             \
  WGMMA_BOTH(WGMMA_PREFIX(n) "k16.f32.f16.f16", F16, F16, false, n)     \
  WGMMA_BOTH(WGMMA_PREFIX(n) "k16.f32.bf16.bf16", Bf16, Bf16, false, n) \
  WGMMA_BOTH(WGMMA_PREFIX(n) "k8.f32.tf32.tf32", Tf32, Tf32, false, n)
#define INTEGER_WGMMA(n, types, a, b)                          \
  WGMMA_BOTH(WGMMA_PREFIX(n) "k32.s32." types, a, b, false, n) \
  WGMMA_BOTH(WGMMA_PREFIX(n) "k32.s32." types ".satfinite", a, b, true, n)
#define INTEGER_WGMMA_OF_COLUMNS(n) \
  INTEGER_WGMMA(n, "s8.s8", S8, S8) \
  INTEGER_WGMMA(n, "u8.u8", U8, U8) \
  INTEGER_WGMMA(n, "s8.u8", S8, U8) \
  INTEGER_WGMMA(n, "u8.s8", U8, S8)
#define FOR_EACH_MULTIPLE_OF_16(X) \
  X(16) X(32) X(48) X(64) X(80) X(96) X(112) X(128) X(144) X(160) X(176) X(192) X(208) X(224) X(240) X(256)
#define FOR_EACH_OTHER_MULTIPLE_OF_8(X) \
  X(8) X(24) X(40) X(56) X(72) X(88) X(104) X(120) X(136) X(152) X(168) X(184) X(200) X(216) X(232) X(248)
FOR_EACH_MULTIPLE_OF_16(WGMMA_OF_COLUMNS)
FOR_EACH_OTHER_MULTIPLE_OF_8(WGMMA_OF_COLUMNS)
FOR_EACH_MULTIPLE_OF_16(INTEGER_WGMMA_OF_COLUMNS)
INTEGER_WGMMA_OF_COLUMNS(8)
INTEGER_WGMMA_OF_COLUMNS(24)

}  // namespace ingot::gpu_emulator
