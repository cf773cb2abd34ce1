"""What learners get is derived by rule from what authors write: nothing kept by hand, nothing given away."""

from __future__ import annotations

import ast
import itertools
import json
import re
import shutil
from pathlib import Path

import pytest

from simlib.course.answers import Function, Number, judge
from simlib.course.exercises import (
    build_exercises,
    for_instructors,
    for_learners,
    questions,
    read_exercises,
    stub_of,
    with_stubs,
)
from simlib.course.source import LessonSource
from simlib.errors import SafeShopError
from simlib.languages import LANGUAGES
from tests.exercises.conftest import FOLDER, key, key_file, named, sources
from tests.notebooks.test_built_notebooks import nbval

BLOCK = re.compile(r"^[ ]*#: solution\n(.*?)^[ ]*#: end", flags=re.DOTALL | re.MULTILINE)
SEEDS = (10_000, 31_415, 99_999)
SOLUTIONS = sorted((FOLDER / "solutions" / "en").glob("*.ipynb"))


def bound(code: str) -> set[str]:
    """Names that a cell makes."""
    found = set()
    for statement in ast.parse(code).body:
        if isinstance(statement, ast.FunctionDef):
            found.add(f"{statement.name}({ast.unparse(statement.args)})")
        elif isinstance(statement, ast.Assign):
            found |= {ast.unparse(target) for target in statement.targets}
    return found


@pytest.mark.parametrize("source", sources().values(), ids=lambda source: source.stem)
def test_stub_and_solution_match(source: LessonSource) -> None:
    learners = {cell.name: cell.text for cell in for_learners(source).cells}
    instructors = {cell.name: cell.text for cell in for_instructors(source).cells}
    for question in questions(source):
        name = question.answer.name
        stub, solved = learners[name], instructors[name]
        assert bound(stub) == bound(solved), name
        for text in (stub, solved):
            assert text.count(f'"{source.head.number}-{question.name}"') == 1, name
            assert "#: " not in text
        for block in BLOCK.findall(question.answer.text):
            assert block not in stub
            assert "..." in stub
    # What is not part of an answer is the same for both, in the same order.
    shared = [name for name in instructors if name in learners]
    assert shared == list(learners)
    answers = {question.answer.name for question in questions(source)}
    assert all(
        learners[name] == instructors[name]
        for name in shared
        if "#: solution" not in source_text(source, name)
    )
    assert answers <= set(shared)


def source_text(source: LessonSource, name: str) -> str:
    return next(cell.text for cell in source.cells if cell.name == name)


def test_a_stub_keeps_names_and_docstrings_and_nothing_else() -> None:
    assert stub_of("readable = f(x)\nanswer = 1 - readable\nprint(answer)") == "readable = ...\nanswer = ..."
    assert stub_of(
        'def f(a, b=2):\n    """What it gives."""\n    for c in a:\n        b += c\n    return b'
    ) == ('def f(a, b=2):\n    """What it gives."""\n    ...')
    assert with_stubs("a = 1\n#: solution\nb = 2\n#: end\ncheck(b)\n") == "a = 1\nb = ...\ncheck(b)\n"


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("number", sources())
def test_no_answer_can_be_read_in_a_learners_notebook(number: str, lang: str) -> None:
    source = sources()[number]
    path = FOLDER / lang / f"{source.stem}.ipynb"
    tree = json.loads(path.read_text(encoding="utf-8"))
    text = "\n".join("".join(cell["source"]) for cell in tree["cells"]) + json.dumps(
        [tree["metadata"], [cell["metadata"] for cell in tree["cells"]]], ensure_ascii=False
    )
    plain = " ".join(text.split())
    assert all(not cell.get("outputs") for cell in tree["cells"])
    said = key_file(number).texts[lang]
    for name, known in said.items():
        for secret in (*known.hints, *known.mistakes.values(), known.right):
            assert " ".join(secret.split()) not in plain, (name, secret)
        for line in key_file(number).code[name].split("\n"):
            if re.search(r"\b(key = |Number\(|OneOf\(|Several\(|Positions\(|Function\(|Facts\(|Day\()", line):
                assert line.strip() not in text, (name, line)
        for mistake in known.mistakes:
            assert f'"{mistake}"' not in text
    for cell in source.cells:
        for block in BLOCK.findall(cell.text):
            for line in block.strip().split("\n"):
                if not line.strip().startswith(('"""', "def ", "return None")):
                    assert line.strip() not in text, line
        if cell.name.endswith("-solution"):
            assert cell.text.partition("\n")[2].strip() not in text


@pytest.mark.slow
@pytest.mark.parametrize("number", sources())
def test_learners_notebooks_and_keys_are_what_the_sources_make(number: str) -> None:
    expected = 1 + len(LANGUAGES)
    # What follows runs notebooks, which is for the slow tests.
    for one in itertools.islice(build_exercises(FOLDER, [number]), expected):
        assert one.path.read_bytes() == one.text.encode(), f"{one.path}: run “safeshop build {number}”"


def test_each_source_has_five_to_nine_questions_in_every_language() -> None:
    for number, source in sources().items():
        asked = questions(source)
        assert 5 <= len(asked) <= 9
        assert all(len(question.hints) == 3 and question.mistakes for question in asked)
        assert set(key_file(number).texts) == set(LANGUAGES)
        for lang in LANGUAGES:
            assert set(key_file(number).texts[lang]) == {question.name for question in asked}


@pytest.mark.slow
@pytest.mark.parametrize(("number", "question"), named(), ids=lambda part: part)
def test_for_every_learner_the_solution_is_right_and_each_mistake_is_recognised(
    number: str, question: str
) -> None:
    for seed in SEEDS:
        mine = key(number, question, seed)
        assert judge(mine, mine.solution).state == "right"
        assert set(mine.mistakes) <= set(key_file(number).texts["en"][question].mistakes)
        for name, mistake in mine.mistakes.items():
            verdict = judge(mine, mistake.example)
            assert (verdict.state, verdict.mistake) == ("wrong", name), (seed, name)
        kept = judge(mine, mine.solution).kept
        if not isinstance(mine, Function):
            assert judge(mine, kept).state == "right"


@pytest.mark.slow
def test_a_number_read_off_the_next_screen_is_wrong() -> None:
    numerical = [
        (number, name) for number, name in named() if isinstance(key(number, name, SEEDS[0]), Number)
    ]
    assert len(numerical) >= 10
    copied = right = 0
    for number, name in numerical:
        for mine in SEEDS:
            for other in SEEDS:
                if mine != other:
                    copied += 1
                    right += (
                        judge(key(number, name, mine), key(number, name, other).solution).state == "right"
                    )
    # Two learners get nearly the same number once in a while: some tasks are about small whole numbers (12 of 78).
    assert right <= 0.2 * copied


@pytest.mark.slow
@pytest.mark.parametrize("notebooks", [SOLUTIONS[::2], SOLUTIONS[1::2]], ids=["odd places", "even places"])
def test_running_the_solutions_gives_their_stored_outputs(notebooks: list[Path]) -> None:
    result = nbval(notebooks)
    assert result.returncode == 0, result.stdout[-6000:]


@pytest.mark.parametrize("number", sources())
def test_solutions_are_right_in_every_language_and_answer_every_question(number: str) -> None:
    stem = sources()[number].stem
    wanted = len(questions(sources()[number]))
    for lang in LANGUAGES:
        tree = json.loads((FOLDER / "solutions" / lang / f"{stem}.ipynb").read_text(encoding="utf-8"))
        shown = [
            "".join(output.get("data", {}).get("text/plain", ""))
            for cell in tree["cells"]
            for output in cell.get("outputs", [])
        ]
        assert sum(text.startswith("✓ ") for text in shown) == wanted
        assert not any(text.startswith(("✗ ", "○ ", "? ")) for text in shown)
        assert not any(cell["metadata"]["name"].endswith("-key") for cell in tree["cells"])


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        (
            '+++ {"name": "q2-hint-3"}',
            '+++ {"name": "q2-remark"}',
            "05-retention-windows.md, line {line}, cell “q2”: the question has no cell “q2-hint-3”.",
        ),
        (
            '+++ {"name": "q3-right"}',
            '+++ {"name": "q8-right"}',
            "05-retention-windows.md, line {line}, cell “q8-right”: there is no question of this name.",
        ),
        (
            'practice.tick(\n    "05-q4"',
            'practice.tick(\n    "05-q3"',
            (
                "05-retention-windows.md, line {line}, cell “q4-answer”: the answer is not asked for by the "
                "question’s name."
            ),
        ),
        (
            ":name: q2-solution",
            ":name: q2-worked",
            "05-retention-windows.md, line {line}, cell “q2-answer”: the question has no solution.",
        ),
        (
            'practise("05"',
            'start("05"',
            '05-retention-windows.md: exactly one code cell must open the lesson with practise("05", lang="en").',
        ),
    ],
    ids=["hint", "orphan", "name", "solution", "opening"],
)
def test_an_incomplete_question_is_refused_with_file_and_line(
    tmp_path: Path, before: str, after: str, sentence: str
) -> None:
    path = tmp_path / "src" / "05-retention-windows.md"
    path.parent.mkdir()
    shutil.copy(FOLDER / "src" / path.name, path)
    text = path.read_text(encoding="utf-8")
    assert text.count(before) == 1
    path.write_text(text.replace(before, after), encoding="utf-8")
    with pytest.raises(SafeShopError) as refused:
        read_exercises(tmp_path)
    assert re.fullmatch(re.escape(sentence).replace(r"\{line\}", r"\d+"), refused.value.sentence)
