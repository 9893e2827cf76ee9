// Ops become kernels: what is element-wise joins the contraction or the rows that it follows, and equal kernels are one.
// RUN: ingot-opt --split-input-file --ingot-form-regions %s | FileCheck %s

// CHECK-LABEL: func.func @main
// CHECK: ingot.dispatch @kernel_0
// CHECK-NOT: ingot.dispatch
// CHECK: @kernel_0{{.*}}ingot.device = "cpu"{{.*}}ingot.kind = "contract"
// CHECK-SAME: ingot.schedule = {panel_width = 16 : i64, sum_length = 256 : i64, tile_panels = 1 : i64, tile_rows = 128 : i64}
// CHECK: ingot.contract
// CHECK-NEXT: ingot.relu
func.func @main(%x: tensor<4x8xf32>, %y: tensor<8x6xf32>) -> tensor<4x6xf32> {
  %0 = ingot.contract %x, %y {batch = 0 : i64, rows = 1 : i64, depth = 1 : i64} : tensor<4x8xf32>, tensor<8x6xf32> -> tensor<4x6xf32>
  %1 = ingot.relu %0 : (tensor<4x6xf32>) -> tensor<4x6xf32>
  return %1 : tensor<4x6xf32>
}

// -----

// What a contraction reads is never computed inside its kernel, even if the sum behind it could take both.
// CHECK-LABEL: func.func @main
// CHECK: ingot.dispatch @kernel_0
// CHECK: ingot.dispatch @kernel_1
// CHECK: @kernel_0{{.*}}ingot.kind = "loop"
// CHECK: ingot.tanh
// CHECK: @kernel_1{{.*}}ingot.kind = "contract"
// CHECK: ingot.contract
// CHECK-NEXT: ingot.add
func.func @main(%x: tensor<4x6xf32>, %y: tensor<6x6xf32>) -> tensor<4x6xf32> {
  %0 = ingot.tanh %x : (tensor<4x6xf32>) -> tensor<4x6xf32>
  %1 = ingot.contract %0, %y {batch = 0 : i64, rows = 1 : i64, depth = 1 : i64} : tensor<4x6xf32>, tensor<6x6xf32> -> tensor<4x6xf32>
  %2 = ingot.add %0, %1 : (tensor<4x6xf32>, tensor<4x6xf32>) -> tensor<4x6xf32>
  return %2 : tensor<4x6xf32>
}

// -----

// CHECK-LABEL: func.func @main
// CHECK: ingot.dispatch @kernel_0
// CHECK-NOT: ingot.dispatch
// CHECK: @kernel_0{{.*}}ingot.kind = "row"
func.func @main(%x: tensor<4x6xf32>) -> tensor<4x6xf32> {
  %0 = ingot.reduce_max %x {axes = array<i64: 1>, keep_dims = true} : (tensor<4x6xf32>) -> tensor<4x1xf32>
  %1 = ingot.view %0 offset ["0"] strides ["1", "0"] : tensor<4x1xf32> -> tensor<4x6xf32>
  %2 = ingot.sub %x, %1 : (tensor<4x6xf32>, tensor<4x6xf32>) -> tensor<4x6xf32>
  return %2 : tensor<4x6xf32>
}

// -----

// CHECK-LABEL: func.func @main
// CHECK: ingot.dispatch @kernel_0
// CHECK: ingot.dispatch @kernel_0
// CHECK-NOT: @kernel_1
func.func @main(%x: tensor<4x8xf32>, %y: tensor<8x8xf32>) -> tensor<4x8xf32> {
  %0 = ingot.contract %x, %y {batch = 0 : i64, rows = 1 : i64, depth = 1 : i64} : tensor<4x8xf32>, tensor<8x8xf32> -> tensor<4x8xf32>
  %1 = ingot.contract %0, %y {batch = 0 : i64, rows = 1 : i64, depth = 1 : i64} : tensor<4x8xf32>, tensor<8x8xf32> -> tensor<4x8xf32>
  return %1 : tensor<4x8xf32>
}

// -----

// Equal outputs are two buffers.
// CHECK-LABEL: func.func @main
// CHECK: %[[Y:.*]]:2 = ingot.dispatch
// CHECK: return %[[Y]]#0, %[[Y]]#1
func.func @main(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %0 = ingot.exp %x : (tensor<4xf32>) -> tensor<4xf32>
  return %0, %0 : tensor<4xf32>, tensor<4xf32>
}
