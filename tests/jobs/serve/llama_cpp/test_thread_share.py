"""How the models that answer at once share the cores."""

from garage_tui.jobs.serve.llama_cpp.thread_share import ThreadShare


class Box:
    def __init__(self, cores: int) -> None:
        self.cores, self.seconds = cores, 1000.0
        self.share = ThreadShare(lambda: self.cores, lambda: self.seconds)


def test_one_model_after_the_other_has_all_cores():
    box = Box(8)
    for _ in range(3):
        box.share.note(1)
        assert box.share.threads == 8
        box.seconds += 1


def test_models_that_answer_at_once_share_the_cores_until_it_is_calm_again():
    box = Box(8)
    box.share.note(2)
    assert box.share.threads == 4
    box.seconds += 40
    box.share.note(2)  # still two now and then
    box.share.note(1)
    box.seconds += 40
    assert box.share.threads == 4
    box.seconds += 40
    assert box.share.threads == 8


def test_a_crowd_once_does_not_slow_down_two_for_ever():
    box = Box(8)
    box.share.note(4)
    assert box.share.threads == 2
    for _ in range(4):
        box.seconds += 25
        box.share.note(2)
    assert box.share.threads == 4


def test_beside_a_run_and_with_more_models_than_cores_each_has_one_thread():
    box = Box(2)
    box.share.note(3)
    assert box.share.threads == 1
    box.cores = 1
    assert box.share.threads == 1
