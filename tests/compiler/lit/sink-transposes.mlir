// A transpose of a contraction's result moves behind element-wise ops; two transposes become one; views of everything go.
// RUN: ingot-opt --ingot-sink-transposes %s | FileCheck %s

// CHECK-LABEL: func @relu
// CHECK: ingot.contract
// CHECK-NEXT: ingot.relu
// CHECK-NEXT: ingot.transpose
func.func @relu(%x: tensor<4x8xf32>, %y: tensor<8x6xf32>) -> tensor<6x4xf32> {
  %0 = ingot.contract %x, %y {batch = 0 : i64, rows = 1 : i64, depth = 1 : i64} : tensor<4x8xf32>, tensor<8x6xf32> -> tensor<4x6xf32>
  %1 = ingot.transpose %0 {permutation = array<i64: 1, 0>} : (tensor<4x6xf32>) -> tensor<6x4xf32>
  %2 = ingot.relu %1 : (tensor<6x4xf32>) -> tensor<6x4xf32>
  return %2 : tensor<6x4xf32>
}

// The other operand is transposed the other way.
// CHECK-LABEL: func @residual
// CHECK-SAME: %{{.*}}: tensor<4x8xf32>, %{{.*}}: tensor<8x6xf32>, %[[R:.*]]: tensor<6x4xf32>
// CHECK-DAG: %[[C:.*]] = ingot.contract
// CHECK-DAG: %[[T:.*]] = ingot.transpose %[[R]]
// CHECK: ingot.add %[[C]], %[[T]]
// CHECK: ingot.transpose
func.func @residual(%x: tensor<4x8xf32>, %y: tensor<8x6xf32>, %r: tensor<6x4xf32>) -> tensor<6x4xf32> {
  %0 = ingot.contract %x, %y {batch = 0 : i64, rows = 1 : i64, depth = 1 : i64} : tensor<4x8xf32>, tensor<8x6xf32> -> tensor<4x6xf32>
  %1 = ingot.transpose %0 {permutation = array<i64: 1, 0>} : (tensor<4x6xf32>) -> tensor<6x4xf32>
  %2 = ingot.add %1, %r : (tensor<6x4xf32>, tensor<6x4xf32>) -> tensor<6x4xf32>
  return %2 : tensor<6x4xf32>
}

// CHECK-LABEL: func @reduction
// CHECK: ingot.contract
// CHECK-NEXT: ingot.reduce_max {{.*}}axes = array<i64: 0>
func.func @reduction(%x: tensor<4x8xf32>, %y: tensor<8x6xf32>) -> tensor<6xf32> {
  %0 = ingot.contract %x, %y {batch = 0 : i64, rows = 1 : i64, depth = 1 : i64} : tensor<4x8xf32>, tensor<8x6xf32> -> tensor<4x6xf32>
  %1 = ingot.transpose %0 {permutation = array<i64: 1, 0>} : (tensor<4x6xf32>) -> tensor<6x4xf32>
  %2 = ingot.reduce_max %1 {axes = array<i64: 1>, keep_dims = false} : (tensor<6x4xf32>) -> tensor<6xf32>
  return %2 : tensor<6xf32>
}

// CHECK-LABEL: func @there_and_back
// CHECK-NEXT: return
func.func @there_and_back(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %0 = ingot.transpose %x {permutation = array<i64: 1, 0>} : (tensor<4x8xf32>) -> tensor<8x4xf32>
  %1 = ingot.transpose %0 {permutation = array<i64: 1, 0>} : (tensor<8x4xf32>) -> tensor<4x8xf32>
  return %1 : tensor<4x8xf32>
}

// One operand is a contraction in the other order: nothing moves, and nothing is made for the condition either.
// CHECK-LABEL: func @two_contractions
// CHECK-COUNT-2: ingot.contract
// CHECK-NEXT: ingot.transpose
// CHECK-NEXT: ingot.select
// CHECK-NEXT: return
func.func @two_contractions(%x: tensor<4x8xf32>, %y: tensor<8x6xf32>, %v: tensor<6x8xf32>, %w: tensor<8x4xf32>, %m: tensor<4xi1>) -> tensor<6x4xf32> {
  %0 = ingot.contract %v, %w {batch = 0 : i64, rows = 1 : i64, depth = 1 : i64} : tensor<6x8xf32>, tensor<8x4xf32> -> tensor<6x4xf32>
  %1 = ingot.contract %x, %y {batch = 0 : i64, rows = 1 : i64, depth = 1 : i64} : tensor<4x8xf32>, tensor<8x6xf32> -> tensor<4x6xf32>
  %2 = ingot.transpose %1 {permutation = array<i64: 1, 0>} : (tensor<4x6xf32>) -> tensor<6x4xf32>
  %3 = ingot.select %m, %0, %2 : (tensor<4xi1>, tensor<6x4xf32>, tensor<6x4xf32>) -> tensor<6x4xf32>
  return %3 : tensor<6x4xf32>
}

// Cuts and padding stay on the contraction's axes.
// CHECK-LABEL: func @cut_and_pad
// CHECK: %[[C:.*]] = ingot.contract
// CHECK-NEXT: %[[S:.*]] = ingot.slice %[[C]] {limits = #ingot.dims<["4", "5", "3"]>, starts = #ingot.dims<["0", "2", "1"]>, steps = array<i64: 1, 3, 2>}
// CHECK: %[[P:.*]] = ingot.pad %[[S]], {{.*}} {high = #ingot.dims<["0", "2", "0"]>, low = #ingot.dims<["1", "0", "3"]>}
// CHECK-NEXT: ingot.transpose %[[P]] {permutation = array<i64: 2, 0, 1>}
func.func @cut_and_pad(%x: tensor<4x7x8xf32>, %y: tensor<8x3xf32>) -> tensor<4x5x3xf32> {
  %0 = ingot.contract %x, %y {batch = 0 : i64, rows = 2 : i64, depth = 1 : i64} : tensor<4x7x8xf32>, tensor<8x3xf32> -> tensor<4x7x3xf32>
  %1 = ingot.transpose %0 {permutation = array<i64: 2, 0, 1>} : (tensor<4x7x3xf32>) -> tensor<3x4x7xf32>
  %2 = ingot.slice %1 {starts = #ingot.dims<["1", "0", "2"]>, limits = #ingot.dims<["3", "4", "5"]>, steps = array<i64: 2, 1, 3>} : (tensor<3x4x7xf32>) -> tensor<1x4x1xf32>
  %v = ingot.scalar(1.0 : f32) : tensor<f32>
  %3 = ingot.pad %2, %v {low = #ingot.dims<["3", "1", "0"]>, high = #ingot.dims<["0", "0", "2"]>} : (tensor<1x4x1xf32>, tensor<f32>) -> tensor<4x5x3xf32>
  return %3 : tensor<4x5x3xf32>
}
