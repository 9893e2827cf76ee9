// Composites become primitives; a convolution becomes a contraction over windows of its input.
// RUN: ingot-opt --ingot-decompose %s | FileCheck %s

// CHECK-LABEL: func @softmax
// CHECK: ingot.reduce_max
// CHECK: ingot.sub
// CHECK: ingot.exp
// CHECK: ingot.reduce_sum
// CHECK: ingot.reciprocal
// CHECK: ingot.mul
// CHECK-NOT: ingot.softmax
func.func @softmax(%x: tensor<?x8xf32, #ingot.dims<["n", "8"]>>) -> tensor<?x8xf32, #ingot.dims<["n", "8"]>> {
  %y = ingot.softmax %x {axis = 1 : i64} : (tensor<?x8xf32, #ingot.dims<["n", "8"]>>) -> tensor<?x8xf32, #ingot.dims<["n", "8"]>>
  return %y : tensor<?x8xf32, #ingot.dims<["n", "8"]>>
}

// One group is no axis: what follows the product reads it as it is, but for the order of its axes.
// CHECK-LABEL: func @conv
// CHECK: ingot.pad
// CHECK: ingot.windows {{.*}} -> tensor<2x16x3x5xf32>
// CHECK: ingot.contract {{.*}}batch = 1 : i64, depth = 2 : i64, rows = 1 : i64
// CHECK-NEXT: ingot.transpose
// CHECK-NEXT: return
func.func @conv(%x: tensor<2x3x16xf32>, %w: tensor<6x3x5xf32>) -> tensor<2x6x16xf32> {
  %y = ingot.conv %x, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 2, 2>, groups = 1 : i64} : (tensor<2x3x16xf32>, tensor<6x3x5xf32>) -> tensor<2x6x16xf32>
  return %y : tensor<2x6x16xf32>
}

// CHECK-LABEL: func @conv_in_groups
// CHECK: ingot.windows {{.*}} -> tensor<2x3x12x1x5xf32>
// CHECK: ingot.contract {{.*}}batch = 2 : i64, depth = 2 : i64, rows = 1 : i64
// CHECK: ingot.transpose
// CHECK: ingot.reshape
func.func @conv_in_groups(%x: tensor<2x3x16xf32>, %w: tensor<6x1x5xf32>) -> tensor<2x6x12xf32> {
  %y = ingot.conv %x, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, groups = 3 : i64} : (tensor<2x3x16xf32>, tensor<6x1x5xf32>) -> tensor<2x6x12xf32>
  return %y : tensor<2x6x12xf32>
}

// Trailing axes are reduced as one.
// CHECK-LABEL: func @rows
// CHECK: ingot.reshape {{.*}} -> tensor<4x15xf32>
// CHECK: ingot.reduce_sum {{.*}}axes = array<i64: 1>
func.func @rows(%x: tensor<4x3x5xf32>) -> tensor<4xf32> {
  %y = ingot.reduce_sum %x {axes = array<i64: 1, 2>, keep_dims = false} : (tensor<4x3x5xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// A square root, but +inf at -inf, and +0 at -0.
// CHECK-LABEL: func @pow_half
// CHECK: %[[SUM:.*]] = ingot.add
// CHECK: %[[ROOT:.*]] = ingot.sqrt %[[SUM]]
// CHECK: %[[END:.*]] = ingot.equal
// CHECK: ingot.select %[[END]], %{{.*}}, %[[ROOT]]
func.func @pow_half(%x: tensor<4xf32>) -> tensor<4xf32> {
  %half = ingot.scalar(0.5 : f64) : tensor<f32>
  %0 = ingot.pow %x, %half : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// Seventeen operands: sixteen, and then the last.
// CHECK-LABEL: func @concat
// CHECK: %[[FIRST:.*]] = ingot.concat {{.*}} -> tensor<2x48xf32>
// CHECK: ingot.concat %[[FIRST]], %{{.*}} -> tensor<2x51xf32>
// CHECK-NOT: ingot.concat
func.func @concat(%x: tensor<2x3xf32>) -> tensor<2x51xf32> {
  %0 = ingot.concat %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x {axis = 1 : i64} : (tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x51xf32>
  return %0 : tensor<2x51xf32>
}

// A convolution of every channel by itself is a sum over the taps of its window.
// CHECK-LABEL: func @depthwise
// CHECK-NOT: ingot.contract
// CHECK: ingot.slice %arg0 {limits = #ingot.dims<["n", "8", "h - 2"]>, starts = #ingot.dims<["0", "0", "0"]>
// CHECK: ingot.slice %arg0 {limits = #ingot.dims<["n", "8", "h"]>, starts = #ingot.dims<["0", "0", "2"]>
// CHECK: ingot.mul
// CHECK: ingot.add
// CHECK-NOT: ingot.slice
func.func @depthwise(%x: tensor<?x8x?xf32, #ingot.dims<["n", "8", "h"]>>, %w: tensor<8x1x2xf32>) -> tensor<?x8x?xf32, #ingot.dims<["n", "8", "h - 2"]>> {
  %y = ingot.conv %x, %w {strides = array<i64: 1>, dilations = array<i64: 2>, pads = array<i64: 0, 0>, groups = 8 : i64} : (tensor<?x8x?xf32, #ingot.dims<["n", "8", "h"]>>, tensor<8x1x2xf32>) -> tensor<?x8x?xf32, #ingot.dims<["n", "8", "h - 2"]>>
  return %y : tensor<?x8x?xf32, #ingot.dims<["n", "8", "h - 2"]>>
}
