// oneDNN behind the manifest: every block size and stride that compiled programs use, from several threads at once.
#include "kernels/cpu/onednn.h"

#include <cmath>
#include <random>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace ingot::kernels {
namespace {

std::vector<float> Normal(int64_t count, unsigned seed) {
  std::mt19937 engine(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(static_cast<size_t>(count));
  for (float &value : values) value = normal(engine);
  return values;
}

struct Object {
  explicit Object(const ingot_matmul_shape_t &shape) { code = OneDnn()->matmul_prepare(&shape, &object); }
  ~Object() {
    if (object != nullptr) OneDnn()->matmul_destroy(object);
  }
  int32_t code;
  void *object = nullptr;
};

// All blocks of one product; returns the first code that is not 0.
int32_t RunBlocks(void *object, const ingot_matmul_shape_t &shape, const float *x, const float *y, float *result) {
  for (int64_t row = 0; row < shape.rows; row += shape.block_rows) {
    for (int64_t column = 0; column < shape.columns; column += shape.block_columns) {
      int64_t rows = std::min(shape.block_rows, shape.rows - row),
              columns = std::min(shape.block_columns, shape.columns - column);
      int32_t code = OneDnn()->matmul_run(object, x + row * shape.x_row_stride, y + column * shape.y_column_stride,
                                          result + row * shape.columns + column, rows, columns);
      if (code != 0) return code;
    }
  }
  return 0;
}

void ExpectProduct(const ingot_matmul_shape_t &shape, const std::vector<float> &x, const std::vector<float> &y,
                   const std::vector<float> &actual) {
  for (int64_t m = 0; m < shape.rows; ++m) {
    for (int64_t n = 0; n < shape.columns; ++n) {
      double sum = 0, magnitude = 0;
      for (int64_t k = 0; k < shape.depth; ++k) {
        double product =
            static_cast<double>(x[static_cast<size_t>(m * shape.x_row_stride + k * shape.x_depth_stride)]) *
            y[static_cast<size_t>(k * shape.y_depth_stride + n * shape.y_column_stride)];
        sum += product, magnitude += std::fabs(product);
      }
      ASSERT_NEAR(actual[static_cast<size_t>(m * shape.columns + n)], sum, 1e-6 * magnitude)
          << "row " << m << ", column " << n;
    }
  }
}

TEST(OneDnn, BlocksAndStrides) {
  for (int64_t rows : {1, 7, 32, 71}) {
    for (int64_t columns : {1, 33, 48, 100}) {
      const int64_t depth = 37;
      auto x = Normal(rows * (depth + 3), 1), y = Normal(depth * columns, 2);
      for (bool transposed : {false, true}) {
        ingot_matmul_shape_t shape = {
            rows, depth, columns, depth + 3, 1, transposed ? 1 : columns, transposed ? depth : 1, 32, 48};
        Object object(shape);
        ASSERT_EQ(object.code, 0);
        std::vector<float> result(static_cast<size_t>(rows * columns), NAN);
        ASSERT_EQ(RunBlocks(object.object, shape, x.data(), y.data(), result.data()), 0);
        ExpectProduct(shape, x, y, result);
      }
    }
  }
}

TEST(OneDnn, OneObjectOnManyThreads) {
  ingot_matmul_shape_t shape = {50, 64, 70, 64, 1, 70, 1, 32, 48};
  auto x = Normal(shape.rows * shape.depth, 3), y = Normal(shape.depth * shape.columns, 4);
  Object object(shape);
  ASSERT_EQ(object.code, 0);
  std::vector<std::vector<float>> results(4, std::vector<float>(static_cast<size_t>(shape.rows * shape.columns)));
  std::vector<std::thread> threads;
  for (auto &result : results) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) RunBlocks(object.object, shape, x.data(), y.data(), result.data());
    });
  }
  for (std::thread &thread : threads) thread.join();
  for (const auto &result : results) {
    ExpectProduct(shape, x, y, result);
    EXPECT_EQ(result, results[0]);
  }
}

TEST(OneDnn, RefusesABlockItWasNotMadeFor) {
  ingot_matmul_shape_t shape = {8, 8, 8, 8, 1, 8, 1, 8, 8};
  Object object(shape);
  ASSERT_EQ(object.code, 0);
  std::vector<float> data(64);
  EXPECT_NE(OneDnn()->matmul_run(object.object, data.data(), data.data(), data.data(), 5, 8), 0);
}

}  // namespace
}  // namespace ingot::kernels
