#!/usr/bin/env bash
# Installs what Ingot needs on Debian 12: the one setup script, used by people and by CI alike.
#
# Quiet and quick when everything is there (no apt call at all); otherwise one line per step, and a message that says what is expected, what was
# found and how to go on when something does not fit. LLVM and MLIR 22 come from Debian's own security suite. Test: .ci/run calls it.
set -euo pipefail

readonly packages=(
  # compiler and code generation
  clang-22 lld-22 libclang-rt-22-dev clang-format-22 libmlir-22-dev llvm-22-dev mlir-22-tools llvm-22-tools zlib1g-dev libzstd-dev
  # graph: protobuf, Abseil, ONNX's schema and its test data
  libprotobuf-dev protobuf-compiler libabsl-dev libonnx-dev libonnx-testdata
  # tools, library kernels
  libcli11-dev libfmt-dev nlohmann-json3-dev libdnnl-dev
  # tests and measurement
  libgtest-dev libgmock-dev libbenchmark-dev strace
  # building
  binutils ca-certificates ccache cmake g++ ninja-build python3 python3-venv
)
readonly root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
check_only=false with_python=false any_system=false

usage() {
  cat <<EOF
usage: tools/setup/debian.sh [--check] [--python] [--any-system]

Installs the Debian 12 packages that Ingot is built and tested with (as root, or through sudo), then checks versions.

  --check        change nothing: report what is missing or too old; exit status 1 if anything is
  --python       also make build/oracle, a Python environment with the packages pinned in tools/setup/requirements.txt
                 (ONNX, ONNX Runtime, ...: outside truth for tests and comparisons; neither the compiler nor programs need it)
  --any-system   go on even if this is not Debian 12 on x86-64
  --help         this text
EOF
}

say() { printf 'setup: %s\n' "$*"; }
fail() {
  printf 'setup: error: %s\n' "$1" >&2
  shift
  for line in "$@"; do printf '       %s\n' "$line" >&2; done
  exit 1
}

for argument in "$@"; do
  case $argument in
    --check) check_only=true ;;
    --python) with_python=true ;;
    --any-system) any_system=true ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; fail "unknown argument '$argument'" ;;
  esac
done

check_system() {
  local id=unknown version=unknown machine
  if [[ -r /etc/os-release ]]; then
    id=$(. /etc/os-release && echo "${ID:-unknown}")
    version=$(. /etc/os-release && echo "${VERSION_ID:-testing}")
  fi
  machine=$(uname -m)
  if [[ $id == debian && $version == 12 && $machine == x86_64 ]]; then
    say "system: Debian 12, x86_64"
  elif $any_system; then
    say "system: $id $version, $machine (expected: Debian 12, x86_64; going on because of --any-system)"
  else
    fail "this is '$id $version' on $machine; expected: Debian 12 (bookworm) on x86_64" \
      "Go on with one of:" \
      "  - a Debian 12 machine, container or chroot (debootstrap --variant=minbase bookworm DIR);" \
      "  - a newer Debian or Ubuntu that has LLVM and MLIR 22 packages: run this again with --any-system;" \
      "  - any other system: install LLVM and MLIR 22, Protocol Buffers, Abseil, ONNX's schema, oneDNN, CLI11, fmt, nlohmann-json," \
      "    GoogleTest, Google Benchmark, CMake 3.25 and Ninja by hand, then build with 'cmake --preset release'." \
      "The runtime alone needs a C++17 compiler and CMake only: 'cmake --preset runtime-only'."
  fi
  command -v dpkg-query >/dev/null || fail "dpkg-query was not found: this script installs Debian packages and cannot work here"
}

# Prints the packages of the list that are not installed.
missing_packages() {
  local installed package
  installed=" $(dpkg-query -W -f '${db:Status-Status}:${Package}\n' "${packages[@]}" 2>/dev/null | sed -n 's/^installed://p' | sort -u | tr '\n' ' ' || true)" # dpkg-query fails where a package is unknown
  for package in "${packages[@]}"; do
    [[ $installed == *" $package "* ]] || echo "$package"
  done
}

has_candidate() { [[ -n $(apt-cache policy "$1" 2>/dev/null | sed -n 's/^  Candidate: //p' | grep -v '(none)') ]]; }

explain_no_candidate() {
  local name=$1 codename mirror
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-bookworm}")
  if [[ $name != *22* ]]; then
    fail "apt knows no package '$name'" "It is in Debian 12's component 'main': check that /etc/apt/sources.list names the suite '$codename' with it."
  fi
  # The mirror that this system already uses for the main suite also carries the security suite.
  mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 2>/dev/null | sed -n "s| $codename\$||p" | head -n 1)
  mirror=${mirror%/}
  fail "apt knows no package '$name': LLVM and MLIR 22 come from Debian's security suite, which this system does not use" \
    "Add it, then run this script again:" \
    "  echo 'deb ${mirror:-MIRROR/debian}-security $codename-security main' | ${sudo:+sudo }tee /etc/apt/sources.list.d/$codename-security.list" \
    "(the suite is signed with the Debian archive keys that are already installed)"
}

install_packages() {
  local missing log candidate
  mapfile -t missing < <(missing_packages)
  if ((${#missing[@]} == 0)); then
    say "packages: all ${#packages[@]} are installed"
    return
  fi
  if $check_only; then
    fail "${#missing[@]} of ${#packages[@]} packages are missing: ${missing[*]}" "Run tools/setup/debian.sh without --check to install them."
  fi
  sudo=
  if (($(id -u) != 0)); then
    command -v sudo >/dev/null || fail "installing needs root and sudo was not found" "Run this script as root; it installs: ${missing[*]}"
    sudo=sudo
  fi
  log=$(mktemp)
  trap "rm -f '$log'" EXIT # now: the variable is local
  say "packages: reading the package lists"
  $sudo apt-get -q update >"$log" 2>&1 || {
    tail -n 15 "$log" >&2
    fail "'apt-get update' failed (above)" "Check the network and /etc/apt/sources.list, then run this script again."
  }
  for candidate in "${missing[@]}"; do
    has_candidate "$candidate" || explain_no_candidate "$candidate"
  done
  say "packages: installing ${#missing[@]} of ${#packages[@]} (some minutes): ${missing[*]}"
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install "${missing[@]}" >"$log" 2>&1 || {
    tail -n 30 "$log" >&2
    fail "'apt-get install' failed (above)" "Disk space and interrupted installations ('dpkg --configure -a') are the usual reasons."
  }
  mapfile -t missing < <(missing_packages)
  ((${#missing[@]} == 0)) || fail "apt reported success but these are still missing: ${missing[*]}"
  say "packages: done"
}

# check_version COMMAND MINIMUM [MAXIMUM-EXCLUSIVE]: the first version number that `COMMAND --version` prints has to lie in the range.
check_version() {
  local command=$1 minimum=$2 below=${3:-} where found
  where=$(command -v "$command") || fail "'$command' is installed as a package but not found in PATH" "PATH is: $PATH" "It should contain /usr/bin."
  found=$("$command" --version 2>/dev/null | grep -oE '[0-9]+\.[0-9]+(\.[0-9]+)?' | head -n 1) || true
  [[ -n $found ]] || fail "'$where --version' printed no version number" "Reinstall its package, or put /usr/bin first in PATH."
  if [[ $(printf '%s\n%s\n' "$minimum" "$found" | sort -V | head -n 1) != "$minimum" ]]; then
    fail "$where is version $found; Ingot needs $minimum or later" \
      "Debian 12's own is new enough: put /usr/bin first in PATH, or remove the older one."
  fi
  if [[ -n $below && $(printf '%s\n%s\n' "$below" "$found" | sort -V | head -n 1) == "$below" ]]; then
    fail "$where is version $found; Ingot is written for $minimum up to, not including, $below" "Put /usr/bin first in PATH."
  fi
  versions+=("$command $found")
}

check_versions() {
  versions=()
  check_version cmake 3.25
  check_version ninja 1.10
  check_version clang-22 22.1 23
  check_version clang++-22 22.1 23
  check_version llvm-config-22 22.1 23
  check_version protoc 3.21
  check_version python3 3.9
  local config=/usr/lib/llvm-22/lib/cmake/mlir/MLIRConfig.cmake
  [[ -r $config ]] || fail "$config does not exist" "It belongs to libmlir-22-dev: 'apt-get install --reinstall libmlir-22-dev'."
  local line
  line=$(printf '%s, ' "${versions[@]}")
  say "versions: ${line%, }"
}

make_python() {
  local environment=$root/build/oracle wanted=$root/tools/setup/requirements.txt stamp
  stamp=$environment/requirements.installed
  if [[ -x $environment/bin/python ]] && cmp -s "$wanted" "$stamp"; then
    say "python: build/oracle is up to date"
    return
  fi
  if $check_only; then
    fail "build/oracle is missing or was made from other requirements" "Run tools/setup/debian.sh --python to make it."
  fi
  say "python: making build/oracle from tools/setup/requirements.txt"
  rm -f "$stamp"
  # Debian's own interpreter: the one that python3-venv belongs to, whatever else PATH offers.
  /usr/bin/python3 -m venv --clear "$environment" ||
    fail "making the Python environment build/oracle failed (above)" "It needs the package python3-venv and a writable build/."
  "$environment/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$wanted" ||
    fail "installing the pinned Python packages failed (above)" "This step needs the network." \
      "Everything but the comparisons with outside truth works without it."
  cp "$wanted" "$stamp"
  say "python: done"
}

check_system
install_packages
check_versions
if $with_python; then make_python; fi
say "ready"
