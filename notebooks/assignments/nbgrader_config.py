"""The course for nbgrader: what differs from its defaults, above all that no student's code runs in a kernel."""
c = get_config()  # noqa: F821  (nbgrader's)

c.CourseDirectory.course_id = "tinygan"
c.CourseDirectory.ignore = [".ipynb_checkpoints", "__pycache__", "*.pyc", "*.py"]  # a source is not for the students
c.ClearSolutions.code_stub = {"python": "raise NotImplementedError(\"your answer\")"}
c.OverwriteCells.add_missing_cells = True
c.Autograde.autograde_preprocessors = [  # in the place of Execute: the score comes from a process of its own
    "tinygan.grading.course.grade_notebook",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.GenerateFeedback.preprocessors = [
    "nbgrader.preprocessors.GetGrades",
    "nbgrader.preprocessors.ClearHiddenTests",  # a page for a student
    "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
]
