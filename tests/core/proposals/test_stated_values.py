"""The names, numbers, dates and addresses of an answer stand in its quote, however they are written there."""

import pytest

from garage_tui.core.proposals.stated_values import missing_values

HOLDS = [
    ("Three cats live here.", "There are 3 cats."),
    ("3 cats", "three cats live here"),
    ("21 days", "after twenty-one days"),
    ("two hundred and five", "205 packages"),
    ("in nineteen ninety-six", "It was written in 1996."),
    ("12 eggs", "a dozen eggs"),
    ("1,000 packages", "some 1000 packages"),
    ("1000", "1\u00a0000 packages"),
    ("1000", "1\u202f000 packages"),
    ("1 000", "1'000 Pakete"),
    ("1000", "1.000 Pakete"),
    ("2.5 litres", "2,5 litres"),
    ("1.5 million users", "1,500,000 users"),
    ("1,500,000", "1.5 million users"),
    ("5 %", "five percent of them"),
    ("5%", "5 per cent"),
    ("from 10 to 20", "10–20 items"),
    ("10-20", "10–20 items"),
    ("the 3rd release", "the third release"),
    ("the twenty-first", "on the 21st"),
    ("-5 °C", "at \u22125 °C"),
    ("€12", "12 €"),
    ("12 euros", "EUR 12"),
    ("4096 bits", "(4096 bits is preferred)"),
    ("May 3, 2024", "on 2024-05-03"),
    ("3 May 2024", "on May 3rd, 2024"),
    ("May 2024", "on 3 May 2024"),
    ("2024", "on 3 May 2024"),
    ("in May", "in May 2020"),
    ("3/4/2024", "on 4 March 2024"),
    ("3.4.2024", "on April 3, 2024"),
    ("8 pm", "at 20:00"),
    ("8:30", "at 8:30 a.m."),
    ("8 am", "at 8 o'clock"),
    ("See https://x.org/a.", "at http://x.org/a/"),
    ("www.x.org/a", "at https://www.x.org/a"),
    ("bo@x.org", "write to <bo@x.org>"),
    ("Users can do that.", "each user can"),
    ("Ada wrote it.", "The program was written by Ada Byron."),
    ("The FSF", "the Free Software Foundation"),
    ("Debian's", "by Debian"),
    ("It is GPL-licensed.", "under the GPL"),
    ("One of them is Bo.", "Bo is there."),
    ("First, install it.", "install it"),
    ("version 4.6.2", "version 4.6.2-1"),
    ("Zürich", "in Zu\u0308rich"),
    ("Müller’s", "von Müller"),
]
FAILS = [
    ("Four cats live here.", "There are 3 cats.", "Four"),
    ("about 1012", "over 1102", "1012"),
    ("10000 packages", "1000 packages", "10000"),
    ("4.6.2", "version 4.6.3", "4.6.2"),
    ("5 km", "5 miles", "5 km"),
    ("12 €", "$12", "12 €"),
    ("2 days", "within 2 weeks", "2 days"),
    ("-5 °C", "up to 5 °C", "-5 °C"),
    ("1.5 billion", "1.5 million", "1.5 billion"),
    ("3 May 2024", "on May 4th, 2024", "3 May 2024"),
    ("May 3, 2024", "on May 3", "May 3, 2024"),
    ("in June", "in May 2020", "in June"),
    ("8 pm", "at 8 am", "8 pm"),
    ("https://x.org/b", "http://x.org/a", "https://x.org/b"),
    ("bo@x.org", "bob@x.org", "bo@x.org"),
    ("Ringo.", "Paul maintains it.", "Ringo"),
    ("It was Ringo Starr.", "It was Paul.", "Ringo"),
    ("The FSF", "the Fine Sugar Mill", "FSF"),
    ("One.", "two cats", "One"),
    ("Paris", "in London", "Paris"),
    ("GNU/Hurd", "GNU/Linux", "GNU/Hurd"),
]


@pytest.mark.parametrize(("answer", "quote"), HOLDS)
def test_what_the_quote_has_in_another_form_is_not_missing(answer, quote):
    assert missing_values(answer, quote) == []


@pytest.mark.parametrize(("answer", "quote", "missing"), FAILS)
def test_what_the_quote_does_not_have_is_named(answer, quote, missing):
    found = missing_values(answer, quote)
    assert found and any(missing.split()[0] in one or one in missing for one in found), found


def test_a_name_of_the_question_may_be_repeated():
    assert missing_values("Tuppence is fed by Marrit.", "Marrit feeds the dog.", ["Who feeds Tuppence?"]) == []
    assert missing_values("Tuppence is fed by Marrit.", "Marrit feeds the dog.") == ["Tuppence"]


@pytest.mark.parametrize(
    ("answer", "quote"),
    [
        ("12345678901234567890123456789012", "12345678901234567890123456789013"),
        ("12345678901234567890123456789012 thousand", "12345678901234567890123456789013 thousand"),
        ("0.12345678901234567890123456789012", "0.12345678901234567890123456789013"),
        ("93", "0093"),
    ],
)
def test_a_long_serial_number_and_a_code_with_zeros_count_to_their_last_digit(answer, quote):
    assert missing_values(f"It is {answer}.", f"It is {answer}.") == []
    assert missing_values(f"It is {answer}.", f"It is {quote}.") == [answer]
