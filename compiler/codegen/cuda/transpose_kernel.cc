// Element-wise ops that read operands along another axis than they write: a tile of both axes goes through shared
// memory, so that threads side by side read and write neighbouring elements.
#include "compiler/codegen/cuda/kernels.h"
#include "compiler/codegen/point/kernel_parts.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace ingot::compiler::cuda {

namespace {

constexpr int64_t kTile = kWarp;
// Of shared memory; a multiprocessor holds several blocks.
constexpr int64_t kMostBytes = 32 << 10;
// Along shorter axes too many threads of a tile have nothing to do.
constexpr int64_t kShortest = 8;

bool IsLong(const Dim &dim) { return dim.constant().value_or(kShortest) >= kShortest; }

// The axis along which the view's elements lie side by side, where that is another than the last.
std::optional<size_t> TransposedAxis(const StridedView &view) {
  if (view.dims.size() < 2 || !IsLong(view.dims.back()) || view.strides.back().Is(0) || view.strides.back().Is(1))
    return std::nullopt;
  for (size_t axis = 0; axis + 1 < view.dims.size(); ++axis)
    if (view.strides[axis].Is(1) && IsLong(view.dims[axis])) return axis;
  return std::nullopt;
}

int64_t TileBytes(ir::ViewOp view) { return kTile * (kTile + 1) * ElementBytes(TypeOf(view.getResult()).dtype); }

struct Transposed {
  size_t axis;
  SmallVector<ir::ViewOp> views;
};

// Views that are transposed alike; those of another axis, and what there is no room for, are read as they are.
std::optional<Transposed> FindTransposed(KernelBuilder &k) {
  std::optional<Transposed> found;
  for (ir::ViewOp view : k.body().getOps<ir::ViewOp>()) {
    StridedView strided = ViewOf(view);
    std::optional<size_t> axis = TransposedAxis(strided);
    if (!axis || strided.dims != SpaceOf(k) || !isa<BlockArgument>(view.getSource())) continue;
    if (!found) found = Transposed{*axis, {}};
    int64_t bytes = 0;
    for (ir::ViewOp other : found->views) bytes += TileBytes(other);
    if (found->axis == *axis && bytes + TileBytes(view) <= kMostBytes) found->views.push_back(view);
  }
  return found;
}

class TransposeEmitter {
 public:
  TransposeEmitter(KernelBuilder &k, const Transposed &transposed)
      : k_(k), transposed_(transposed), space_(SpaceOf(k)), tiles_(space_) {
    for (Dim *dim : {&tiles_[transposed.axis], &tiles_.back()}) *dim = Dim::CeilDiv(*dim, kTile);
    for (ir::ViewOp view : transposed.views) {
      DType dtype = TypeOf(view.getResult()).dtype;
      // A column of the tile lies in all banks.
      memory_.push_back(SharedMemory(k, StorageType(k.b.getContext(), dtype), kTile * (kTile + 1)));
    }
  }

  KernelInfo Emit() {
    SmallVector<Value> tile(space_.size());
    k_.Delinearize(k_.tile_begin, tiles_, 0, tiles_.size(), tile);
    for (size_t axis : {transposed_.axis, space_.size() - 1}) tile[axis] = k_.Mul(tile[axis], k_.Constant(kTile));
    ForTile(tile, transposed_.axis, space_.size() - 1, [&](const Point &point, Value lane, Value line) {
      for (auto [view, memory] : llvm::zip_equal(transposed_.views, memory_)) {
        DType dtype = TypeOf(view.getResult()).dtype;
        Value element = k_.LoadView(k_.Buffer(view.getSource()), ViewOf(view), dtype, point);
        k_.Store(element, ElementAt(memory, dtype, line, lane), dtype, 1, nullptr);
      }
    });
    Barrier(k_);
    ForTile(tile, space_.size() - 1, transposed_.axis, [&](const Point &point, Value lane, Value line) {
      PointEmitter emitter(k_, point);
      for (auto [view, memory] : llvm::zip_equal(transposed_.views, memory_)) {
        DType dtype = TypeOf(view.getResult()).dtype;
        emitter.Set(view.getResult(), k_.Load(ElementAt(memory, dtype, lane, line), dtype, 1, nullptr));
      }
      StoreResults(k_, emitter);
    });
    // Before the next tile is written there.
    Barrier(k_);
    return {NumElements(tiles_), NumElements(space_) * Dim(CostPerElement(k_)), 0};
  }

 private:
  // Calls body(point, lane, line) for this thread's elements of the tile: a warp's lanes lie along one axis, warps in
  // turn along the other.
  void ForTile(ArrayRef<Value> tile, size_t lanes, size_t lines,
               llvm::function_ref<void(const Point &, Value, Value)> body) {
    Value thread = ThreadNumber(k_), lane = k_.Urem(thread, k_.Constant(kWarp)),
          first = k_.Udiv(thread, k_.Constant(kWarp));
    k_.ForRange(first, k_.Constant(kTile), k_.Constant(k_.schedule.threads / kWarp), [&](Value line) {
      Point point;
      point.index.assign(tile.begin(), tile.end());
      point.index[lanes] = k_.Add(tile[lanes], lane);
      point.index[lines] = k_.Add(tile[lines], line);
      Value is_there = arith::AndIOp::create(k_.b, k_.Less(point.index[lanes], k_.Size(space_[lanes])),
                                             k_.Less(point.index[lines], k_.Size(space_[lines])));
      k_.IfThen(is_there, [&] { body(point, lane, line); });
    });
  }

  // Lines of the last axis, lanes of the transposed one.
  Value ElementAt(Value memory, DType dtype, Value last, Value transposed) {
    return k_.ElementPointer(memory, StorageType(k_.b.getContext(), dtype),
                             k_.Add(k_.Mul(last, k_.Constant(kTile + 1)), transposed));
  }

  KernelBuilder &k_;
  Transposed transposed_;
  Dims space_, tiles_;
  SmallVector<Value> memory_;
};

}  // namespace

bool ReadsTransposed(KernelBuilder &k) { return FindTransposed(k).has_value(); }

KernelInfo EmitTransposeKernel(KernelBuilder &k) {
  Transposed transposed = *FindTransposed(k);
  return TransposeEmitter(k, transposed).Emit();
}

}  // namespace ingot::compiler::cuda
