"""The base class of the errors that tinygan raises for mistakes of the user, and words that messages share."""
from __future__ import annotations

from pathlib import Path

RETURN = "; is a `return` missing?"
CUT = ".detach(), .data, unwrap, np.asarray, no_grad"  # what ends a path of derivatives


class TinyganError(Exception):
    """A mistake of the user, or in a file that the user named: one line with the value given and what was expected.

    The command line prints this line and ends with exit status 2. Error classes of the library inherit from it.
    """


def described(x) -> str:
    """A tensor or array in words: a parameter by the name that its network gave it, and the shape."""
    shape, name = getattr(x, "shape", ()), getattr(x, "name", "")
    return f"{name}, of shape {shape}," if name else f"an input of shape {shape}"


def unreached(inputs, gradients) -> str:
    """The message of `grad` for inputs without a gradient: their names, and why this may be."""
    missing = [getattr(x, "name", "") or f"inputs[{i}], of shape {x.shape}"
               for i, (x, g) in enumerate(zip(inputs, gradients)) if g is None]
    names = ", ".join(missing[:4]) + (f" and {len(missing) - 4} more" if len(missing) > 4 else "")
    why = "another network computed it" if len(missing) == len(inputs) > 1 else "not used"
    return (f"grad: the output does not depend on {names}: {why}, or the path is cut ({CUT}); pass allow_unused=True "
            "to get None")


def expect_generator(rng):
    """rng; TypeError, with the correction, if it is no generator of random numbers.

    A seed is refused: a function that draws would draw the same numbers at each call.
    """
    if not hasattr(rng, "integers"):  # a generator of a CUDA graph is of another type
        raise TypeError(f"rng: got {rng!r:.60}, expected a numpy.random.Generator; write "
                        "rng = np.random.default_rng(0) once, and give it to each call")
    return rng


def install(extra: str) -> str:
    """The command that installs an extra of tinygan: of the clone that runs, or of the place tinygan came from.

    tinygan need not be on an index. So the name of the package alone helps only where pip took it from one.
    """
    return f'pip install "{_source(extra)}"'


def _source(extra) -> str:
    import importlib.metadata  # these are slow to import, and used by an error alone
    import json
    from urllib.parse import unquote, urlsplit
    from urllib.request import url2pathname

    clone = Path(__file__).parents[1]
    if (clone / "setup.cfg").is_file():
        return f"{clone}[{extra}]"
    try:
        text = importlib.metadata.distribution("tinygan").read_text("direct_url.json")
        origin = json.loads(text or "{}")
        url, control = origin.get("url", ""), origin.get("vcs_info", {})
    except (importlib.metadata.PackageNotFoundError, ValueError, AttributeError):
        url, control = "", {}
    if control:
        return f"tinygan[{extra}] @ {control['vcs']}+{url}"
    if url.startswith("file:") and (path := Path(url2pathname(unquote(urlsplit(url).path)))).exists():
        return f"{path}[{extra}]"
    return f"tinygan[{extra}]"
