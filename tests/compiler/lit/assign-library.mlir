// A library computes products with constant matrices in f32; what has batches of its own, other strides or another type stays generated.
// RUN: ingot-opt --ingot-assign-library --ingot-pack-constants --ingot-form-regions %s | FileCheck %s

// CHECK-LABEL: func.func @main
// CHECK: %[[W:.*]] = ingot.constant 0
// CHECK: %[[P:.*]] = ingot.pack {{.*}}xf64>
// CHECK: ingot.dispatch @kernel_0(%{{.*}}, %[[W]])
// CHECK: ingot.dispatch @kernel_3(%{{.*}}, %[[P]])
// CHECK: @kernel_0{{.*}}ingot.kind = "library"
// CHECK: ingot.contract {{.*}}library
// CHECK-NEXT: return
// CHECK: @kernel_1{{.*}}ingot.kind = "loop"
// CHECK-NEXT: ingot.view
// CHECK-NEXT: ingot.relu
// CHECK: @kernel_3{{.*}}ingot.kind = "contract"
// CHECK: @kernel_4{{.*}}ingot.kind = "contract"
func.func @main(%x: tensor<2x4x8xf32>, %y: tensor<2x8x40xf32>) -> (tensor<2x4x40xf32>, tensor<2x4x40xf64>, tensor<2x4x40xf32>) {
  %w = ingot.constant 0 : tensor<8x40xf32>
  %v = ingot.view %w offset ["0"] strides ["0", "40", "1"] : tensor<8x40xf32> -> tensor<2x8x40xf32>
  %0 = ingot.contract %x, %v {batch = 1 : i64, rows = 1 : i64, depth = 1 : i64} : tensor<2x4x8xf32>, tensor<2x8x40xf32> -> tensor<2x4x40xf32>
  %1 = ingot.relu %0 : (tensor<2x4x40xf32>) -> tensor<2x4x40xf32>
  %d = ingot.constant 1 : tensor<8x40xf64>
  %e = ingot.cast %x {to = f64} : (tensor<2x4x8xf32>) -> tensor<2x4x8xf64>
  %f = ingot.view %d offset ["0"] strides ["0", "40", "1"] : tensor<8x40xf64> -> tensor<2x8x40xf64>
  %2 = ingot.contract %e, %f {batch = 1 : i64, rows = 1 : i64, depth = 1 : i64} : tensor<2x4x8xf64>, tensor<2x8x40xf64> -> tensor<2x4x40xf64>
  %3 = ingot.contract %x, %y {batch = 1 : i64, rows = 1 : i64, depth = 1 : i64} : tensor<2x4x8xf32>, tensor<2x8x40xf32> -> tensor<2x4x40xf32>
  return %1, %2, %3 : tensor<2x4x40xf32>, tensor<2x4x40xf64>, tensor<2x4x40xf32>
}
