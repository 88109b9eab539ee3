"""Write `nvmath_names.json`: the functions of nvmath-python's cuBLAS that tinygan calls, and its enumerations.

    python tests/support/dump_nvmath_names.py           # writes the file
    python tests/support/dump_nvmath_names.py --print   # writes to standard output

nvmath-python imports without a GPU, so this runs anywhere its wheel is installed. Names are listed, nothing is called.
"""
import enum
import json
import sys
from pathlib import Path

FILE = Path(__file__).with_name("nvmath_names.json")
CALLED = ["create", "set_stream", "set_workspace", "gemm_ex", "gemm_strided_batched_ex"]


def members(enumeration):
    """The names of an enumeration, with their numbers."""
    return {name: int(value) for name, value in enumeration.__members__.items()}


def dump():
    """The whole record, as it stands in the file; Cython writes a signature in the docstring's first line."""
    import nvmath
    from nvmath.bindings import cublas

    return {"version": nvmath.__version__, "CudaDataType": members(nvmath.CudaDataType),
            "cublas": sorted(name for name in dir(cublas) if not name.startswith("_")),
            "signatures": {name: getattr(cublas, name).__doc__.partition("\n")[0] for name in CALLED},
            "enumerations": {name: members(value) for name, value in vars(cublas).items()
                             if isinstance(value, enum.EnumMeta) and len(value)}}


if __name__ == "__main__":
    text = json.dumps(dump(), sort_keys=True, separators=(",", ":"))
    if sys.argv[1:] == ["--print"]:
        print(text)
    else:
        FILE.write_text(text + "\n")
