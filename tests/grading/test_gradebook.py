"""The table of grades from nbgrader's database: empty cells, totals, one write. Needs the extra `grading`."""
import importlib.util

import pytest

if not importlib.util.find_spec("nbgrader"):
    pytest.skip("nbgrader is not installed", allow_module_level=True)
from kit import COURSE

from tinygan.grading import GradingError
from tinygan.grading.gradebook import SHOWN, api, call, table

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")]  # the database


@pytest.fixture
def database(tmp_path):
    """Two assignments of 4 and 6 points; ada and bob with 3 points in the first, bob with 5 in the second."""
    from nbgrader.api import Gradebook
    url = f"sqlite:///{tmp_path / 'gradebook.db'}"
    with Gradebook(url) as book:
        for work, points in (("one", 4), ("two", 6)):
            book.add_assignment(work)
            book.add_notebook(work, work)
            book.add_grade_cell("task", work, work, max_score=points, cell_type="code")
        for student, work, score in (("ada", "one", 3), ("bob", "one", 3), ("bob", "two", 5)):
            book.update_or_create_student(student)
            book.add_submission(work, student)
            book.find_grade("task", work, work, student).auto_score = score
        book.db.commit()
    return url


def test_what_was_not_graded_is_empty_and_not_zero(tmp_path, database):
    left = tmp_path / "results" / "eve" / "one" / "not-graded.txt"
    left.parent.mkdir(parents=True)
    left.write_text("no room")
    (tmp_path / "grades.csv").symlink_to(tmp_path / "elsewhere")
    file = table(tmp_path, database, {("bob", "two"): "no memory"})
    assert file.read_text().splitlines() == [
        "student,one,two,total", "(points),4.0,6.0,10.0", "ada,3.0,0.0,3.0", "bob,3.0,,", "eve,,0.0,"]
    assert not (tmp_path / "elsewhere").exists()
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize("text", ["### BEGIN HIDDEN TESTS\n### END HIDDEN TESTS", "### BEGIN HIDDEN TESTS\n" * 2,
                                  " \n" * 50_000, "%%perl\nm{"])
def test_a_page_of_any_answer(text):
    """nbgrader refuses marks of hidden checks in an answer; coloured as Perl, or in full, it could take for ever."""
    import nbformat
    from nbconvert import HTMLExporter
    config = api(COURSE).config
    page = HTMLExporter(config=config)
    for step in config.GenerateFeedback.preprocessors:
        if "GetGrades" not in str(step):  # asks the database
            page.register_preprocessor(step, enabled=True)
    cell = nbformat.v4.new_code_cell(text, metadata={"nbgrader": {
        "schema_version": 3, "grade_id": "x", "solution": True, "grade": False, "locked": False, "task": False}})
    book, _ = page._preprocess(nbformat.v4.new_notebook(cells=[cell]), page._init_resources({}))
    assert "magics_language" not in book.cells[0].metadata
    assert len(book.cells[0].source) < 1.01 * SHOWN
    assert book.cells[0].source[:20].lower() == text[:20].lower()


def test_an_error_of_nbgrader():
    with pytest.raises(GradingError, match=r"^nbgrader: ValueError: x$"):
        call(lambda *_: {"success": False, "log": "[ERROR] y\n ValueError: x\n z", "error": "Traceback"})
    with pytest.raises(GradingError, match=r"^nbgrader: it failed$"):
        call(lambda *_: {"success": False})
    with pytest.raises(KeyboardInterrupt):
        call(lambda *_: {"success": False, "error": "Traceback\n  x\nKeyboardInterrupt\n"})
    call(lambda *_: {"success": True})
