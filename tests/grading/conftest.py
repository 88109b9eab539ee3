"""The tests of the grader run without isolation if the kernel cannot isolate a process."""
import pytest

from tinygan.grading import isolation


@pytest.fixture(scope="session", autouse=True)
def best_level():
    """Sets the default level to no isolation if no other works; the tests of the levels are skipped then."""
    with pytest.MonkeyPatch.context() as patch:
        if isolation.fault(isolation.BUBBLEWRAP) and isolation.fault(isolation.LANDLOCK):
            patch.setattr(isolation, "choose", lambda unsafe=False: isolation.NONE)
        yield
