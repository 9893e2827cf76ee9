// Matrix products by oneDNN. Blocks come in at most four sizes (whole or last rows, whole or last columns), each with a
// primitive of its own. A primitive may be executed by several threads at a time if each brings its memory objects and
// scratchpad: those are kept in a list of slots that calls take and give back, so that a repeated run makes nothing
// new. oneDNN's own threads stay off: a block runs on the caller's. Test: tests/kernels/onednn_test.cc.
#include "kernels/cpu/onednn.h"

#include <oneapi/dnnl/dnnl.h>

#include <array>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

// Of the OpenMP runtime that oneDNN is linked with; its header belongs to another compiler.
extern "C" int omp_get_max_threads(void);
extern "C" void omp_set_num_threads(int threads);

namespace ingot::kernels {
namespace {

// Owns one of oneDNN's handles.
template <typename Handle, dnnl_status_t (*kDestroy)(Handle)>
class Owned {
 public:
  Owned() = default;
  Owned(Owned &&other) noexcept : handle_(other.handle_) { other.handle_ = nullptr; }
  Owned &operator=(Owned &&other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Owned() {
    if (handle_ != nullptr) kDestroy(handle_);
  }
  Handle *out() { return &handle_; }
  Handle get() const { return handle_; }

 private:
  Handle handle_ = nullptr;
};
using Engine = Owned<dnnl_engine_t, dnnl_engine_destroy>;
using Stream = Owned<dnnl_stream_t, dnnl_stream_destroy>;
using Memory = Owned<dnnl_memory_t, dnnl_memory_destroy>;
using Primitive = Owned<dnnl_primitive_t, dnnl_primitive_destroy>;
using PrimitiveDesc = Owned<dnnl_primitive_desc_t, dnnl_primitive_desc_destroy>;
using PrimitiveAttr = Owned<dnnl_primitive_attr_t, dnnl_primitive_attr_destroy>;

dnnl_engine_t CpuEngine() {
  static Engine *engine = [] {
    auto *made = new Engine;
    dnnl_engine_create(made->out(), dnnl_cpu, 0);
    return made;
  }();
  return engine->get();
}

// The first status that is not success ends a sequence of calls.
#define RETURN_IF_FAILED(call) \
  if (dnnl_status_t status_of_call = (call); status_of_call != dnnl_success) return status_of_call

// What one thread needs to execute a primitive.
struct Slot {
  Stream stream;
  Memory x, y, result, scratchpad;
};

// The product of one block size.
class Block {
 public:
  dnnl_status_t Create(const ingot_matmul_shape_t &shape, int64_t rows, int64_t columns) {
    rows_ = rows, columns_ = columns;
    const dnnl_dims_t x_dims = {rows, shape.depth}, y_dims = {shape.depth, columns}, result_dims = {rows, columns};
    const dnnl_dims_t x_strides = {shape.x_row_stride, shape.x_depth_stride},
                      y_strides = {shape.y_depth_stride, shape.y_column_stride};
    const dnnl_dims_t result_strides = {shape.columns, 1};
    RETURN_IF_FAILED(dnnl_memory_desc_init_by_strides(&x_, 2, x_dims, dnnl_f32, x_strides));
    RETURN_IF_FAILED(dnnl_memory_desc_init_by_strides(&y_, 2, y_dims, dnnl_f32, y_strides));
    RETURN_IF_FAILED(dnnl_memory_desc_init_by_strides(&result_, 2, result_dims, dnnl_f32, result_strides));
    dnnl_matmul_desc_t matmul;
    RETURN_IF_FAILED(dnnl_matmul_desc_init(&matmul, &x_, &y_, nullptr, &result_));
    PrimitiveAttr attributes;
    RETURN_IF_FAILED(dnnl_primitive_attr_create(attributes.out()));
    RETURN_IF_FAILED(dnnl_primitive_attr_set_scratchpad_mode(attributes.get(), dnnl_scratchpad_mode_user));
    PrimitiveDesc desc;
    RETURN_IF_FAILED(dnnl_primitive_desc_create(desc.out(), &matmul, attributes.get(), CpuEngine(), nullptr));
    scratchpad_ = *dnnl_primitive_desc_query_md(desc.get(), dnnl_query_scratchpad_md, 0);
    return dnnl_primitive_create(primitive_.out(), desc.get());
  }

  bool Fits(int64_t rows, int64_t columns) const { return rows == rows_ && columns == columns_; }

  dnnl_status_t Run(const float *x, const float *y, float *result) {
    std::unique_ptr<Slot> slot = Take();
    if (slot == nullptr) {
      slot = std::make_unique<Slot>();
      RETURN_IF_FAILED(Fill(slot.get()));
    }
    dnnl_status_t status = Execute(*slot, x, y, result);
    std::lock_guard lock(mutex_);
    idle_.push_back(std::move(slot));
    return status;
  }

 private:
  std::unique_ptr<Slot> Take() {
    std::lock_guard lock(mutex_);
    if (idle_.empty()) return nullptr;
    std::unique_ptr<Slot> slot = std::move(idle_.back());
    idle_.pop_back();
    return slot;
  }

  dnnl_status_t Fill(Slot *slot) const {
    RETURN_IF_FAILED(dnnl_stream_create(slot->stream.out(), CpuEngine(), dnnl_stream_default_flags));
    RETURN_IF_FAILED(dnnl_memory_create(slot->x.out(), &x_, CpuEngine(), DNNL_MEMORY_NONE));
    RETURN_IF_FAILED(dnnl_memory_create(slot->y.out(), &y_, CpuEngine(), DNNL_MEMORY_NONE));
    RETURN_IF_FAILED(dnnl_memory_create(slot->result.out(), &result_, CpuEngine(), DNNL_MEMORY_NONE));
    return dnnl_memory_create(slot->scratchpad.out(), &scratchpad_, CpuEngine(), DNNL_MEMORY_ALLOCATE);
  }

  dnnl_status_t Execute(const Slot &slot, const float *x, const float *y, float *result) const {
    RETURN_IF_FAILED(dnnl_memory_set_data_handle(slot.x.get(), const_cast<float *>(x)));
    RETURN_IF_FAILED(dnnl_memory_set_data_handle(slot.y.get(), const_cast<float *>(y)));
    RETURN_IF_FAILED(dnnl_memory_set_data_handle(slot.result.get(), result));
    const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, slot.x.get()},
                                         {DNNL_ARG_WEIGHTS, slot.y.get()},
                                         {DNNL_ARG_DST, slot.result.get()},
                                         {DNNL_ARG_SCRATCHPAD, slot.scratchpad.get()}};
    RETURN_IF_FAILED(dnnl_primitive_execute(primitive_.get(), slot.stream.get(), 4, arguments));
    return dnnl_stream_wait(slot.stream.get());
  }

  int64_t rows_ = 0, columns_ = 0;
  dnnl_memory_desc_t x_, y_, result_, scratchpad_;
  Primitive primitive_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Slot>> idle_;
};

struct MatMul {
  std::array<Block, 4> blocks;
  size_t count = 0;
};

// oneDNN splits a product over OpenMP's threads, and chooses its blocking by their number: it is told of one, and the
// caller's setting restored.
class OneThread {
 public:
  OneThread() : before_(omp_get_max_threads()) { omp_set_num_threads(1); }
  ~OneThread() { omp_set_num_threads(before_); }

 private:
  int before_;
};

// oneDNN's codes begin at 1 for failures.
int32_t Prepare(const ingot_matmul_shape_t *shape, void **object) {
  OneThread one_thread;
  auto product = std::make_unique<MatMul>();
  auto sizes = [](int64_t total, int64_t block) {
    std::vector<int64_t> sizes;
    if (total >= block) sizes.push_back(block);
    if (total % block != 0) sizes.push_back(total % block);
    return sizes;
  };
  for (int64_t rows : sizes(shape->rows, shape->block_rows)) {
    for (int64_t columns : sizes(shape->columns, shape->block_columns)) {
      RETURN_IF_FAILED(product->blocks[product->count++].Create(*shape, rows, columns));
    }
  }
  *object = product.release();
  return 0;
}

int32_t Run(void *object, const float *x, const float *y, float *result, int64_t rows, int64_t columns) {
  OneThread one_thread;
  auto *product = static_cast<MatMul *>(object);
  for (size_t i = 0; i < product->count; ++i) {
    if (product->blocks[i].Fits(rows, columns)) return product->blocks[i].Run(x, y, result);
  }
  return dnnl_invalid_arguments;
}

void Destroy(void *object) { delete static_cast<MatMul *>(object); }

}  // namespace

const ingot_kernel_library_t *OneDnn() {
  static const std::string *name = [] {
    const dnnl_version_t *version = dnnl_version();
    return new std::string("oneDNN " + std::to_string(version->major) + "." + std::to_string(version->minor) + "." +
                           std::to_string(version->patch));
  }();
  static const ingot_kernel_library_t library = {name->c_str(), Prepare, Run, Destroy};
  return &library;
}

}  // namespace ingot::kernels
