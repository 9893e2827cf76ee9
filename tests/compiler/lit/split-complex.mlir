// Complex numbers become pairs of floats; in memory they are floats side by side.
// RUN: ingot-opt --ingot-split-complex %s | FileCheck %s

// Parts of what memory holds are every other element; nothing is made complex on the way.
// CHECK-LABEL: func @parts
// CHECK-SAME: (%[[X:.*]]: tensor<?xf32, #ingot.dims<["2 * n"]>>) -> tensor<?xf32, #ingot.dims<["n"]>>
// CHECK: %[[ROWS:.*]] = ingot.reshape %[[X]]
// CHECK: ingot.slice %[[ROWS]] {limits = #ingot.dims<["n", "1"]>, starts = #ingot.dims<["0", "0"]>
// CHECK: ingot.slice %[[ROWS]] {limits = #ingot.dims<["n", "2"]>, starts = #ingot.dims<["0", "1"]>
// CHECK: %[[Y:.*]] = ingot.add
// CHECK-NOT: complex
// CHECK: return %[[Y]]
func.func @parts(%x: tensor<?xcomplex<f32>, #ingot.dims<["n"]>>) -> tensor<?xf32, #ingot.dims<["n"]>> {
  %re = ingot.real %x : (tensor<?xcomplex<f32>, #ingot.dims<["n"]>>) -> tensor<?xf32, #ingot.dims<["n"]>>
  %im = ingot.imag %x : (tensor<?xcomplex<f32>, #ingot.dims<["n"]>>) -> tensor<?xf32, #ingot.dims<["n"]>>
  %y = ingot.add %re, %im : (tensor<?xf32, #ingot.dims<["n"]>>, tensor<?xf32, #ingot.dims<["n"]>>) -> tensor<?xf32, #ingot.dims<["n"]>>
  return %y : tensor<?xf32, #ingot.dims<["n"]>>
}

// A product of what is made of parts and split again touches no memory between.
// CHECK-LABEL: func @product
// CHECK-SAME: (%[[A:.*]]: tensor<3xf32>, %[[B:.*]]: tensor<3xf32>)
// CHECK: %[[AA:.*]] = ingot.mul %[[A]], %[[A]]
// CHECK: %[[BB:.*]] = ingot.mul %[[B]], %[[B]]
// CHECK: %[[RE:.*]] = ingot.sub %[[AA]], %[[BB]]
// CHECK: ingot.add
// CHECK-NOT: ingot.concat
// CHECK: return %[[RE]]
func.func @product(%a: tensor<3xf32>, %b: tensor<3xf32>) -> tensor<3xf32> {
  %z = ingot.complex %a, %b : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xcomplex<f32>>
  %zz = ingot.mul %z, %z : (tensor<3xcomplex<f32>>, tensor<3xcomplex<f32>>) -> tensor<3xcomplex<f32>>
  %re = ingot.real %zz : (tensor<3xcomplex<f32>>) -> tensor<3xf32>
  return %re : tensor<3xf32>
}

// Functions and constants keep them in memory; a value that two of them take is put together once.
// CHECK-LABEL: func @memory
// CHECK-SAME: (%[[X:.*]]: tensor<12xf32>) -> (tensor<12xf32>, tensor<12xf32>, tensor<8xf32>)
// CHECK: %[[W:.*]] = ingot.constant 3 : tensor<8xf32>
// CHECK: %[[N:.*]] = ingot.concat
// CHECK: %[[F:.*]] = ingot.reshape %[[N]] {{.*}} -> tensor<12xf32>
// CHECK-NOT: ingot.concat
// CHECK: %[[R:.*]] = ingot.call %[[F]] {function = "g"} : (tensor<12xf32>) -> tensor<12xf32>
// CHECK: return %[[R]], %[[F]], %[[W]]
func.func @memory(%x: tensor<2x3xcomplex<f32>>) -> (tensor<2x3xcomplex<f32>>, tensor<2x3xcomplex<f32>>, tensor<4xcomplex<f32>>) {
  %w = ingot.constant 3 : tensor<4xcomplex<f32>>
  %n = ingot.neg %x : (tensor<2x3xcomplex<f32>>) -> tensor<2x3xcomplex<f32>>
  %r = ingot.call %n {function = "g"} : (tensor<2x3xcomplex<f32>>) -> tensor<2x3xcomplex<f32>>
  return %r, %n, %w : tensor<2x3xcomplex<f32>>, tensor<2x3xcomplex<f32>>, tensor<4xcomplex<f32>>
}

// Where the value is no complex number, the pair is joined.
// CHECK-LABEL: func @compare
// CHECK: %[[RE:.*]] = ingot.equal
// CHECK: %[[IM:.*]] = ingot.equal
// CHECK: %[[Y:.*]] = ingot.logical_and %[[RE]], %[[IM]]
// CHECK: return %[[Y]] : tensor<2xi1>
func.func @compare(%x: tensor<2xcomplex<f32>>, %y: tensor<2xcomplex<f32>>) -> tensor<2xi1> {
  %z = ingot.equal %x, %y : (tensor<2xcomplex<f32>>, tensor<2xcomplex<f32>>) -> tensor<2xi1>
  return %z : tensor<2xi1>
}
