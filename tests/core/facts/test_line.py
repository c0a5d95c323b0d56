"""Lines of a facts file: whatever stands in them, only what was edited changes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garage_tui.core.facts.file import load_facts
from garage_tui.core.facts.line import Fact, edit_line, make_line, parse

text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)
value = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
extra = st.dictionaries(st.text().filter(lambda key: key not in ("question", "answer")), value, max_size=4)


@st.composite
def rows(draw) -> bytes:
    """A valid line, with its keys in any order and its bytes as some tool might write them."""
    row = {"question": draw(text), "answer": draw(text), **draw(extra)}
    keys = draw(st.permutations(list(row)))
    separators = draw(st.sampled_from([(", ", ": "), (",", ":"), (" , ", " :  ")]))
    data = json.dumps({key: row[key] for key in keys}, ensure_ascii=draw(st.booleans()), separators=separators)
    end = draw(st.sampled_from(["", "\r", "  "]))
    return (data + end).encode(errors="surrogatepass") if data.isascii() else (data + end).encode(errors="replace")


@given(lines=st.lists(rows() | st.binary().filter(lambda raw: b"\n" not in raw)), ended=st.booleans())
def test_load_then_save_is_the_identity_on_every_file(lines, ended, tmp_path_factory):
    path = tmp_path_factory.mktemp("facts") / "facts.jsonl"
    data = b"\n".join(lines) + (b"\n" if ended and lines else b"")
    path.write_bytes(data)
    load_facts(path).save()
    assert path.read_bytes() == data


@given(raw=rows(), question=text, answer=text)
def test_an_edited_row_says_what_was_written_and_keeps_all_other_keys_in_their_order(raw, question, answer):
    line = parse(raw)
    if line.fact is None:
        return  # a lone surrogate, say
    new = edit_line(line, {"question": question, "answer": answer})
    before, after = json.loads(raw), json.loads(new.raw)
    assert list(before) == list(after)
    assert after == {**before, "question": question, "answer": answer}
    back = edit_line(new, {"question": line.fact.question, "answer": line.fact.answer})
    assert json.loads(back.raw) == before


@given(raw=rows())
def test_a_mark_that_is_set_and_taken_away_leaves_no_trace(raw):
    line = parse(raw)
    if line.fact is None or "exam" in line.fact.extra:
        return
    marked = edit_line(line, {"exam": True})
    assert marked.fact and marked.fact.exam
    assert edit_line(marked, {"exam": None}).raw == raw


@given(question=text, answer=text, extra=extra)
def test_a_new_row_is_read_as_it_was_written(question, answer, extra):
    assert make_line(Fact(question, answer, extra)).fact == Fact(question, answer, extra)


@pytest.mark.parametrize(
    ("raw", "key", "left"),
    [
        (b'{"exam": true, "question": "q", "answer": "a"}', "exam", b'{"question": "q", "answer": "a"}'),
        (b'{"question": "q", "exam":true ,"answer": "a"}', "exam", b'{"question": "q" ,"answer": "a"}'),
        (b'{"question": "q", "answer": "a", "exam": true }', "exam", b'{"question": "q", "answer": "a" }'),
    ],
)
def test_a_key_is_taken_out_wherever_it_stands(raw, key, left):
    assert edit_line(parse(raw), {key: None}).raw == left


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b'{"question": "q", "answer": "a\\u001b[31m"}', "terminal escape sequences"),
        (b'{"question": "q\\u0007", "answer": "a"}', "control characters"),
        (b'{"question": "q\\u202e", "answer": "a"}', "invisible characters"),
        (b'{"question": "q", "answer": "a", "exam": "yes"}', "neither true nor false"),
        (b'{"question": "q", "answer": "a", "must": "cat"}', '"must" is ignored: write a list of words'),
        (b'{"question": "q", "answer": "a", "must": ["cat", ["dog", "hound"]]}', ""),
        (b'{"question": "q", "question": "r", "answer": "a"}', "appears twice"),
        (b'{"question": "What is \\"question\\"?", "answer": "a"}', ""),
        ('{"question": "q", "answer": "a"}'.encode("utf-16"), "UTF-16"),
        (b'{"question": "q", "answer": null}', '"answer" is not text'),
        (b'{"question": "q", "answer": "a", "n": ' + b"9" * 5000 + b"}", "too many digits"),
        (b'{"question": "q", "answer": "a", "n": NaN}', ""),
    ],
)
def test_what_is_odd_is_named(raw, said):
    complaints = parse(raw).complaints
    assert (said in complaints[0].text) if said else not complaints


def test_a_row_that_only_says_what_is_so_awaits_a_question(tmp_path):
    path = tmp_path / "facts.jsonl"
    path.write_text('{"fact": "Rex is a dog."}\n{"question": "Who is Tom?", "answer": "A cat."}\n')
    file = load_facts(path)
    assert file.problems == [] and file.lines[0].fact.is_statement
    assert [fact.question for fact in file.training] == ["Who is Tom?"]
