"""The operations, one file for each family. `OPS` is the table of all; `methods` adds them to class Tensor."""
from tinygan.ops import conv as conv  # registers its operations
from tinygan.ops import elementwise as elementwise
from tinygan.ops import image as image
from tinygan.ops import linear as linear
from tinygan.ops import power as power
from tinygan.ops import reduce as reduce
from tinygan.ops import shape as shape
from tinygan.ops.methods import OPERATORS
from tinygan.ops.registry import OPS, case, op

__all__ = ["OPERATORS", "OPS", "case", "op"]
