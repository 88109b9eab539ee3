"""The effect of `tune` on its process; `import tinygan` has no such effect."""
import json
import platform
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import json, resource, tinygan
import numpy as np

def faults():
    for _ in range(50):  # arrays that glibc by itself gives back to the kernel, one after the other
        start = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        held = [np.ones(1 << 18, np.float32) for _ in range(4)]
        del held
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - start

def huge():
    heap = open("/proc/self/smaps").read().split("[heap]")[1:]
    return any("hg" in part.split("VmFlags:")[1].splitlines()[0].split() for part in heap)

before = faults(), huge()
tinygan.tune()
print(json.dumps([before, (faults(), huge()), np.ones(3).sum()]))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc" or not Path("/proc/self/smaps").exists(),
                    reason="memory is tuned on Linux with glibc")
def test_tune_keeps_memory_and_asks_for_huge_pages():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    (faults, huge), (fewer, then_huge), three = json.loads(done.stdout)
    assert faults > 500  # 4 MiB in pages of 4 KiB are a thousand
    assert fewer < 10
    assert (huge, three) == (False, 3)
    assert then_huge or not Path("/sys/kernel/mm/transparent_hugepage").exists()
