"""A file of the library or of the course that changes while a submission is graded is named, with the student."""
import pytest

import tinygan
from tinygan.grading.unchanged import ChangedError, Watch


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course, and a library of one file."""
    for file in ("lib/a.py", "course/source/one/one.py", "course/nbgrader_config.py", "course/grades.csv"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("x")
    monkeypatch.setattr(tinygan, "__file__", str(tmp_path / "lib" / "__init__.py"))
    return tmp_path / "course"


@pytest.mark.parametrize(("change", "says"), [
    (lambda c: (c.parent / "lib/a.py").write_text("y"), "lib/a.py was changed while the submission of ada was graded"),
    (lambda c: (c.parent / "lib/b.py").write_text(""), "lib/b.py is new"),
    (lambda c: (c / "source/one/one.py").unlink(), "source/one/one.py is gone"),
    (lambda c: (c / "nbgrader_config.py").write_text("xx"), "nbgrader_config.py was changed"),
    (lambda c: (c / "source/more").symlink_to("nowhere"), "source/more is new"),
    (lambda c: (c / "source/one/one.py").rename(c / "x") and (c / "source/one/one.py").symlink_to(c / "x"),
     "one.py was changed")])
def test_a_change_is_named(course, change, says):
    watch = Watch(course)
    watch.check("eve")
    change(course)
    with pytest.raises(ChangedError, match=says):
        watch.check("ada")


def test_what_grading_writes_is_no_change(course):
    watch = Watch(course)
    (course / "grades.csv").write_text("y")
    (course / "source/one/__pycache__").mkdir()
    (course / "source/one/__pycache__/one.pyc").write_text("y")
    (course / "source/one/one.py").touch()
    watch.check("ada")
