// A constant right operand becomes panels of 16 columns; an operand that is not constant, or has batches of its own, stays.
// RUN: ingot-opt --ingot-pack-constants %s | FileCheck %s

// CHECK-LABEL: func @weights
// CHECK: %[[P:.*]] = ingot.pack {{.*}} -> tensor<3x8x16xf32>
// CHECK: ingot.contract %{{.*}}, %[[P]] {{.*}}panels = 16 : i64
func.func @weights(%x: tensor<4x8xf32>) -> tensor<4x40xf32> {
  %w = ingot.constant 0 : tensor<8x40xf32>
  %0 = ingot.contract %x, %w {batch = 0 : i64, rows = 1 : i64, depth = 1 : i64} : tensor<4x8xf32>, tensor<8x40xf32> -> tensor<4x40xf32>
  return %0 : tensor<4x40xf32>
}

// Batches that share the matrix are rows.
// CHECK-LABEL: func @shared
// CHECK: ingot.contract {{.*}}batch = 0 : i64, depth = 1 : i64, panels = 16 : i64, rows = 2 : i64
func.func @shared(%x: tensor<2x4x8xf32>) -> tensor<2x4x40xf32> {
  %w = ingot.constant 0 : tensor<8x40xf32>
  %v = ingot.view %w offset ["0"] strides ["0", "40", "1"] : tensor<8x40xf32> -> tensor<2x8x40xf32>
  %0 = ingot.contract %x, %v {batch = 1 : i64, rows = 1 : i64, depth = 1 : i64} : tensor<2x4x8xf32>, tensor<2x8x40xf32> -> tensor<2x4x40xf32>
  return %0 : tensor<2x4x40xf32>
}

// CHECK-LABEL: func @batches
// CHECK-NOT: ingot.pack
func.func @batches(%x: tensor<2x4x8xf32>) -> tensor<2x4x40xf32> {
  %w = ingot.constant 0 : tensor<2x8x40xf32>
  %0 = ingot.contract %x, %w {batch = 1 : i64, rows = 1 : i64, depth = 1 : i64} : tensor<2x4x8xf32>, tensor<2x8x40xf32> -> tensor<2x4x40xf32>
  return %0 : tensor<2x4x40xf32>
}

// CHECK-LABEL: func @given
// CHECK-NOT: ingot.pack
func.func @given(%x: tensor<4x8xf32>, %w: tensor<8x40xf32>) -> tensor<4x40xf32> {
  %0 = ingot.contract %x, %w {batch = 0 : i64, rows = 1 : i64, depth = 1 : i64} : tensor<4x8xf32>, tensor<8x40xf32> -> tensor<4x40xf32>
  return %0 : tensor<4x40xf32>
}
