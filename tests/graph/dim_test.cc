// Dims: the canonical form, parsing and printing, exact division, overflow and hostile texts. Random expressions are
// compared with direct evaluation in 128 bits, from a fixed seed.
#include "ingot/dim.h"

#include <functional>
#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace ingot {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Symbols = std::map<std::string, int64_t>;

Dim Parsed(std::string_view text) {
  absl::StatusOr<Dim> dim = Dim::Parse(text);
  EXPECT_TRUE(dim.ok()) << dim.status().message();
  return dim.value_or(Dim(-1));
}

std::string ParseError(std::string_view text) {
  absl::StatusOr<Dim> dim = Dim::Parse(text);
  if (dim.ok()) return "accepted as " + dim->ToString();
  EXPECT_EQ(dim.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(dim.status().message());
}

TEST(DimTest, EqualExpressionsAreEqual) {
  for (auto [a, b] : std::vector<std::pair<const char *, const char *>>{
           {"2 * (n + 1)", "n + n + 2"},
           {"(a + b) * (a - b)", "a * a - b * b"},
           {"n - n", "0"},
           {"m * n", "n * m"},
           {"0 * n + 3", "3"},
           {"(n floordiv 4) floordiv 2", "n floordiv 8"},
           {"(n floordiv 4 + 3) floordiv 2", "(n + 12) floordiv 8"},
           {"((n - 1) floordiv 2) floordiv 2 + 1", "(n - 1) floordiv 4 + 1"},
           {"(n ceildiv 4 - 1) ceildiv 3", "(n - 4) ceildiv 12"},
           {"min(n, m)", "min(m, n)"},
           {"max(n, m)", "max(m, n)"},
           {"min(n, n + 2)", "n"},
           {"max(n, n + 2)", "n + 2"},
           {"min(n, n)", "n"},
           {"6 * n floordiv 3", "2 * n"},
           {"6 * n ceildiv 3", "2 * n"},
           {"6 * n mod 3", "0"},
           {"(4 * n + 2) floordiv 2", "2 * n + 1"},
           {"n floordiv 1", "n"},
           {"n floordiv -1", "-n"},
           {"7 floordiv 2", "3"},
           {"-7 floordiv 2", "-4"},
           {"7 ceildiv 2", "4"},
           {"-7 ceildiv 2", "-3"},
           {"-7 mod 3", "2"},
           {"7 mod -3", "-2"},
           {"-n floordiv 2", "(0 - n) floordiv 2"},
           {"- - n", "n"},
           {" ( ( n ) ) ", "n"},
           {"9223372036854775807 mod (-9223372036854775807 - 1)", "-1"},
       }) {
    EXPECT_EQ(Parsed(a), Parsed(b)) << a << " gives " << Parsed(a).ToString() << ", " << b << " gives "
                                    << Parsed(b).ToString();
    EXPECT_EQ(Parsed(a).ToString(), Parsed(b).ToString());
  }
}

TEST(DimTest, DifferentExpressionsDiffer) {
  for (auto [a, b] : std::vector<std::pair<const char *, const char *>>{{"n", "m"},
                                                                        {"n", "n + 1"},
                                                                        {"n floordiv 2", "n ceildiv 2"},
                                                                        {"n mod 2", "n mod 3"},
                                                                        {"min(n, m)", "max(n, m)"},
                                                                        {"n", "n * n"}}) {
    EXPECT_NE(Parsed(a), Parsed(b));
    EXPECT_NE(Parsed(a) < Parsed(b), Parsed(b) < Parsed(a)) << a << " against " << b;
  }
}

TEST(DimTest, QuotientsThatAreNoOneDivisionStay) {
  for (auto [a, b] : std::vector<std::pair<const char *, const char *>>{
           {"(n floordiv 4) ceildiv 2", "n ceildiv 8"},                 // 1: 0, not 1
           {"(2 * (n floordiv 4)) floordiv 3", "(2 * n) floordiv 12"},  // 7: 0, not 1
           {"(n floordiv -4) floordiv 2", "n floordiv -8"},             // 1: -1, and -1
           {"(n floordiv m) floordiv 2", "n floordiv (m * 2)"},
           {"(n floordiv 1073741824) floordiv 1073741824", "0"}})
    EXPECT_NE(Parsed(a), Parsed(b)) << a;
}

TEST(DimTest, Prints) {
  EXPECT_EQ(Parsed("1 + n + m * n").ToString(), "m * n + n + 1");
  EXPECT_EQ(Parsed("-n - 3").ToString(), "-1 * n - 3");
  EXPECT_EQ(Parsed("(h - 3) floordiv 2 + 1").ToString(), "((h - 3) floordiv (2)) + 1");
  EXPECT_EQ(Parsed("min(n, 512)").ToString(), "min(n, 512)");
  EXPECT_EQ(Dim().ToString(), "0");
  EXPECT_EQ(ToString(Dims{"batch", 784, "2 * n"}), "[batch, 784, 2 * n]");
  EXPECT_EQ(ToString(Dims{}), "[]");
}

TEST(DimTest, PrintsTheLowestIntegerSoThatItParses) {
  Dim lowest(INT64_MIN), product = lowest * Dim("n");
  EXPECT_EQ(Parsed(lowest.ToString()), lowest);
  EXPECT_EQ(Parsed(product.ToString()), product);
  EXPECT_EQ(Parsed((Dim("n * n") + product).ToString()), Dim("n * n") + product);
}

TEST(DimTest, ConstantAndSymbol) {
  EXPECT_EQ(Dim(7).constant(), 7);
  EXPECT_EQ(Dim(0).constant(), 0);
  EXPECT_EQ(Dim("n").constant(), std::nullopt);
  EXPECT_TRUE(Dim("n - n + 4").Is(4));
  EXPECT_EQ(Dim("n").symbol(), "n");
  EXPECT_EQ(Dim("2 * n").symbol(), std::nullopt);
  EXPECT_EQ(Dim("n * n").symbol(), std::nullopt);
  EXPECT_EQ(Dim("min(n, 3)").symbol(), std::nullopt);
  EXPECT_EQ(Dim(3).symbol(), std::nullopt);
  std::vector<std::string> names;
  Dim("b * a + min(c, a) + 1").CollectSymbols(names);
  EXPECT_THAT(names, ElementsAre("a", "b", "c"));
  EXPECT_EQ(NumElements({"n", 3, "n + 1"}), Dim("3 * n * n + 3 * n"));
  EXPECT_TRUE(NumElements({}).Is(1));
}

TEST(DimTest, DivideExactly) {
  auto divide = [](const char *a, const char *b) {
    std::optional<Dim> quotient = Dim::DivideExactly(a, b);
    return quotient ? quotient->ToString() : "none";
  };
  EXPECT_EQ(divide("6 * n * m + 4 * n", "2 * n"), "3 * m + 2");
  EXPECT_EQ(divide("6 * n + 3", "2"), "none");
  EXPECT_EQ(divide("n + m", "n"), "none");
  EXPECT_EQ(divide("n * n", "n"), "n");
  EXPECT_EQ(divide("n", "-1"), "-1 * n");
  EXPECT_EQ(divide("n + 1", "n + 1"), "1");
  EXPECT_EQ(divide("n * n + n", "n + 1"), "none");  // only by one term, as the header says
  EXPECT_EQ(divide("0", "n"), "0");
  EXPECT_EQ(divide("n", "0"), "none");
  EXPECT_EQ(divide("0", "0"), "none");
  EXPECT_EQ(divide("12", "4"), "3");
  EXPECT_EQ(divide("min(n, m) * 4", "2 * min(m, n)"), "2");
  EXPECT_EQ(Dim::DivideExactly(Dim(INT64_MIN), Dim(-1)), std::nullopt);
}

TEST(DimTest, EvaluateSaysWhatIsWrong) {
  auto error = [](const Dim &dim, const Symbols &symbols) {
    absl::StatusOr<int64_t> value = dim.Evaluate(symbols);
    return value.ok() ? "value " + std::to_string(*value) : std::string(value.status().message());
  };
  EXPECT_THAT(error("n + 1", {}), HasSubstr("no value for the symbol 'n'"));
  EXPECT_THAT(error("n floordiv m", {{"n", 4}, {"m", 0}}), HasSubstr("divides by zero"));
  EXPECT_THAT(error("n mod m", {{"n", 4}, {"m", 0}}), HasSubstr("divides by zero"));
  EXPECT_THAT(error("n floordiv m", {{"n", INT64_MIN}, {"m", -1}}), HasSubstr("does not fit 64 bits"));
  EXPECT_THAT(error("n * n", {{"n", INT64_C(1) << 32}}), HasSubstr("does not fit 64 bits"));
  EXPECT_THAT(error("n + m", {{"n", INT64_MAX}, {"m", 1}}), HasSubstr("does not fit 64 bits"));
  EXPECT_EQ(Dim("n * m").Evaluate({{"n", 6}, {"m", 7}}).value(), 42);
  EXPECT_EQ(Dim("max(n, 3) * min(n, 3)").Evaluate({{"n", 2}}).value(), 6);
}

TEST(DimTest, OverflowIsUndefinedAndStaysSo) {
  Dim big(INT64_C(1) << 62), n("n");
  for (const Dim &dim :
       {big * 4, big + big, big * n * 4, Dim(INT64_MIN) - 1, Dim(0) - Dim(INT64_MIN), Dim::FloorDiv(n, 0),
        Dim::CeilDiv(1, 0), Dim::Mod(n, 0), Dim::FloorDiv(INT64_MIN, -1), (n * big + n) * 4}) {
    EXPECT_TRUE(dim.undefined()) << dim.ToString();
    EXPECT_EQ(dim.ToString(), "<undefined>");
    EXPECT_EQ(dim.constant(), std::nullopt);
    EXPECT_EQ(dim.symbol(), std::nullopt);
    EXPECT_FALSE(dim.Evaluate({{"n", 1}}).ok());
    for (const Dim &other :
         {dim + 1, dim - dim, dim * 0, dim * n, Dim::Min(dim, dim), Dim::Max(n, dim), Dim::FloorDiv(dim, 2),
          Dim::Mod(dim, 1), Dim::CeilDiv(n, dim), dim.Substitute([](const std::string &) { return Dim(1); })}) {
      EXPECT_TRUE(other.undefined()) << other.ToString();
    }
    EXPECT_EQ(Dim::DivideExactly(dim, dim), std::nullopt);
  }
  EXPECT_FALSE((n - n).undefined());
  EXPECT_TRUE((Dim(-5) - Dim(INT64_MIN)).Is(INT64_MAX - 4));
}

TEST(DimTest, AMalformedLiteralIsUndefined) {
  for (const char *text : {"", "n +", "1.5", "7up", "n floordiv 0"}) {
    Dim dim = text;
    EXPECT_TRUE(dim.undefined()) << text;
    EXPECT_TRUE((dim + 1).undefined()) << text;
    EXPECT_FALSE(dim.Evaluate({{"n", 1}}).ok()) << text;
  }
  EXPECT_EQ(Dim("n +").ToString(), "<malformed 'n +'>");
}

TEST(DimTest, ExpressionsDoNotGrowWithoutBound) {
  // Squaring and nesting at every node, as a hostile graph could: the size of the expression would double each time.
  Dim sum("n + m + 1"), call("n");
  for (int i = 0; i < 100; ++i) sum = sum * sum;
  EXPECT_TRUE(sum.undefined());
  for (int i = 0; i < 100000; ++i) call = call + Dim::FloorDiv(call + 1, 2);
  EXPECT_TRUE(call.undefined());
  Dims dims;
  for (int i = 0; i < 8; ++i) {
    Dim dim;
    for (int j = 0; j < 200; ++j) dim = dim + Dim::Symbol("s" + std::to_string(i * 200 + j));
    EXPECT_FALSE(dim.undefined());
    dims.push_back(dim);
  }
  EXPECT_TRUE(NumElements(dims).undefined());
}

TEST(DimTest, HostileTexts) {
  for (const char *text :
       {"",         " ",          "+",     "n +",  "n *",    "* n",      "n n",       "2 n",          "(n",
        "n)",       "((n)",       "min",   "min(", "min(n)", "min(n,)",  "min(n, m",  "min(n, m, k)", "max n, m",
        "floordiv", "n floordiv", "n mod", "1a",   ".a",     "n $ m",    "n, m",      "n;",           "-",
        "--",       "0x10",       "1.5",   "1e3",  "n\x01",  "\xff\xfe", "n\xc3\xa9", "<undefined>",  "n == m",
        "n / 2",    "n % 2",      "[n]"}) {
    EXPECT_THAT(ParseError(text), HasSubstr("malformed dim expression")) << text;
  }
  EXPECT_THAT(ParseError(std::string_view("n\0m", 3)), HasSubstr("unexpected text"));
  EXPECT_THAT(ParseError("n * * m"), HasSubstr("expected a number or a name at position 5"));
  EXPECT_THAT(ParseError("9223372036854775808"), HasSubstr("does not fit 64 bits"));
  EXPECT_THAT(ParseError("9223372036854775807 + 1"), HasSubstr("overflows 64 bits"));
  EXPECT_THAT(ParseError("4611686018427387904 * 4"), HasSubstr("overflows 64 bits"));
  EXPECT_THAT(ParseError("9223372036854775807 + 1 - 1"), HasSubstr("overflows 64 bits"));
  EXPECT_THAT(ParseError("n floordiv 0"), HasSubstr("divides by zero"));
  EXPECT_THAT(ParseError("0 * (1 mod 0)"), HasSubstr("divides by zero"));
}

TEST(DimTest, HostileSizes) {
  EXPECT_THAT(ParseError(std::string(1001, '1')), HasSubstr("longer than 1000 characters"));
  EXPECT_THAT(ParseError(std::string(100, '(')), HasSubstr("nested too deeply"));
  EXPECT_THAT(ParseError(std::string(400, '-') + "n"), HasSubstr("nested too deeply"));
  std::string nested = "n";
  for (int i = 0; i < 100; ++i) nested = "min(m" + std::to_string(i) + "," + nested + ")";
  EXPECT_THAT(ParseError(nested.substr(0, 1000)), HasSubstr("nested too deeply"));
  std::string sum = "(a", power = "(a+b+c)";
  for (int i = 0; sum.size() < 480; ++i) sum += "+a" + std::to_string(i);
  EXPECT_THAT(ParseError(sum + ")*" + sum + ")"), HasSubstr("too many terms"));
  while (power.size() < 990) power += "*(a+b+c)";
  EXPECT_THAT(ParseError(power), HasSubstr("too many terms"));
  // What is within the bounds is accepted.
  EXPECT_TRUE(Dim::Parse(std::string(30, '(') + "n" + std::string(30, ')')).ok());
  EXPECT_TRUE(Dim::Parse(sum + "+1)").ok());
}

TEST(DimTest, SymbolNames) {
  for (const char *name : {"n", "_", "batch.size", "Seq_2", "minimum", "mode", "floordivision"}) {
    EXPECT_TRUE(Dim::IsSymbolName(name)) << name;
    EXPECT_EQ(Parsed(name).symbol(), name);
  }
  for (const char *name : {"", "2n", ".n", "a-b", "a b", "min", "max", "mod", "floordiv", "ceildiv", "\xc3\xa9"}) {
    EXPECT_FALSE(Dim::IsSymbolName(name)) << name;
  }
  EXPECT_FALSE(Dim::IsSymbolName(std::string(201, 'a')));
}

// A random expression: its text, the Dim made by the operators, and what it means.
struct Sample {
  std::string text;
  Dim dim;
  std::function<std::optional<__int128>(const Symbols &)> value;
};

const char *const kNames[] = {"a", "b", "c"};

__int128 Floor(__int128 a, __int128 b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

Sample RandomSample(std::mt19937_64 &random, int depth) {
  if (depth == 0 || random() % 5 == 0) {
    if (random() % 2 == 0) {
      int64_t number = static_cast<int64_t>(random() % 10);
      return {std::to_string(number), number, [number](const Symbols &) { return number; }};
    }
    std::string name = kNames[random() % 3];
    return {name, Dim::Symbol(name), [name](const Symbols &symbols) { return symbols.at(name); }};
  }
  Sample x = RandomSample(random, depth - 1), y = RandomSample(random, depth - 1);
  auto both = [&x, &y](auto combine) {
    return [f = x.value, g = y.value, combine](const Symbols &symbols) -> std::optional<__int128> {
      std::optional<__int128> a = f(symbols), b = g(symbols);
      if (!a || !b) return std::nullopt;
      return combine(*a, *b);
    };
  };
  auto unless_zero = [&both](auto combine) {
    return both(
        [combine](__int128 a, __int128 b) { return b == 0 ? std::nullopt : std::optional<__int128>(combine(a, b)); });
  };
  auto infix = [&](const char *sign) { return "(" + x.text + ")" + sign + "(" + y.text + ")"; };
  auto prefix = [&](const char *name) { return std::string(name) + "(" + x.text + "," + y.text + ")"; };
  switch (random() % 9) {
    case 0:
    case 1:
      return {x.text + " + " + y.text, x.dim + y.dim, both([](__int128 a, __int128 b) { return a + b; })};
    case 2:
      return {x.text + "-(" + y.text + ")", x.dim - y.dim, both([](__int128 a, __int128 b) { return a - b; })};
    case 3:
      return {infix("*"), x.dim * y.dim, both([](__int128 a, __int128 b) { return a * b; })};
    case 4:
      return {infix(" floordiv "), Dim::FloorDiv(x.dim, y.dim), unless_zero(Floor)};
    case 5:
      return {infix(" ceildiv "), Dim::CeilDiv(x.dim, y.dim),
              unless_zero([](__int128 a, __int128 b) { return -Floor(-a, b); })};
    case 6:
      return {infix(" mod "), Dim::Mod(x.dim, y.dim),
              unless_zero([](__int128 a, __int128 b) { return a - Floor(a, b) * b; })};
    case 7:
      return {prefix("min"), Dim::Min(x.dim, y.dim), both([](__int128 a, __int128 b) { return a < b ? a : b; })};
    default:
      return {prefix("max"), Dim::Max(x.dim, y.dim), both([](__int128 a, __int128 b) { return a > b ? a : b; })};
  }
}

TEST(DimPropertyTest, RandomExpressionsMeanWhatTheySay) {
  std::mt19937_64 random(20240607);
  int compared = 0;
  for (int i = 0; i < 20000; ++i) {
    Sample sample = RandomSample(random, 4);
    if (sample.text.size() > 1000) continue;
    absl::StatusOr<Dim> parsed = Dim::Parse(sample.text);
    EXPECT_EQ(parsed.ok(), !sample.dim.undefined()) << sample.text;
    if (parsed.ok()) {
      EXPECT_EQ(*parsed, sample.dim) << sample.text;
      EXPECT_EQ(Parsed(parsed->ToString()), *parsed) << sample.text;
    }
    for (int j = 0; j < 4; ++j) {
      Symbols symbols;
      for (const char *name : kNames) symbols[name] = static_cast<int64_t>(random() % 13);
      std::optional<__int128> wanted = sample.value(symbols);
      if (!wanted) continue;
      ++compared;
      absl::StatusOr<int64_t> value = sample.dim.Evaluate(symbols);
      ASSERT_TRUE(value.ok()) << sample.text << ": " << value.status().message();
      ASSERT_TRUE(*value == *wanted) << sample.text << " is " << sample.dim.ToString() << " and gives " << *value;
      Dim substituted =
          sample.dim.Substitute([&](const std::string &name) { return std::optional<Dim>(symbols.at(name)); });
      ASSERT_TRUE(substituted.Is(*value)) << sample.text << " with constants is " << substituted.ToString();
    }
  }
  EXPECT_GT(compared, 30000);
}

TEST(DimPropertyTest, AlgebraHolds) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 2000; ++i) {
    Dim a = RandomSample(random, 2).dim, b = RandomSample(random, 2).dim, c = RandomSample(random, 2).dim;
    EXPECT_EQ(a + b, b + a);
    EXPECT_EQ(a * b, b * a);
    EXPECT_EQ((a + b) + c, a + (b + c));
    EXPECT_EQ((a + b) * c, a * c + b * c);
    EXPECT_EQ(Dim::Min(a, b), Dim::Min(b, a));
    EXPECT_EQ(Dim::Max(a, b), Dim::Max(b, a));
    if (!a.undefined() && !b.undefined()) {
      EXPECT_EQ(a - b + b, a);
      EXPECT_LE((a < b) + (b < a) + (a == b), 1);
    }
  }
}

// Random bytes, and texts made of the grammar's own pieces: never a crash, and whatever is accepted prints and parses
// again.
TEST(DimPropertyTest, RandomTextsNeverCrash) {
  std::mt19937_64 random(99);
  const char *const pieces[] = {"n",
                                "m",
                                "7",
                                "0",
                                "(",
                                ")",
                                "+",
                                "-",
                                "*",
                                " floordiv ",
                                " ceildiv ",
                                " mod ",
                                "min(",
                                "max(",
                                ",",
                                " ",
                                "9223372036854775807",
                                "_x.1",
                                "\xff",
                                "floordiv"};
  int accepted = 0;
  for (int i = 0; i < 50000; ++i) {
    std::string text;
    for (size_t n = random() % 12; n > 0; --n) {
      text += random() % 16 == 0 ? std::string(1, static_cast<char>(random()))
                                 : std::string(pieces[random() % std::size(pieces)]);
    }
    absl::StatusOr<Dim> dim = Dim::Parse(text);
    if (!dim.ok()) continue;
    ++accepted;
    EXPECT_EQ(Parsed(dim->ToString()), *dim) << text;
  }
  EXPECT_GT(accepted, 500);
}

}  // namespace
}  // namespace ingot
