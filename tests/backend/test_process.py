"""The effect of `tune` on its process; `import tinygan` has no such effect."""
import json
import platform
import subprocess
import sys

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

before = faults()
tinygan.tune()
print(json.dumps([before, faults(), np.ones(3).sum()]))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="memory is tuned with glibc")
def test_tune_keeps_memory():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    faults, fewer, three = json.loads(done.stdout)
    assert faults > 500  # 4 MiB in pages of 4 KiB are a thousand
    assert fewer < 10
    assert three == 3
