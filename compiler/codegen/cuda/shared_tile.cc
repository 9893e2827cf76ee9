#include "compiler/codegen/cuda/shared_tile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace ingot::compiler::cuda {

namespace {

constexpr int64_t kChunkBytes = 16, kBankBytes = 128;

Value Number(KernelBuilder &k, int64_t value) { return arith::ConstantOp::create(k.b, k.b.getI32IntegerAttr(value)); }

Value Xor(KernelBuilder &k, Value x, Value y) { return arith::XOrIOp::create(k.b, x, y); }

}  // namespace

// 16 bytes; of numbers that are multiplied on CUDA cores at most four.
int64_t ChunkOf(DType dtype) {
  int64_t chunk = kChunkBytes / ElementBytes(dtype);
  return IsHalf(dtype) ? chunk : std::min<int64_t>(chunk, 4);
}

SharedTile::SharedTile(KernelBuilder &k, const Matrix &matrix, int64_t lines, int64_t depth, Value memory)
    : k_(k),
      matrix_(matrix),
      element_(StorageType(k.b.getContext(), matrix.dtype)),
      bytes_(ElementBytes(matrix.dtype)),
      chunk_(ChunkOf(matrix.dtype)),
      major_(matrix.is_depth_minor ? lines : depth),
      minor_(matrix.is_depth_minor ? depth : lines),
      memory_(memory),
      chunks_per_major_(minor_ / chunk_),
      majors_per_copy_(k.schedule.threads / chunks_per_major_),
      copies_(std::max<int64_t>(1, major_ / majors_per_copy_)) {
  Value thread = ThreadNumber(k);
  major_of_thread_ = k.OnEntry([&] { return k.Udiv(thread, k.Constant(chunks_per_major_)); });
  chunk_of_thread_ = k.OnEntry([&] { return k.Urem(thread, k.Constant(chunks_per_major_)); });
}

void SharedTile::SetLine(Value first_line) {
  line_offset_.clear();
  line_is_there_.clear();
  line_.clear();
  for (int64_t i = 0; i < (matrix_.is_depth_minor ? copies_ : 1); ++i) {
    Value line = matrix_.is_depth_minor ? k_.Add(major_of_thread_, k_.Constant(i * majors_per_copy_))
                                        : k_.Mul(chunk_of_thread_, k_.Constant(chunk_));
    line = k_.Add(first_line, line);
    line_.push_back(line);
    line_offset_.push_back(matrix_.line_offset(line));
    line_is_there_.push_back(k_.Less(line, matrix_.lines));
  }
}

Value SharedTile::ChunkAt(Value stage, Value major, Value chunk) {
  // Chunks that are read at once lie below each other: each row of banks has them elsewhere.
  int64_t rows_per_line = std::max<int64_t>(1, kBankBytes / (minor_ * bytes_));
  Value turn = k_.Urem(k_.Udiv(major, k_.Constant(rows_per_line)),
                       k_.Constant(std::min<int64_t>(chunks_per_major_, kBankBytes / kChunkBytes)));
  Value at = k_.Add(k_.Mul(major, k_.Constant(chunks_per_major_)), Xor(k_, chunk, turn));
  at = k_.Add(at, k_.Mul(stage, k_.Constant(major_ * chunks_per_major_)));
  return k_.ElementPointer(memory_, element_, k_.Mul(at, k_.Constant(chunk_)));
}

Value SharedTile::LoadChunk(Value stage, Value major, Value chunk) {
  int width = static_cast<int>(chunk_);
  return k_.Load(ChunkAt(stage, major, chunk), matrix_.dtype, width, nullptr, width);
}

void SharedTile::Copy(Value stage, Value depth) {
  auto copy_all = [&] {
    for (int64_t i = 0; i < copies_; ++i) {
      Value major = k_.Add(major_of_thread_, k_.Constant(i * majors_per_copy_));
      CopyChunk(ChunkAt(stage, major, chunk_of_thread_), i, depth);
    }
  };
  // Of small tiles there is nothing for some threads.
  if (majors_per_copy_ > major_)
    k_.IfThen(k_.Less(major_of_thread_, k_.Constant(major_)), copy_all);
  else
    copy_all();
}

void SharedTile::CopyChunk(Value to, int64_t i, Value depth) {
  bool is_depth_minor = matrix_.is_depth_minor;
  Value first = k_.Add(depth, is_depth_minor ? k_.Mul(chunk_of_thread_, k_.Constant(chunk_))
                                             : k_.Add(major_of_thread_, k_.Constant(i * majors_per_copy_)));
  size_t line = is_depth_minor ? i : 0;
  auto copy = [&](int64_t count, Value place, Value line_offset, Value line_is_there, Value at) {
    Value is_there = arith::AndIOp::create(k_.b, line_is_there, k_.Less(at, matrix_.depth));
    Value offset = k_.Add(line_offset, matrix_.depth_offset(at));
    CopyElements(count, place, k_.ElementPointer(matrix_.pointer, element_, offset), is_there);
  };
  if (matrix_.run % chunk_ == 0) {
    copy(chunk_, to, line_offset_[line], line_is_there_[line], first);
    return;
  }
  for (int64_t e = 0; e < chunk_; ++e) {
    Value number = k_.Constant(e), place = k_.ElementPointer(to, element_, number);
    if (is_depth_minor || e == 0) {
      copy(1, place, line_offset_[line], line_is_there_[line], is_depth_minor ? k_.Add(first, number) : first);
    } else {
      Value neighbour = k_.Add(line_[0], number);
      copy(1, place, matrix_.line_offset(neighbour), k_.Less(neighbour, matrix_.lines), first);
    }
  }
}

void SharedTile::CopyElements(int64_t elements, Value to, Value from, Value is_there) {
  int64_t bytes = elements * bytes_;
  // What an asynchronous copy takes.
  if (bytes < 4) {
    auto branch = scf::IfOp::create(k_.b, element_, is_there, /*withElseRegion=*/true);
    {
      OpBuilder::InsertionGuard guard(k_.b);
      k_.b.setInsertionPointToStart(branch.thenBlock());
      Value loaded = LLVM::LoadOp::create(k_.b, element_, from, static_cast<unsigned>(bytes_));
      scf::YieldOp::create(k_.b, loaded);
      k_.b.setInsertionPointToStart(branch.elseBlock());
      scf::YieldOp::create(k_.b, k_.Zero(element_, 1));
    }
    LLVM::StoreOp::create(k_.b, branch.getResult(0), to, static_cast<unsigned>(bytes_));
    return;
  }
  Value count = arith::SelectOp::create(k_.b, is_there, Number(k_, bytes), Number(k_, 0));
  constexpr unsigned kGlobal = 1;
  Value global = LLVM::AddrSpaceCastOp::create(k_.b, LLVM::LLVMPointerType::get(k_.b.getContext(), kGlobal), from);
  std::string name = bytes == kChunkBytes ? "llvm.nvvm.cp.async.cg.shared.global.16.s"
                                          : "llvm.nvvm.cp.async.ca.shared.global." + std::to_string(bytes) + ".s";
  LLVM::CallIntrinsicOp::create(k_.b, k_.b.getStringAttr(name), ValueRange{to, global, count});
}

void CommitCopies(KernelBuilder &k) {
  LLVM::CallIntrinsicOp::create(k.b, k.b.getStringAttr("llvm.nvvm.cp.async.commit.group"), ValueRange{});
}

void WaitForCopies(KernelBuilder &k, int64_t pending) {
  LLVM::CallIntrinsicOp::create(k.b, k.b.getStringAttr("llvm.nvvm.cp.async.wait.group"),
                                ValueRange{Number(k, pending)});
}

}  // namespace ingot::compiler::cuda
