// Writes the schemas that ONNX's messages were made from, as they are in its shared library, for protoc: the package
// has neither an archive nor all of the .proto files.
//   onnx_schema OUT
#include <google/protobuf/descriptor.pb.h>
#include <onnx/onnx-data_pb.h>
#include <onnx/onnx_pb.h>

#include <fstream>

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  google::protobuf::FileDescriptorSet files;
  onnx::ModelProto::descriptor()->file()->CopyTo(files.add_file());
  onnx::SequenceProto::descriptor()->file()->CopyTo(files.add_file());
  std::ofstream out(argv[1], std::ios::binary);
  return files.SerializeToOstream(&out) && out.flush() ? 0 : 1;
}
