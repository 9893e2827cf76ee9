// Several objects in one: what they hold, what they bind, and what they show to others.
#include "compiler/emit/merge_objects.h"

#include <elf.h>

#include <cstring>
#include <map>

#include "compiler/emit/object_emitter.h"
#include "gmock/gmock.h"
#include "llvm/AsmParser/Parser.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/Support/SourceMgr.h"

namespace ingot::compiler {
namespace {

std::string ObjectOf(const std::string &ir) {
  llvm::LLVMContext context;
  llvm::SMDiagnostic error;
  std::unique_ptr<llvm::Module> module = llvm::parseAssemblyString(ir, error, context);
  EXPECT_TRUE(module) << error.getMessage().str();
  EXPECT_TRUE(Optimize(*module).ok());
  return EmitCode(*module, CodeForm::Object).value();
}

// A constant in a section of equal ones, a table behind a section's symbol, a local function of a name that both have.
std::string Unit(const std::string &name, const std::string &factor, const std::string &table) {
  return "@table = internal constant [4 x i32] " + table +
         "\n"
         "define internal double @scale(double %x) noinline {\n  %y = fmul double %x, " +
         factor +
         "\n  ret double %y\n}\n"
         "define hidden double @" +
         name +
         "(double %x, i64 %i) {\n"
         "  %p = getelementptr i32, ptr @table, i64 %i\n  %t = load i32, ptr %p\n  %f = sitofp i32 %t to double\n"
         "  %s = call double @scale(double %x)\n  %sum = fadd double %s, %f\n  ret double %sum\n}\n";
}

std::vector<std::string> Objects() {
  return {ObjectOf("declare hidden double @first(double, i64)\ndeclare hidden double @second(double, i64)\n"
                   "@functions = constant [2 x ptr] [ptr @first, ptr @second]\n"
                   "@zeros = internal global [3 x i8] zeroinitializer\n"
                   "define ptr @room() {\n  ret ptr @zeros\n}\n"),
          ObjectOf(Unit("first", "3.0", "[i32 1, i32 2, i32 3, i32 4]")),
          ObjectOf(Unit("second", "5.0", "[i32 10, i32 20, i32 30, i32 40]"))};
}

// Binding and section of every symbol with a name.
std::map<std::string, std::pair<int, int>> SymbolsOf(const std::string &object) {
  std::map<std::string, std::pair<int, int>> result;
  auto *header = reinterpret_cast<const Elf64_Ehdr *>(object.data());
  auto *sections = reinterpret_cast<const Elf64_Shdr *>(object.data() + header->e_shoff);
  for (int i = 0; i < header->e_shnum; ++i) {
    if (sections[i].sh_type != SHT_SYMTAB) continue;
    const char *names = object.data() + sections[sections[i].sh_link].sh_offset;
    auto *symbols = reinterpret_cast<const Elf64_Sym *>(object.data() + sections[i].sh_offset);
    for (uint64_t j = 0; j < sections[i].sh_size / sizeof(Elf64_Sym); ++j) {
      bool is_local = ELF64_ST_BIND(symbols[j].st_info) == STB_LOCAL;
      EXPECT_EQ(is_local, j < sections[i].sh_info) << "local symbols stand first";
      result[names + symbols[j].st_name] = {ELF64_ST_BIND(symbols[j].st_info), symbols[j].st_shndx};
    }
  }
  return result;
}

TEST(MergeObjectsTest, TheResultComputesWhatItsPartsDo) {
  std::string object = MergeObjects(Objects()).value();
  auto jit = llvm::cantFail(llvm::orc::LLJITBuilder().create());
  llvm::cantFail(jit->addObjectFile(llvm::MemoryBuffer::getMemBufferCopy(object, "merged")));
  auto *functions = llvm::cantFail(jit->lookup("functions")).toPtr<double (**)(double, int64_t)>();
  for (int64_t i = 0; i < 4; ++i) {
    EXPECT_EQ(functions[0](7, i), 21.0 + static_cast<double>(i + 1));
    EXPECT_EQ(functions[1](7, i), 35.0 + static_cast<double>(10 * (i + 1)));
  }
  auto *zeros = llvm::cantFail(jit->lookup("room")).toPtr<const char *(*)()>()();
  EXPECT_EQ(std::string(zeros, 3), std::string(3, '\0'));
}

TEST(MergeObjectsTest, HiddenSymbolsBecomeLocal) {
  auto symbols = SymbolsOf(MergeObjects(Objects()).value());
  for (const char *name : {"first", "second"}) {
    EXPECT_EQ(symbols[name].first, STB_LOCAL) << name;
    EXPECT_NE(symbols[name].second, SHN_UNDEF) << name;
  }
  for (const char *name : {"functions", "room"}) EXPECT_EQ(symbols[name].first, STB_GLOBAL) << name;
}

TEST(MergeObjectsTest, ASymbolThatNoPartDefinesStaysUndefined) {
  std::string caller = ObjectOf(
      "declare double @cos(double)\ndefine double @f(double %x) {\n"
      "  %y = tail call double @cos(double %x)\n  ret double %y\n}\n");
  auto symbols = SymbolsOf(MergeObjects({Objects()[1], caller}).value());
  EXPECT_EQ(symbols["cos"], std::make_pair(static_cast<int>(STB_GLOBAL), static_cast<int>(SHN_UNDEF)));
  EXPECT_EQ(symbols["f"].first, STB_GLOBAL);
}

TEST(MergeObjectsTest, TwoDefinitionsAreRefused) {
  std::string object = Objects()[1];
  absl::Status status = MergeObjects({object, object}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr("'first'"));
}

TEST(MergeObjectsTest, SectionsThatDependOnOthersAreRefused) {
  std::string inGroup = ObjectOf("$f = comdat any\ndefine void @f() comdat {\n  ret void\n}\n");
  EXPECT_EQ(MergeObjects({inGroup}).status().code(), absl::StatusCode::kInternal);
}

}  // namespace
}  // namespace ingot::compiler
