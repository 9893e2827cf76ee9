// Data movement becomes strided views of whole buffers, and a matmul a contraction on them.
// RUN: ingot-opt --ingot-resolve-views %s | FileCheck %s

// CHECK-LABEL: func @matmul
// CHECK: ingot.view %{{.*}} offset ["0"] strides ["1", "8"] : tensor<6x8xf32> -> tensor<8x6xf32>
// CHECK: ingot.contract
// CHECK-NOT: ingot.transpose
func.func @matmul(%x: tensor<?x8xf32, #ingot.dims<["n", "8"]>>, %y: tensor<6x8xf32>) -> tensor<?x6xf32, #ingot.dims<["n", "6"]>> {
  %0 = ingot.transpose %y {permutation = array<i64: 1, 0>} : (tensor<6x8xf32>) -> tensor<8x6xf32>
  %1 = ingot.matmul %x, %0 : (tensor<?x8xf32, #ingot.dims<["n", "8"]>>, tensor<8x6xf32>) -> tensor<?x6xf32, #ingot.dims<["n", "6"]>>
  return %1 : tensor<?x6xf32, #ingot.dims<["n", "6"]>>
}

// Operands of element-wise ops have the dims of the result.
// CHECK-LABEL: func @bias
// CHECK: ingot.view %{{.*}} offset ["0"] strides ["0", "1"] : tensor<8xf32> -> tensor<?x8xf32, #ingot.dims<["n", "8"]>>
// CHECK: ingot.add
func.func @bias(%x: tensor<?x8xf32, #ingot.dims<["n", "8"]>>, %y: tensor<8xf32>) -> tensor<?x8xf32, #ingot.dims<["n", "8"]>> {
  %0 = ingot.add %x, %y : (tensor<?x8xf32, #ingot.dims<["n", "8"]>>, tensor<8xf32>) -> tensor<?x8xf32, #ingot.dims<["n", "8"]>>
  return %0 : tensor<?x8xf32, #ingot.dims<["n", "8"]>>
}

// No strides give the elements of a transposed matrix in one row, so it is copied; and an output is a buffer of its own.
// CHECK-LABEL: func @flatten
// CHECK: ingot.view
// CHECK: ingot.copy
func.func @flatten(%x: tensor<4x8xf32>) -> tensor<32xf32> {
  %0 = ingot.transpose %x {permutation = array<i64: 1, 0>} : (tensor<4x8xf32>) -> tensor<8x4xf32>
  %1 = ingot.reshape %0 {dims = #ingot.dims<["32"]>} : (tensor<8x4xf32>) -> tensor<32xf32>
  return %1 : tensor<32xf32>
}

// CHECK-LABEL: func @reversed
// CHECK: ingot.view %{{.*}} offset ["7"] strides ["8", "-1"]
func.func @reversed(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %0 = ingot.slice %x {starts = #ingot.dims<["0", "7"]>, limits = #ingot.dims<["4", "-1"]>, steps = array<i64: 1, -1>} : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}

// A number has no memory to view, also where a reshape of a buffer would need a copy.
// CHECK-LABEL: func @repeated
// CHECK-NOT: ingot.view
// CHECK: ingot.scalar(2.{{.*}}) {{.*}}["m", "n"]
func.func @repeated(%x: tensor<?x?xf32, #ingot.dims<["m", "n"]>>) -> tensor<?x?xf32, #ingot.dims<["m", "n"]>> {
  %s = ingot.scalar(2.0 : f64) : tensor<f32>
  %0 = ingot.broadcast_to %s {dims = #ingot.dims<["n", "m"]>} : (tensor<f32>) -> tensor<?x?xf32, #ingot.dims<["n", "m"]>>
  %1 = ingot.reshape %0 {dims = #ingot.dims<["m", "n"]>} : (tensor<?x?xf32, #ingot.dims<["n", "m"]>>) -> tensor<?x?xf32, #ingot.dims<["m", "n"]>>
  %2 = ingot.mul %x, %1 : (tensor<?x?xf32, #ingot.dims<["m", "n"]>>, tensor<?x?xf32, #ingot.dims<["m", "n"]>>) -> tensor<?x?xf32, #ingot.dims<["m", "n"]>>
  return %2 : tensor<?x?xf32, #ingot.dims<["m", "n"]>>
}

// A convolution's input whose channels are last is read in runs of channels; the weights follow.
// CHECK-LABEL: func @runs
// CHECK: %[[X:.*]] = ingot.view %arg0 {{.*}}strides ["72", "8", "8", "1"] : tensor<2x9x8xf32> -> tensor<2x7x3x8xf32>
// CHECK: %[[W:.*]] = ingot.view %arg1 {{.*}}strides ["0", "1", "3", "24"] : tensor<5x8x3xf32> -> tensor<2x3x8x5xf32>
// CHECK: ingot.contract %[[X]], %[[W]]
func.func @runs(%x: tensor<2x9x8xf32>, %w: tensor<5x8x3xf32>) -> tensor<2x7x5xf32> {
  %0 = ingot.transpose %x {permutation = array<i64: 0, 2, 1>} : (tensor<2x9x8xf32>) -> tensor<2x8x9xf32>
  %1 = ingot.windows %0 {steps = array<i64: 1>, dilations = array<i64: 1>} : tensor<2x8x9xf32> -> tensor<2x7x8x3xf32>
  %2 = ingot.transpose %w {permutation = array<i64: 1, 2, 0>} : (tensor<5x8x3xf32>) -> tensor<8x3x5xf32>
  %3 = ingot.broadcast_to %2 {dims = #ingot.dims<["2", "8", "3", "5"]>} : (tensor<8x3x5xf32>) -> tensor<2x8x3x5xf32>
  %4 = ingot.contract %1, %3 {batch = 1 : i64, rows = 1 : i64, depth = 2 : i64} : tensor<2x7x8x3xf32>, tensor<2x8x3x5xf32> -> tensor<2x7x5xf32>
  return %4 : tensor<2x7x5xf32>
}
