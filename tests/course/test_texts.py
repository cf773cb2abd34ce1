"""Translations keep in step with the English text, and a gap in them stops the build."""

from __future__ import annotations

import sys
from pathlib import Path

import polib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlib.course import texts
from simlib.course.source import LessonSource, read_source
from simlib.errors import SafeShopError

LANG = "zh-Hant"
LANGUAGE_SIGN = "譯："


def filled(source: LessonSource, lessons: Path) -> polib.POFile:
    """A complete PO file: every unit translated by a sign put before it."""
    texts.refresh_lesson(source, lessons, LANG)
    file = polib.pofile(str(texts.lesson_catalogue(lessons, LANG, source.stem)))
    for entry in file:
        entry.msgstr = LANGUAGE_SIGN + entry.msgid
    file.save()
    return file


@pytest.fixture
def source(lessons: Path) -> LessonSource:
    """The first lesson."""
    return read_source(lessons / "src" / "01-first-steps.md")


def test_a_complete_catalogue_translates_prose_labels_and_title(source: LessonSource, lessons: Path) -> None:
    filled(source, lessons)
    there = source.translated(texts.translator(source, lessons, LANG), LANG)
    assert there.head.title == "譯：First steps"
    assert there.cells[0].text.startswith("譯：# How many orders are open?\n\n譯：A small shop gets twenty")
    assert "```text\n20 × 10\n```" in there.cells[0].text
    assert there.cells[1].text.splitlines()[0] == "# ▶ 譯：Open the lesson"


def test_code_is_the_same_in_all_languages_but_for_label_and_opening(
    source: LessonSource, lessons: Path
) -> None:
    filled(source, lessons)
    there = source.translated(texts.translator(source, lessons, LANG), LANG)
    for here, other in zip(source.cells, there.cells, strict=True):
        if here.code:
            code = here.text.partition("\n")[2].replace(
                'start("01", lang="en")', 'start("01", lang="zh-Hant")'
            )
            assert other.text.partition("\n")[2] == code


def break_entry(file: polib.POFile, how: str) -> None:
    """Spoil the translation of the lesson's last sentence."""
    entry = file.find("Arrivals times time give the stock.")
    if how == "empty":
        entry.msgstr = ""
    elif how == "gone":
        file.remove(entry)
    elif how == "fuzzy":
        entry.flags.append("fuzzy")
    else:
        file.append(polib.POEntry(msgctxt="01 look", msgid="Gone by now.", msgstr="譯"))
    file.save()


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        (
            "empty",
            (
                "zh-Hant/01-first-steps.po: lesson 01, cell what-we-saw: the text “Arrivals times time give the "
                "stock.” has no translation."
            ),
        ),
        (
            "gone",
            (
                "zh-Hant/01-first-steps.po: lesson 01, cell what-we-saw: the text “Arrivals times time give the "
                "stock.” has no translation."
            ),
        ),
        (
            "fuzzy",
            (
                "zh-Hant/01-first-steps.po: lesson 01, cell what-we-saw: the text “Arrivals times time give the "
                "stock.” has a doubtful (fuzzy) translation: read it, then remove the mark."
            ),
        ),
        (
            "left over",
            (
                "zh-Hant/01-first-steps.po: lesson 01, cell look: the text “Gone by now.” is no longer in the lesson: "
                "run “safeshop texts”."
            ),
        ),
    ],
)
def test_a_gap_in_a_translation_is_named(
    source: LessonSource, lessons: Path, how: str, sentence: str
) -> None:
    break_entry(filled(source, lessons), how)
    with pytest.raises(SafeShopError) as refused:
        texts.translator(source, lessons, LANG)
    assert refused.value.sentence == sentence


def test_a_language_without_texts_for_a_lesson_is_named(source: LessonSource, lessons: Path) -> None:
    with pytest.raises(SafeShopError) as refused:
        texts.translator(source, lessons, LANG)
    assert refused.value.sentence == (
        "Lesson 01 has no zh-Hant texts; make them with “safeshop texts --lang zh-Hant”."
    )


def test_refreshing_twice_changes_no_byte(source: LessonSource, lessons: Path) -> None:
    filled(source, lessons)
    texts.refresh_lesson(source, lessons, LANG)
    path = texts.lesson_catalogue(lessons, LANG, source.stem)
    before = path.read_bytes()
    done = texts.refresh_lesson(source, lessons, LANG)
    assert path.read_bytes() == before
    assert (done.kept, done.new, done.fuzzy, done.obsolete) == (11, 0, 0, 0)


def test_a_changed_text_keeps_its_translation_as_doubtful(source: LessonSource, lessons: Path) -> None:
    filled(source, lessons)
    path = source.path
    path.write_text(path.read_text("utf-8").replace("give the stock", "give the whole stock"), "utf-8")
    done = texts.refresh_lesson(read_source(path), lessons, LANG)
    assert (done.kept, done.new, done.fuzzy, done.obsolete) == (10, 0, 1, 0)
    entry = polib.pofile(str(done.path)).find("Arrivals times time give the whole stock.")
    assert entry.fuzzy
    assert entry.msgstr == "譯：Arrivals times time give the stock."
    assert entry.previous_msgid == "Arrivals times time give the stock."


def test_a_text_that_comes_back_gets_its_translation_back(source: LessonSource, lessons: Path) -> None:
    filled(source, lessons)
    path = source.path
    before = path.read_text("utf-8")
    path.write_text(before.replace("Arrivals times time give the stock.", "Quite another one."), "utf-8")
    done = texts.refresh_lesson(read_source(path), lessons, LANG)
    assert (done.new, done.fuzzy, done.obsolete) == (1, 0, 1)
    path.write_text(before, "utf-8")
    done = texts.refresh_lesson(read_source(path), lessons, LANG)
    assert (done.kept, done.new, done.fuzzy, done.obsolete) == (11, 0, 0, 0)


UNITS = st.lists(
    st.tuples(st.sampled_from(["01 a", "01 b"]), st.text("abcdef ", min_size=1, max_size=12)),
    unique=True,
    max_size=6,
)


@settings(max_examples=60)
@given(rounds=st.lists(UNITS, min_size=1, max_size=5))
def test_no_translation_is_ever_lost(tmp_path_factory: pytest.TempPathFactory, rounds: list) -> None:
    path = tmp_path_factory.mktemp("po") / "x.po"
    made: set[str] = set()
    for number, units in enumerate(rounds):
        texts.refresh(path, LANG, [(context, text, ()) for context, text in units])
        file = polib.pofile(str(path))
        for place, entry in enumerate(file):
            if not entry.obsolete and not entry.msgstr:
                entry.msgstr = f"t{number}.{place}"
                made.add(entry.msgstr)
        file.save()
        assert {entry.msgstr for entry in polib.pofile(str(path))} == made


def test_the_library_catalogue_must_be_complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "CATALOGUES", tmp_path)
    with pytest.raises(SafeShopError, match="The library has no zh-Hans catalogue"):
        texts.check_library("zh-Hans")
    path = tmp_path / "zh-Hans" / "simlib.po"
    texts.refresh(path, "zh-Hans", [(None, "orders", ("simlib/x.py",))])
    with pytest.raises(SafeShopError, match=r"zh-Hans/simlib\.po: the text “orders” has no translation\."):
        texts.check_library("zh-Hans")
    path.write_text(path.read_text("utf-8").replace('msgstr ""\n\n', 'msgstr "订单"\n\n'), "utf-8")
    file = polib.pofile(str(path))
    file.find("orders").msgstr = "订单"
    file.save()
    texts.check_library("zh-Hans", ["orders"])
    with pytest.raises(SafeShopError, match="the text “days” is not in the catalogue: run “safeshop texts”"):
        texts.check_library("zh-Hans", ["orders", "days"])


@pytest.mark.slow
def test_library_texts_come_from_package_and_lessons(root: Path, source: LessonSource) -> None:
    found = {text: files for _context, text, files in texts.library_texts(root / "simlib", [source])}
    assert "lessons/src/01-first-steps.md" in found["orders"]
    assert found["This is my guess"] == ("simlib/panels/prediction.py",)


def test_without_babel_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "babel.messages.extract", None)
    with pytest.raises(SafeShopError, match="Babel is not installed"):
        texts.library_texts(tmp_path, [])


def test_a_text_within_an_f_string_is_found_like_any_other(tmp_path: Path) -> None:
    (tmp_path / "page.py").write_text('def page(): return f"<p>{_(\'Lessons\')}</p>" + _("Lesson")', "utf-8")
    assert {
        text for _context, text, files in texts.library_texts(tmp_path, []) if files[0].endswith("page.py")
    } == {
        "Lessons",
        "Lesson",
    }
