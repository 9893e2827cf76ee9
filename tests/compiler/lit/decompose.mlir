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
func.func @softmax(%x: tensor<?x8xf32, ["n", "8"]>) -> tensor<?x8xf32, ["n", "8"]> {
  %y = ingot.softmax %x {axis = 1 : i64} : (tensor<?x8xf32, ["n", "8"]>) -> tensor<?x8xf32, ["n", "8"]>
  return %y : tensor<?x8xf32, ["n", "8"]>
}
