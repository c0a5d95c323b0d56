"""A quote is found in its passage however blanks, hyphens, ligatures and quotation marks are written."""

import pytest

from garage_tui.core.proposals.normal_text import find_quote, normal_text, unify

TEXT = (
    "The de\u00adfault of the ﬁle’s mode is “stable” – its inter-\noperability isn’t in-\nstalled.  About 10–20 "
    "items\u00a0of "
    "«non\u00a0US» text; the screen is 5\" wide—not unable to load. Pre\u2010depends work. Cafe\u0301 opens at eight."
)  # fmt: skip


@pytest.mark.parametrize(
    "quote",
    [
        "The default of the file's mode is 'stable'",
        'the default of the file’s mode is "stable"',
        "The default of the ﬁle's mode is „stable“",
        "mode is ‹stable› - its interoperability",
        "interoperability isn't installed.",
        "About 10-20 items of non US text",
        "about 10\u201320 items of “non US” text",
        'the screen is 5" wide - not unable',
        "the screen is 5″ wide — not unable",
        "Pre-depends work. Café opens at eight",
        "… the default of the file's mode …",
        "THE DEFAULT OF THE FILE’S MODE",
        "Pre\u2011depends  work. Café",
        "*The default* of the `file's` mode",
    ],
)
def test_a_quote_is_found_though_its_signs_differ(quote):
    found = find_quote(quote, TEXT)
    assert found is not None
    start, end = found
    assert normal_text(TEXT[start:end]).text.strip(" .") == normal_text(quote).text.strip(" .-")


@pytest.mark.parametrize(
    "quote",
    [
        "The default of the file's mode is testing",
        "About 10-21 items of non US text",
        "able to load. Pre-depends",  # the end of "unable"
        "the screen is 5' wide",  # feet, not inches
        "of the",  # too short to prove anything
        "",
        "   ",
        "“”",
        "The default ... installed",  # an omission is no quote
        "Cafe opens at nine",
    ],
)
def test_a_quote_that_is_not_there_is_not_found(quote):
    assert find_quote(quote, TEXT) is None


def test_the_place_of_a_quote_is_that_in_the_original_text():
    start, end = find_quote("its interoperability isn't installed", TEXT)
    assert TEXT[start:end] == "its inter-\noperability isn’t in-\nstalled"


def test_unified_text_keeps_case_and_hyphens():
    assert unify("Pre\u2010Depends: “x” \u2013 ﬁn\u00adal\u00a0½") == 'Pre-Depends: "x" - final ½'


def test_a_superscript_is_no_digit():
    assert find_quote("ten times 102 metres", "ten times 10² metres") is None
