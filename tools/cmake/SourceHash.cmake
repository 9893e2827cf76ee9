# Writes OUTPUT, a header with one constant: a hash over the contents of FILES. Run by the build whenever one of them changes:
#   cmake -DOUTPUT=... "-DFILES=a;b" -P SourceHash.cmake
set(all "")
foreach(file IN LISTS FILES)
  file(SHA256 ${file} hash)
  string(APPEND all ${hash})
endforeach()
string(SHA256 hash "${all}")
string(SUBSTRING ${hash} 0 16 hash)
file(WRITE ${OUTPUT} "// Generated: changes whenever a source of the compiler does.\ninline constexpr char kSourceHash[] = \"${hash}\";\n")
