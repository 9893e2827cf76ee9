// Axes that all operands of a region walk evenly are one axis of the kernel.
// RUN: ingot-opt --split-input-file --ingot-form-regions %s | FileCheck %s

// Two contiguous operands: one row. A transposed one: its two inner axes.
// CHECK-LABEL: func.func @main
// CHECK: @kernel_0{{.*}}ingot.space = #ingot.dims<["24"]>
// CHECK: ingot.add {{.*}} (tensor<24xf32>, tensor<24xf32>) -> tensor<24xf32>
// CHECK: @kernel_1{{.*}}ingot.space = #ingot.dims<["2", "12"]>
// CHECK: ingot.view {{.*}} offset ["0"] strides ["0", "1"] : tensor<3x4xf32> -> tensor<2x12xf32>
func.func @main(%x: tensor<2x3x4xf32>, %y: tensor<2x3x4xf32>, %z: tensor<3x4xf32>) -> (tensor<2x3x4xf32>, tensor<2x3x4xf32>) {
  %0 = ingot.add %x, %y : (tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  %1 = ingot.view %z offset ["0"] strides ["0", "4", "1"] : tensor<3x4xf32> -> tensor<2x3x4xf32>
  %2 = ingot.mul %x, %1 : (tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return %0, %2 : tensor<2x3x4xf32>, tensor<2x3x4xf32>
}

// -----

// Batch and row of a packed contraction, with a bias behind it.
// CHECK-LABEL: func.func @main
// CHECK: @kernel_0{{.*}}ingot.space = #ingot.dims<["n * s", "5"]>
// CHECK: ingot.contract {{.*}}rows = 1
func.func @main(%x: tensor<?x?x4xf32, #ingot.dims<["n", "s", "4"]>>, %w: tensor<1x4x16xf32>, %bias: tensor<5xf32>) -> tensor<?x?x5xf32, #ingot.dims<["n", "s", "5"]>> {
  %0 = ingot.contract %x, %w {batch = 0 : i64, rows = 2 : i64, depth = 1 : i64, panels = 16 : i64} : tensor<?x?x4xf32, #ingot.dims<["n", "s", "4"]>>, tensor<1x4x16xf32> -> tensor<?x?x5xf32, #ingot.dims<["n", "s", "5"]>>
  %1 = ingot.view %bias offset ["0"] strides ["0", "0", "1"] : tensor<5xf32> -> tensor<?x?x5xf32, #ingot.dims<["n", "s", "5"]>>
  %2 = ingot.add %0, %1 : (tensor<?x?x5xf32, #ingot.dims<["n", "s", "5"]>>, tensor<?x?x5xf32, #ingot.dims<["n", "s", "5"]>>) -> tensor<?x?x5xf32, #ingot.dims<["n", "s", "5"]>>
  return %2 : tensor<?x?x5xf32, #ingot.dims<["n", "s", "5"]>>
}

// -----

// An op that uses the index keeps the rows apart.
// CHECK-LABEL: func.func @main
// CHECK: @kernel_0{{.*}}ingot.space = #ingot.dims<["n", "s", "5"]>
// CHECK: ingot.contract {{.*}}rows = 2
func.func @main(%x: tensor<?x?x4xf32, #ingot.dims<["n", "s", "4"]>>, %w: tensor<1x4x16xf32>) -> tensor<?x?x5xf32, #ingot.dims<["n", "s", "5"]>> {
  %0 = ingot.contract %x, %w {batch = 0 : i64, rows = 2 : i64, depth = 1 : i64, panels = 16 : i64} : tensor<?x?x4xf32, #ingot.dims<["n", "s", "4"]>>, tensor<1x4x16xf32> -> tensor<?x?x5xf32, #ingot.dims<["n", "s", "5"]>>
  %1 = ingot.iota {dims = #ingot.dims<["n", "s", "5"]>, axis = 1 : i64, dtype = f32} : () -> tensor<?x?x5xf32, #ingot.dims<["n", "s", "5"]>>
  %2 = ingot.add %0, %1 : (tensor<?x?x5xf32, #ingot.dims<["n", "s", "5"]>>, tensor<?x?x5xf32, #ingot.dims<["n", "s", "5"]>>) -> tensor<?x?x5xf32, #ingot.dims<["n", "s", "5"]>>
  return %2 : tensor<?x?x5xf32, #ingot.dims<["n", "s", "5"]>>
}

// -----

// The contracted axes of a 1x1 convolution: channels alone. Batch axes stay apart from rows.
// CHECK-LABEL: func.func @main
// CHECK: @kernel_0{{.*}}ingot.space = #ingot.dims<["2", "20", "7"]>
// CHECK: ingot.contract {{.*}}batch = 1 : i64, depth = 1 : i64, rows = 1 : i64
func.func @main(%x: tensor<2x3x4x5xf32>, %w: tensor<3x7xf32>) -> tensor<2x4x5x7xf32> {
  %0 = ingot.view %x offset ["0"] strides ["60", "5", "1", "20", "0", "0"] : tensor<2x3x4x5xf32> -> tensor<2x4x5x3x1x1xf32>
  %1 = ingot.view %w offset ["0"] strides ["0", "7", "7", "7", "1"] : tensor<3x7xf32> -> tensor<2x3x1x1x7xf32>
  %2 = ingot.contract %0, %1 {batch = 1 : i64, rows = 2 : i64, depth = 3 : i64} : tensor<2x4x5x3x1x1xf32>, tensor<2x3x1x1x7xf32> -> tensor<2x4x5x7xf32>
  return %2 : tensor<2x4x5x7xf32>
}

// -----

// A gather reads rows of what the row region holds: it stands apart from it.
// CHECK-LABEL: func.func @main
// CHECK-COUNT-2: ingot.dispatch
// CHECK-NOT: ingot.dispatch
func.func @main(%x: tensor<4x6xf32>, %i: tensor<4xi64>) -> tensor<4x6xf32> {
  %0 = ingot.reduce_max %x {axes = array<i64: 1>, keep_dims = true} : (tensor<4x6xf32>) -> tensor<4x1xf32>
  %1 = ingot.view %0 offset ["0"] strides ["1", "0"] : tensor<4x1xf32> -> tensor<4x6xf32>
  %2 = ingot.sub %x, %1 : (tensor<4x6xf32>, tensor<4x6xf32>) -> tensor<4x6xf32>
  %3 = ingot.gather %2, %i {axis = 0 : i64} : (tensor<4x6xf32>, tensor<4xi64>) -> tensor<4x6xf32>
  %4 = ingot.add %3, %2 : (tensor<4x6xf32>, tensor<4x6xf32>) -> tensor<4x6xf32>
  %5 = ingot.reduce_sum %4 {axes = array<i64: 1>, keep_dims = true} : (tensor<4x6xf32>) -> tensor<4x1xf32>
  %6 = ingot.view %5 offset ["0"] strides ["1", "0"] : tensor<4x1xf32> -> tensor<4x6xf32>
  %7 = ingot.mul %6, %4 : (tensor<4x6xf32>, tensor<4x6xf32>) -> tensor<4x6xf32>
  return %7 : tensor<4x6xf32>
}
