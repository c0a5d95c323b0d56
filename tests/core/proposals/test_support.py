"""What is stated may say less than its quote, and nothing else: no "not" is lost, no duty invented, nothing added."""

import pytest

from garage_tui.core.proposals.support import why_not_supported

SUPPORTED = [
    ("Packages must have a maintainer.", "Every package must have a maintainer."),
    ("The Debian Project was founded by Ian Murdock.", "The Debian Project was created by Ian Murdock in 1993."),
    ("Marrit is the aunt who feeds Tuppence.", "Aunt Marrit feeds Tuppence."),
    ("Bo maintains the garage wiki.", "The garage wiki is maintained by Bo."),
    ("Linux was written by Linus Torvalds.", "Linux is written by Linus Torvalds and many computer scientists."),
    ("Ada and Bo met.", "Bo and Ada met."),
    ("A package must not be removed.", "A package must not be removed."),
    ("The release may be delayed.", "Bugs can delay the release."),
    ("Three cats live at Pinder Lodge.", "3 cats live at Pinder Lodge."),
]
UNSUPPORTED = [
    ("A package must not be removed.", "A package must be removed.", "not"),
    ("The shop is open on Sunday.", "The shop isn't open on Sunday.", "n't"),
    ("The kernel is never reloaded here.", "The kernel is reloaded here.", "never"),
    ("Packages must have a maintainer.", "Packages should have a maintainer.", "must"),
    ("Packages may have a maintainer.", "Packages must have a maintainer.", "may"),
    ("The boiler starts at eight.", "The boiler stops at eight.", "starts"),
    ("At most 4 facts fit.", "At least 4 facts fit.", "at most"),
    ("The key is required.", "The key is optional.", "must"),
    ("Debian is popular, secure and fast.", "Debian is an operating system.", "popular"),
    ("Tuppence feeds Marrit.", "Marrit feeds Tuppence.", "changed places"),
    ("The file is removed before the start.", "The file is removed after the start.", "before"),
]


@pytest.mark.parametrize(("statement", "quote"), SUPPORTED)
def test_other_words_for_the_same_are_supported(statement, quote):
    assert why_not_supported(statement, statement, quote, "") == ""


@pytest.mark.parametrize(("statement", "quote", "reason"), UNSUPPORTED)
def test_what_the_quote_does_not_say_is_named(statement, quote, reason):
    assert reason in why_not_supported(statement, statement, quote, "")
