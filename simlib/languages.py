"""Languages: every learner-facing string of the library passes through `_()` here."""

from __future__ import annotations

import io
import os
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

LANGUAGES: dict[str, str] = {"en": "English", "zh-Hant": "繁體中文", "zh-Hans": "简体中文"}
"""Language tag → its own name."""

CATALOGUES = Path(__file__).parent / "locale"
"""Folder of the gettext catalogues, ``<tag>/simlib.po``."""

_current = "en"


@lru_cache
def _translations(tag: str) -> NullTranslations:
    source = CATALOGUES / tag / "simlib.po"
    if tag == "en" or not source.exists():
        return NullTranslations()
    # Loaded when first needed: the readable .po is the only file kept, so that no compiled twin can go stale.
    import polib

    return GNUTranslations(io.BytesIO(polib.pofile(str(source)).to_binary()))


def set_language(tag: str) -> None:
    """Choose the language of all later strings.

    Parameters
    ----------
    tag
        One of `LANGUAGES`.

    Raises
    ------
    ValueError
        If the tag is not one of `LANGUAGES`.
    """
    global _current
    if tag not in LANGUAGES:
        raise ValueError(f"language must be one of {', '.join(LANGUAGES)}, not {tag!r}")
    _current = tag


def current_language() -> str:
    """The tag of the language in use."""
    return _current


def _(text: str) -> str:
    """The text in the language in use."""
    return _translations(_current).gettext(text)


def N_(text: str) -> str:  # noqa: N802 - the name under which message extractors know it
    """The text itself: noted for translation here, translated by `_` where it is shown."""
    return text


def system_language() -> str:
    """The tag of the language this computer is set to; English if we do not speak it."""
    import locale

    try:
        name = locale.getlocale()[0] or ""
    except ValueError:
        name = ""
    # POSIX says zh_TW where Windows says Chinese (Traditional)_Taiwan.
    name = (
        os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or name
    ).lower()
    if not name.startswith(("zh", "chinese")):
        return "en"
    traditional = ("tw", "hk", "mo", "hant", "traditional", "taiwan", "hong kong", "macao")
    return "zh-Hant" if any(word in name for word in traditional) else "zh-Hans"
