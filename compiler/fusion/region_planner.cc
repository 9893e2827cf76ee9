#include "compiler/fusion/region_planner.h"

#include <algorithm>

#include "compiler/views/strided_view.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace ingot::compiler {

static constexpr std::pair<RegionKind, llvm::StringLiteral> kNames[] = {
    {RegionKind::Loop, "loop"},           {RegionKind::Row, "row"},
    {RegionKind::Column, "column"},       {RegionKind::Contract, "contract"},
    {RegionKind::Attention, "attention"}, {RegionKind::Library, "library"},
    {RegionKind::Sort, "sort"},           {RegionKind::Update, "update"},
    {RegionKind::Control, "control"}};

llvm::StringRef Name(RegionKind kind) {
  for (auto [k, text] : kNames)
    if (k == kind) return text;
  return "";
}

std::optional<RegionKind> ParseRegionKind(llvm::StringRef wanted) {
  for (auto [kind, text] : kNames)
    if (text == wanted) return kind;
  return std::nullopt;
}

RowExtent RowExtentOf(const Dims &dims, const Dims &space) {
  if (dims == space) return RowExtent::Full;
  Dims outer(space.begin(), space.end() - 1);
  if (dims == outer) return RowExtent::PerRow;
  outer.push_back(1);
  return dims == outer ? RowExtent::PerRow : RowExtent::Other;
}

bool IsRowBroadcast(ir::ViewOp op, const Dims &space) {
  StridedView view = ViewOf(op);
  if (view.dims != space || RowExtentOf(TypeOf(op.getSource()).dims, space) != RowExtent::PerRow) return false;
  Dims outer(space.begin(), space.end() - 1);
  StridedView rows{view.offset, outer, Dims(view.strides.begin(), view.strides.end() - 1)};
  return rows.IsContiguous() && (view.strides.back().Is(0) || space.back().Is(1));
}

namespace {

bool IsComputing(Operation *op) {
  return !isa<ir::ViewOp, ir::ScalarOp, ir::ConstantOp, ir::PackOp, func::ReturnOp>(op);
}

// Which bind_sizes each op stands behind without reading its result: those that bind sizes it uses. They keep their
// order among themselves: a later one evaluates expressions over the symbols of those before it.
class SizeUses {
 public:
  explicit SizeUses(func::FuncOp function) {
    std::map<std::string, Value> binders;
    Value last;
    for (Operation &op : function.getBody().front()) {
      if (last && IsComputing(&op)) {
        llvm::SetVector<Value> needed;
        if (FusionKindOf(&op) == FusionKind::kControl || isa<ir::BindSizesOp>(op))
          needed.insert(last);  // functions may use any size
        else
          for (const std::string &symbol : SymbolsOf(&op))
            if (auto found = binders.find(symbol); found != binders.end()) needed.insert(found->second);
        for (Value binder : needed) users_[binder.getDefiningOp()].push_back(&op);
        if (!needed.empty()) binding_[&op].assign(needed.begin(), needed.end());
      }
      auto bind = dyn_cast<ir::BindSizesOp>(op);
      if (!bind) continue;
      last = bind.getResult();
      for (const Dim &size : bind.getSizes()) binders[*size.symbol()] = bind.getResult();
    }
  }

  ArrayRef<Value> Of(Operation *op) const {
    auto found = binding_.find(op);
    return found == binding_.end() ? ArrayRef<Value>() : ArrayRef<Value>(found->second);
  }
  ArrayRef<Operation *> UsersOf(Operation *bind) const {
    auto found = users_.find(bind);
    return found == users_.end() ? ArrayRef<Operation *>() : ArrayRef<Operation *>(found->second);
  }

 private:
  // The symbols in the op's types and attributes, and in the views it reads.
  static std::vector<std::string> SymbolsOf(Operation *op) {
    std::vector<std::string> symbols;
    auto collect = [&](const Dims &dims) {
      for (const Dim &dim : dims) dim.CollectSymbols(symbols);
    };
    auto collect_attributes = [&](Operation *from) {
      for (NamedAttribute attribute : from->getAttrs())
        if (auto dims = dyn_cast<ir::DimsAttr>(attribute.getValue())) collect(dims.dims());
    };
    for (Value result : op->getResults()) collect(TypeOf(result).dims);
    collect_attributes(op);
    for (Value operand : op->getOperands()) {
      collect(TypeOf(operand).dims);
      if (auto view = operand.getDefiningOp<ir::ViewOp>()) collect_attributes(view);
    }
    return symbols;
  }

  DenseMap<Operation *, SmallVector<Value>> binding_;
  DenseMap<Operation *, SmallVector<Operation *>> users_;
};

class RegionPlanner {
 public:
  explicit RegionPlanner(func::FuncOp function) : function_(function), size_uses_(function) {}

  std::vector<Region> Run() {
    for (Operation &op : function_.getBody().front())
      if (IsComputing(&op)) Place(&op);
    return Sorted();
  }

 private:
  int RegionOf(Value value) const {
    Operation *op = value.getDefiningOp();
    auto found = op ? owner_.find(op) : owner_.end();
    return found == owner_.end() ? -1 : found->second;
  }
  bool IsIn(Operation *op, int region) const {
    auto found = owner_.find(op);
    return found != owner_.end() && found->second == region;
  }
  static Value Buffer(Value value) {
    auto view = value.getDefiningOp<ir::ViewOp>();
    return view ? view.getSource() : value;
  }

  // Does `value` need anything that region `target` computes? Only regions of a higher rank than the target's can.
  bool DependsOn(Value value, int target) const {
    llvm::SmallDenseSet<int, 16> seen;
    SmallVector<int> work;
    auto push = [&](Value v) {
      if (int region = RegionOf(Buffer(v));
          region >= 0 && (region == target || rank_[region] > rank_[target]) && seen.insert(region).second)
        work.push_back(region);
    };
    push(value);
    while (!work.empty()) {
      int region = work.pop_back_val();
      if (region == target) return true;
      // A kernel runs as a whole: it waits for all of its operands.
      for (Operation *member : regions_[region].ops) {
        llvm::for_each(member->getOperands(), push);
        llvm::for_each(size_uses_.Of(member), push);
      }
    }
    return false;
  }

  // Can the op, in `region`, take the operand from the region's own values instead of from memory?
  bool ReadsInside(OpOperand &operand, const Region &region) const {
    auto view = operand.get().getDefiningOp<ir::ViewOp>();
    if (view && !(region.kind == RegionKind::Row && IsRowBroadcast(view, region.space))) return false;
    switch (ReadsOf(operand)) {
      case Reads::kPoint:
        return true;
      case Reads::kRows:
        return region.kind == RegionKind::Row || region.kind == RegionKind::Column;
      case Reads::kAnywhere:
        return false;
    }
    return false;
  }

  // Could `op` run inside the region, as far as order goes and what it reads of the region's own values?
  bool CanJoin(Operation *op, int target) const {
    auto is_free = [&](Value bound) { return !DependsOn(bound, target); };
    return llvm::all_of(size_uses_.Of(op), is_free) && llvm::all_of(op->getOpOperands(), [&](OpOperand &operand) {
             return RegionOf(Buffer(operand.get())) == target ? ReadsInside(operand, regions_[target])
                                                              : !DependsOn(operand.get(), target);
           });
  }

  // Merging `from` into `into`, which reads it: no third region may stand between them, and from's values must be
  // readable where they are computed.
  bool CanAbsorb(int from, int into) const {
    auto is_free = [&](Value bound) { return !DependsOn(bound, from); };
    return llvm::all_of(regions_[into].ops, [&](Operation *op) {
      return llvm::all_of(size_uses_.Of(op), is_free) && llvm::all_of(op->getOpOperands(), [&](OpOperand &operand) {
               int source = RegionOf(Buffer(operand.get()));
               return source == from ? ReadsInside(operand, regions_[into])
                                     : source == into || !DependsOn(operand.get(), from);
             });
    });
  }

  void Absorb(int from, int into) {
    for (Operation *op : regions_[from].ops) owner_[op] = into;
    std::vector<Operation *> ours = std::move(regions_[into].ops), theirs = std::move(regions_[from].ops);
    regions_[into].ops.clear();
    regions_[from].ops.clear();
    std::merge(ours.begin(), ours.end(), theirs.begin(), theirs.end(), std::back_inserter(regions_[into].ops),
               [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
    rank_[into] = std::max(rank_[into], rank_[from]);
    RaiseReaders(into);
  }

  // Every region ranks above those it reads.
  void RaiseReaders(int region) {
    SmallVector<int> work{region};
    while (!work.empty()) {
      int source = work.pop_back_val();
      auto raise = [&](Operation *reader) {
        auto found = owner_.find(reader);
        if (found == owner_.end() || found->second == source || rank_[found->second] > rank_[source]) return;
        rank_[found->second] = rank_[source] + 1;
        work.push_back(found->second);
      };
      for (Operation *op : regions_[source].ops) {
        ForReaders(op, raise);
        llvm::for_each(size_uses_.UsersOf(op), raise);
      }
    }
  }

  // The ops that read what `op` computes, also through views.
  static void ForReaders(Operation *op, llvm::function_ref<void(Operation *)> body) {
    for (Operation *user : op->getUsers()) {
      if (!isa<ir::ViewOp>(user)) {
        body(user);
        continue;
      }
      for (Operation *reader : user->getUsers()) body(reader);
    }
  }

  int Start(RegionKind kind, Dims space, Operation *op) {
    regions_.push_back({kind, std::move(space), {}});
    rank_.push_back(0);
    Join(op, static_cast<int>(regions_.size()) - 1);
    return static_cast<int>(regions_.size()) - 1;
  }

  void Join(Operation *op, int region) {
    owner_[op] = region;
    regions_[region].ops.push_back(op);
    int needed = rank_[region];
    auto stand_behind = [&](Value operand) {
      if (int source = RegionOf(Buffer(operand)); source >= 0 && source != region)
        needed = std::max(needed, rank_[source] + 1);
    };
    llvm::for_each(op->getOperands(), stand_behind);
    llvm::for_each(size_uses_.Of(op), stand_behind);
    if (needed == rank_[region]) return;
    rank_[region] = needed;
    RaiseReaders(region);
  }

  void Place(Operation *op) {
    switch (*FusionKindOf(op)) {
      case FusionKind::kElementwise:
        return PlaceElementwise(op);
      case FusionKind::kReduction:
        return PlaceReduction(op);
      case FusionKind::kContraction:
        return PlaceContraction(cast<ir::ContractOp>(op));
      case FusionKind::kControl:
      case FusionKind::kSizes:
        Start(RegionKind::Control, {}, op);
        return;
      case FusionKind::kUpdate:
        Start(RegionKind::Update, TypeOf(op->getOperand(1)).dims, op);
        return;
      case FusionKind::kSort:
        Start(RegionKind::Sort, TypeOf(op->getOperand(0)).dims, op);
        return;
      default:
        Start(RegionKind::Loop, TypeOf(op->getResult(0)).dims, op);
    }
  }

  static bool IsAlone(RegionKind kind) {
    return kind == RegionKind::Library || kind == RegionKind::Sort || kind == RegionKind::Update ||
           kind == RegionKind::Control;
  }

  // Does an element-wise result with these dims live in the region's space?
  bool Fits(const Dims &dims, const Region &region) const {
    if (IsAlone(region.kind)) return false;
    if (region.kind == RegionKind::Row) return RowExtentOf(dims, region.space) != RowExtent::Other;
    return dims == region.space;
  }

  static int Preference(RegionKind kind) {
    switch (kind) {
      case RegionKind::Attention:
      case RegionKind::Contract:
        return 3;
      case RegionKind::Row:
        return 2;
      case RegionKind::Column:
        return 1;
      case RegionKind::Loop:
      case RegionKind::Library:
      case RegionKind::Sort:
      case RegionKind::Update:
      case RegionKind::Control:
        return 0;
    }
    return 0;
  }

  void PlaceElementwise(Operation *op) {
    Dims dims = TypeOf(op->getResult(0)).dims;
    SmallVector<int> sources;
    for (Value operand : op->getOperands())
      if (int region = RegionOf(Buffer(operand)); region >= 0 && !llvm::is_contained(sources, region))
        sources.push_back(region);
    llvm::sort(sources, [&](int a, int b) {
      return std::pair(-Preference(regions_[a].kind), a) < std::pair(-Preference(regions_[b].kind), b);
    });
    for (int home : sources) {
      if (!Fits(dims, regions_[home]) || !CanJoin(op, home)) continue;
      Join(op, home);
      for (int other : sources)
        if (other != home && MayAbsorb(other, home) && CanAbsorb(other, home)) Absorb(other, home);
      return;
    }
    int home = Start(RegionKind::Loop, dims, op);
    for (int other : sources)
      if (MayAbsorb(other, home) && CanAbsorb(other, home)) Absorb(other, home);
  }

  // Element-wise work goes where its consumer is; rows of the same shape go together.
  bool MayAbsorb(int from, int into) const {
    const Region &a = regions_[from], &b = regions_[into];
    if (a.ops.empty() || a.space != b.space) return false;
    return a.kind == RegionKind::Loop || (a.kind == RegionKind::Row && b.kind == RegionKind::Row);
  }

  bool UsedOnlyBy(const Region &region, llvm::function_ref<bool(Operation *)> allowed) const {
    bool only = true;
    for (Operation *op : region.ops) ForReaders(op, [&](Operation *reader) { only &= allowed(reader); });
    return only;
  }

  void PlaceReduction(Operation *op) {
    Value x = op->getOperand(0);
    Dims dims = TypeOf(x).dims;
    auto axes = op->getAttrOfType<DenseI64ArrayAttr>("axes").asArrayRef();
    int source = RegionOf(x);
    if (axes.size() == 1 && axes[0] == static_cast<int64_t>(dims.size()) - 1) {
      if (source >= 0 && regions_[source].space == dims &&
          (regions_[source].kind == RegionKind::Row || regions_[source].kind == RegionKind::Loop)) {
        RegionKind before = std::exchange(regions_[source].kind, RegionKind::Row);
        if (CanJoin(op, source)) return Join(op, source);
        regions_[source].kind = before;
      }
      Start(RegionKind::Row, dims, op);
      return;
    }
    int home = Start(RegionKind::Column, TypeOf(op->getResult(0)).dims, op);
    // Producers that nothing else needs are computed on the way.
    if (source >= 0 && regions_[source].kind == RegionKind::Loop && regions_[source].space == dims &&
        CanAbsorb(source, home) &&
        UsedOnlyBy(regions_[source], [&](Operation *user) { return user == op || IsIn(user, source); }))
      Absorb(source, home);
  }

  void PlaceContraction(ir::ContractOp op) {
    if (std::optional<std::pair<int, int>> found = AttentionBefore(op)) {
      auto [scores, rows] = *found;
      Absorb(scores, rows);
      regions_[rows].kind = RegionKind::Attention;
      Join(op, rows);
      return;
    }
    Start(op.getLibrary() ? RegionKind::Library : RegionKind::Contract, TypeOf(op.getResult()).dims, op);
  }

  // contraction -> row ops -> this contraction, with nothing else reading what is in between.
  std::optional<std::pair<int, int>> AttentionBefore(ir::ContractOp op) const {
    int rows = RegionOf(op.getX());
    if (rows < 0 || regions_[rows].kind != RegionKind::Row || op.getPanels() || op.getRows() != 1 ||
        op.getDepth() != 1 || regions_[rows].space != TypeOf(op.getX()).dims)
      return std::nullopt;
    auto in_rows = [&](Operation *user) { return IsIn(user, rows); };
    if (!UsedOnlyBy(regions_[rows], [&](Operation *user) { return user == op || in_rows(user); })) return std::nullopt;
    if (RegionOf(Buffer(op.getY())) == rows || DependsOn(op.getY(), rows)) return std::nullopt;
    int scores = -1;
    for (Operation *member : regions_[rows].ops)
      for (Value operand : member->getOperands()) {
        int source = RegionOf(operand);
        if (source == rows || source < 0 || regions_[source].kind != RegionKind::Contract) continue;
        if (scores >= 0 && scores != source) return std::nullopt;
        scores = source;
      }
    if (scores < 0 || regions_[scores].space != regions_[rows].space || !CanAbsorb(scores, rows) ||
        DependsOn(op.getY(), scores))
      return std::nullopt;
    auto inner = llvm::find_if(regions_[scores].ops, [](Operation *member) { return isa<ir::ContractOp>(member); });
    auto contract = cast<ir::ContractOp>(*inner);
    bool simple = !contract.getPanels() && contract.getRows() == 1 && contract.getDepth() == 1;
    bool is_private =
        UsedOnlyBy(regions_[scores], [&](Operation *user) { return in_rows(user) || IsIn(user, scores); });
    if (!simple || !is_private) return std::nullopt;
    return std::pair(scores, rows);
  }

  std::vector<Region> Sorted() {
    std::vector<int> order;
    std::vector<char> state(regions_.size(), 0);
    std::function<void(int)> visit = [&](int region) {
      if (state[region] || regions_[region].ops.empty()) return;
      state[region] = 1;
      auto before = [&](Value operand) {
        if (int source = RegionOf(Buffer(operand)); source >= 0 && source != region) visit(source);
      };
      for (Operation *op : regions_[region].ops) {
        llvm::for_each(op->getOperands(), before);
        llvm::for_each(size_uses_.Of(op), before);
      }
      order.push_back(region);
    };
    for (Operation &op : function_.getBody().front())
      if (auto found = owner_.find(&op); found != owner_.end()) visit(found->second);
    std::vector<Region> result;
    for (int region : order) result.push_back(std::move(regions_[region]));
    return result;
  }

  func::FuncOp function_;
  SizeUses size_uses_;
  std::vector<Region> regions_;
  std::vector<int> rank_;  // by region: above that of every region it reads
  DenseMap<Operation *, int> owner_;
};

}  // namespace

std::vector<Region> PlanRegions(func::FuncOp function) { return RegionPlanner(function).Run(); }

}  // namespace ingot::compiler
