#!/usr/bin/env bash
# Ingot's main job, from nothing: installs what is missing, builds Ingot, compiles a trained model (the one inside PyPI's `magika` package, which
# tells a file's type from its bytes) into a plain executable, and names the types of some files with it. README's first command.
set -euo pipefail

readonly root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

usage() {
  cat <<EOF
usage: tools/scripts/first_light.sh [FILE ...]

Installs the packages that are missing, builds Ingot into build/release, compiles magika's model into build/magika/magika and
names the types of the files (default: some of this project's). Needs Debian 12, root or sudo, and the network the first time.
EOF
}

stage() { printf '\n== %s\n' "$*"; }

case ${1:-} in -h | --help) usage; exit 0 ;; esac
declare -a files=()
for file in "$@"; do
  [[ -e $file ]] || { printf 'first_light: error: %s does not exist\n' "$file" >&2; exit 1; }
  files+=("$(realpath -- "$file")")
done
cd "$root"

stage "set-up: packages and versions"
tools/setup/debian.sh
stage "building Ingot into build/release (some minutes the first time)"
cmake --preset release --log-level=WARNING
cmake --build --preset release --target ingot
stage "the model"
tools/scripts/fetch_magika.sh
stage "compiling it into a program"
cmake -G Ninja -S docs/examples/magika -B build/magika -DINGOT="$root/build/release" -DMODEL="$root/build/models/magika" --log-level=WARNING
cmake --build build/magika
ls -l build/magika/magika
readelf -d build/magika/magika | grep NEEDED
stage "running it: build/magika/magika FILE ..."
if ((${#files[@]} == 0)); then
  files=(README.md CMakePresets.json tools/setup/debian.sh graph/builder.cc graph/ops/generate.py runtime/include/ingot/abi.h
         tests/models/fixtures/mlp/model.onnx build/magika/magika)
fi
build/magika/magika "${files[@]}"
