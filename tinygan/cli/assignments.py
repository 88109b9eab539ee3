"""`tinygan assignments release`, `publish` and `grade`: hand out and grade exercises with nbgrader."""
from __future__ import annotations

from pathlib import Path

from tinygan.cli import arguments
from tinygan.grading import GradingError

ABOUT = "hand out and grade the assignments of a course"


def add(parser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("release", help="make the students' files in release/ from source/",
                       description="Make the students' files: the folder release/ of the course, from source/.")
    publish = actions.add_parser("publish", help="write a folder for the students, without solutions",
                                 description="Write a new folder for the students: release/, the library and the "
                                 "lectures, without source/, and prove that it contains no solution.")
    publish.add_argument("to", type=arguments.path, metavar="DIR", help="a folder that does not exist or is empty")
    grade = actions.add_parser("grade", help="score submissions and write grades.csv",
                               description="Score submissions; write feedback/, results/ and grades.csv in the course.")
    grade.add_argument("submitted", type=arguments.path, metavar="SUBMITTED_DIR",
                       help="a folder with submissions: STUDENT/NAME/NAME.ipynb or .py")
    grade.add_argument("--seed", type=arguments.natural, help="seed of the hidden cases (default: the number in the "
                       "file `seed` of the course, which is drawn if it is missing)")
    grade.add_argument("--unsafe", action="store_true",
                       help="grade without isolation by the kernel if it is missing here, and note that in the results")
    for action in actions.choices.values():
        action.add_argument("--course", type=arguments.path, default=Path("notebooks/assignments"), metavar="DIR",
                            help="the folder of the course (default: notebooks/assignments)")


def run(options):
    try:
        from tinygan.grading import course
        if options.action == "release":
            print(*course.release(options.course), sep="\n")
        elif options.action == "publish":
            from tinygan.grading.publish import publish
            print(publish(options.course, options.to))
        else:
            import resource  # noqa: F401  (of the processes that run answers)
            file, failed = course.grade(options.course, options.submitted, options.seed, options.unsafe)
            print(file)
            if failed:
                return 1
    except ModuleNotFoundError as error:
        if error.name == "resource":
            raise GradingError("assignments run in processes with limits of time and memory, which need a POSIX system:"
                               " Linux, macOS, or WSL on Windows") from error
        raise GradingError(f"{error.name} is missing: pip install 'tinygan[grading]'") from error
