#!/usr/bin/env bash
# Builds Ingot and runs its tests: README's second command, and what .ci/run calls (with --all).
#
# Every stage runs even when an earlier one failed, except where it needs that one's build. The last line is "N passed, N failed" over all stages;
# the exit status is 0 only when nothing failed and every build succeeded.
set -uo pipefail

readonly root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
readonly labels='fast|lint|ops|lit|e2e|gpu'
all=false python=--python jobs=$(nproc)

usage() {
  cat <<EOF
usage: tools/scripts/test.sh [--all] [--no-python] [--jobs N]

Installs the packages that are missing, builds preset release and runs the tests labelled $labels.

  --all         also: everything under the address and undefined-behaviour sanitizers, the runtime under the thread sanitizer,
                and every fuzzer for about a minute, from the same seed every time (build/ci)
  --no-python   do without build/oracle, and so without the comparisons with ONNX Runtime
  --jobs N      tests and compilations at a time (default: one per processor)
EOF
}

while (($#)); do
  case $1 in
    --all) all=true ;;
    --no-python) python= ;;
    --jobs) shift; jobs=${1:?--jobs needs a number} ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; printf 'test: error: unknown argument %s\n' "$1" >&2; exit 1 ;;
  esac
  shift
done
cd "$root" || exit 1

passed=0 failed=0
broken=()
stage() { printf '\n== [%d:%02d] %s\n' $((SECONDS / 60)) $((SECONDS % 60)) "$*"; }

# A step that has to succeed for the stage to mean anything.
must() {
  "$@" && return
  broken+=("$*")
  return 1
}

# run_tests FOLDER LABELS: adds ctest's own counts.
run_tests() {
  local log=$1/ctest.log line status
  ctest --test-dir "$1" -L "^($2)\$" --parallel "$jobs" --output-on-failure --timeout 600 --no-tests=error 2>&1 | tee "$log" | grep -vE '^ +Start |   Passed  '
  status=${PIPESTATUS[0]}
  line=$(grep -E '^[0-9]+% tests passed' "$log" | tail -n 1)
  if [[ $line =~ ([0-9]+)\ tests?\ failed\ out\ of\ ([0-9]+) ]]; then
    failed=$((failed + BASH_REMATCH[1])) passed=$((passed + BASH_REMATCH[2] - BASH_REMATCH[1]))
    ((status == 0 || BASH_REMATCH[1] > 0)) || broken+=("ctest in $1")
  else
    broken+=("ctest in $1")
  fi
}

# fuzz PROGRAM CORPUS RUNS: from a copy of the corpus and always the same seed, about a minute's, so that a failure is this change's; what it finds
# stays in build/ci/found.
fuzz() {
  local name=${1##*/} units status
  units=$(mktemp -d) && mkdir -p build/ci/found && cp -r "$2/." "$units" || return 1
  timeout 600 "$1" -seed=1 -runs="$3" -timeout=10 -rss_limit_mb=2048 -max_len=16384 -print_final_stats=1 \
    -artifact_prefix=build/ci/found/"$name"- "$units" >build/ci/"$name".log 2>&1
  status=$?
  rm -rf "$units"
  grep -E 'stat::number_of_executed_units|ERROR|^SUMMARY|Test unit written' build/ci/"$name".log | sed "s/^/$name: /"
  ((status == 0)) || printf '%s: failed with status %d; the whole log is build/ci/%s.log\n' "$name" "$status" "$name"
  return $status
}

# execute FUZZER NAME SEED GRAPHS ARGUMENTS...: an executing fuzzer on so many graphs from this seed, about a minute's; the same ones every
# time, so that a failure is this change's. New seeds are for runs by hand (tests/compiler/README.md). What it finds is in build/ci/NAME.log, with
# the command that repeats it.
execute() {
  local fuzzer=$1 name=$2 seed=$3 graphs=$4
  shift 4
  mkdir -p build/ci
  timeout 600 "$fuzzer" --graphs "$graphs" --first-seed "$seed" "$@" >build/ci/"$name".log 2>&1
  local status=$?
  grep -E '^seed |^[0-9]+ graphs' build/ci/"$name".log | sed "s/^/$name: /"
  ((status == 0)) || printf '%s: failed with status %d; the whole log is build/ci/%s.log\n' "$name" "$status" "$name"
  return $status
}

# count PID...: waits for these and counts them.
count() {
  local pid
  for pid in "$@"; do
    if wait "$pid"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
  done
}

stage "set-up"
must tools/setup/debian.sh $python || exit 1

stage "release: build"
must cmake --preset release --log-level=WARNING && must cmake --build --preset release --parallel "$jobs" && {
  stage "release: tests ($labels)"
  run_tests build/release "$labels"
  if $all; then
    stage "compiled programs: random graphs and changed models"
    execute build/release/bin/execute_fuzzer random_graphs 1000 500 & first=$!
    execute build/release/bin/execute_fuzzer changed_models 1000 5000 --onnx tests/models/fixtures --onnx tests/graph/import/corpus --onnx /usr/share/libonnx-testdata/data/node & second=$!
    count $first $second
    execute build/release/bin/arena_fuzzer random_graphs_in_arena 3000 300 --jobs "$jobs" & first=$!
    count $first
    stage "GPU kernels on the emulator: random graphs"
    INGOT_TEST_DEVICE=gpu-emulated INGOT_GPU_EMULATOR=$root/build/release/lib/libingot_gpu_emulator.so INGOT_EMULATED_ORDER=3 \
      execute build/release/bin/arena_fuzzer random_graphs_on_gpu 7000 300 --jobs "$jobs" & first=$!
    count $first
  fi
}

if $all; then
  stage "address and undefined-behaviour sanitizers: build"
  must cmake --preset asan -B build/ci/asan -DINGOT_BUILD_COMPILER=ON --log-level=WARNING && must cmake --build build/ci/asan --parallel "$jobs" && {
    stage "address and undefined-behaviour sanitizers: tests (fast|lit)"
    export UBSAN_OPTIONS=print_stacktrace=1
    # LLVM's libraries are not instrumented: they allocate from memory that our side of an inlined allocator has poisoned, and set up signal
    # stacks that the sanitizer takes for its own.
    export ASAN_OPTIONS=allow_user_poisoning=0:use_sigaltstack=0
    run_tests build/ci/asan 'fast|lit'
    stage "fuzzers: a minute each"
    fuzz build/ci/asan/bin/graph_file_fuzzer tests/graph/corpus/graph 1000000 & first=$!
    fuzz build/ci/asan/bin/onnx_import_fuzzer tests/graph/import/corpus 250000 & second=$!
    count $first $second
    stage "the compiler under the sanitizers: random graphs"
    execute build/ci/asan/bin/execute_fuzzer sanitized_graphs 5000 250 --jobs "$jobs" & first=$!
    count $first
  }
  stage "thread sanitizer: build of the runtime"
  must cmake --preset tsan -B build/ci/tsan --log-level=WARNING && must cmake --build build/ci/tsan --parallel "$jobs" && {
    stage "thread sanitizer: tests (fast)"
    run_tests build/ci/tsan fast
  }
fi

stage "done"
for step in ${broken[@]+"${broken[@]}"}; do printf 'test: did not work: %s\n' "$step"; done
failed=$((failed + ${#broken[@]}))
printf '%d passed, %d failed\n' "$passed" "$failed"
((failed == 0))
