#!/usr/bin/env bash
# Tries tinygan on a GPU: fetches as wheels what a bare CUDA image may lack, then runs gpu.py with them.
#
#   bash tests/benchmarks/gpu.sh                  # only fetches
#   bash tests/benchmarks/gpu.sh --out DIR        # options as of gpu.py
#
# The wheels go to the folder .wheels, which git ignores; they are for Python 3.12 on x86-64. Where there is no network
# they are used as they lie there, so the folder can be taken along to a GPU.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
wheels=$root/.wheels
packages=(pooch platformdirs filelock 'nvmath-python>=1.0,<2' 'cuda-bindings>=13,<14' 'cuda-core>=0.5,<2' cuda-pathfinder)
platforms=()  # pip takes no range of versions
for version in _2_34 _2_31 _2_28 _2_27 _2_24 _2_17 2014 1; do platforms+=(--platform "manylinux${version}_x86_64"); done

if ! compgen -G "$wheels/nvmath_python-*-cp312-*.whl" > /dev/null; then
    python3 -m pip download -q --no-deps --only-binary=:all: --python-version 3.12 --implementation cp \
        "${platforms[@]}" -d "$wheels" "${packages[@]}" || echo "gpu.sh: the wheels cannot be fetched" >&2
fi
[ ! -d "$wheels" ] || echo "gpu.sh: $(find "$wheels" -name '*.whl' | wc -l) wheels, $(du -sm "$wheels" | cut -f1) MiB, in $wheels"

if [ $# -eq 0 ]; then
    echo "gpu.sh: to try the GPU of this machine, write: bash tests/benchmarks/gpu.sh --out DIR"
    exit 0
fi
exec python3 "$root/tests/benchmarks/gpu.py" "$@"
