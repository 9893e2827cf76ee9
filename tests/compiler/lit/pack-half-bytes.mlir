// Tensors of 4-bit elements become bytes; casts from and to them become arithmetic on bytes.
// RUN: ingot-opt --ingot-pack-half-bytes %s | FileCheck %s

// An odd number of elements leaves the last half byte out.
// CHECK-LABEL: func @unpack
// CHECK-SAME: (%[[X:.*]]: tensor<8xui8>)
// CHECK: %[[H:.*]] = ingot.halves %[[X]] : tensor<8xui8> -> tensor<15xi8>
// CHECK: ingot.cast %[[H]] {{.*}} -> tensor<15xf32>
// CHECK: ingot.reshape {{.*}} -> tensor<3x5xf32>
func.func @unpack(%x: tensor<3x5xi4>) -> tensor<3x5xf32> {
  %y = ingot.cast %x {to = f32} : (tensor<3x5xi4>) -> tensor<3x5xf32>
  return %y : tensor<3x5xf32>
}

// Floats saturate, and a byte is its two halves. An even number of elements needs no padding.
// CHECK-LABEL: func @pack
// CHECK-SAME: -> tensor<8xui8>
// CHECK: ingot.cast {{.*}} -> tensor<4x4xui8>
// CHECK: ingot.min
// CHECK-NOT: ingot.pad
// CHECK: ingot.logical_and {{.*}} -> tensor<8xui8>
// CHECK: ingot.shift_left {{.*}} -> tensor<8xui8>
// CHECK: ingot.logical_or
// CHECK: return {{.*}} : tensor<8xui8>
func.func @pack(%x: tensor<4x4xf32>) -> tensor<4x4xui4> {
  %y = ingot.cast %x {to = ui4} : (tensor<4x4xf32>) -> tensor<4x4xui4>
  return %y : tensor<4x4xui4>
}

// Constants are the bytes that they are in the file; a number is a byte; a reshape moves nothing.
// CHECK-LABEL: func @move
// CHECK-SAME: (%[[X:.*]]: tensor<?xui8, {{.*}}>)
// CHECK: %[[W:.*]] = ingot.constant 7 : tensor<5xui8>
// CHECK: %[[S:.*]] = ingot.scalar(14 : i8) : tensor<1xui8>
// CHECK: return %[[X]], %[[W]], %[[S]]
func.func @move(%x: tensor<?x6xi4, #ingot.dims<["n", "6"]>>) -> (tensor<6x?xi4, #ingot.dims<["6", "n"]>>, tensor<3x3xi4>, tensor<i4>) {
  %w = ingot.constant 7 : tensor<3x3xi4>
  %s = ingot.scalar(-2 : i4) : tensor<i4>
  %y = ingot.reshape %x {dims = #ingot.dims<["6", "n"]>} : (tensor<?x6xi4, #ingot.dims<["n", "6"]>>) -> tensor<6x?xi4, #ingot.dims<["6", "n"]>>
  return %y, %w, %s : tensor<6x?xi4, #ingot.dims<["6", "n"]>>, tensor<3x3xi4>, tensor<i4>
}
