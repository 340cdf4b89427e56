"""The desk: answers in the order asked, one writer and many readers, a model that is swapped while it is in use."""

import threading
import time

import pandas as pd
import pytest
from conftest import make_table
from service_helpers import encode_quickly, quick_vector

from smf_embed.catalogue import Catalogue
from smf_embed.classifier import MODEL_FOLDER, Classifier
from smf_embed.clip_tables import iter_clips
from smf_embed.encoder import Encoder
from smf_embed.errors import InputError, ModelError
from smf_embed.service.current_model import CurrentModel
from smf_embed.service.desk import Desk, NotStored
from smf_embed.service.opening import Encoders, SharedEncoder
from smf_embed.service.review import ReviewQueue
from smf_embed.service.waiting import Busy
from smf_embed.write_lock import WriteLock

UNLABELLED = make_table(per_title=1, first=60).drop(columns="cartoon")


@pytest.fixture
def folder(fitted, monkeypatch):
    """A catalogue of 200 labelled clips and 25 others, with its model, and an encoder that takes no time."""
    monkeypatch.setattr(Encoder, "encode", encode_quickly)
    with Catalogue(fitted) as catalogue:
        catalogue.add(iter_clips(UNLABELLED))
    return fitted


@pytest.fixture
def desk(folder):
    with Desk(folder) as desk:
        yield desk


def test_answers_come_in_the_order_asked(desk, train):
    labelled, others = train["yt_reel_id"].tolist(), UNLABELLED["yt_reel_id"].tolist()
    asked = [others[3], "nowhere", labelled[7], others[3], labelled[0], {"reel_name": "Буба и кот"}, others[1]]
    answers = desk.classify(asked)
    assert [one.yt_reel_id for one in answers] == [
        others[3],
        "nowhere",
        labelled[7],
        others[3],
        labelled[0],
        None,
        others[1],
    ]
    assert [one.source for one in answers] == ["model", "unknown", "label", "model", "label", "model", "model"]
    assert answers[0] == answers[3]
    assert answers[1].project == "unknown"
    assert "does not hold" in answers[1].why
    assert answers[2].project == train["cartoon"][7]


def test_many_clips_are_answered_as_one_by_one(desk):
    clips = [{"reel_name": f"Лунтик и мёд {n}", "seconds": float(n)} for n in range(300)]
    together = desk.classify(clips)
    assert len(together) == 300
    assert together[::60] == [desk.classify([clip])[0] for clip in clips[::60]]


def test_a_clip_that_cannot_be_read_is_unknown_with_the_reason_and_the_rest_is_answered(desk):
    bad, good = desk.classify([{"yt_reel_id": "a b", "reel_name": "x"}, {"reel_name": "Пороро в лесу"}])
    assert (bad.project, bad.source) == ("unknown", "unknown")
    assert "white space" in bad.why
    assert good.source == "model"


def test_a_stored_clip_of_which_nothing_but_numbers_is_known_is_not_guessed(folder):
    with Catalogue(folder) as catalogue:
        catalogue.add(iter_clips(pd.DataFrame({"yt_reel_id": ["bare"], "reel_name": [None], "seconds": [60.0]})))
    with Desk(folder) as desk:
        (one,) = desk.classify(["bare"])
    assert (one.project, one.source, one.confidence) == ("unknown", "unknown", None)
    assert "nothing to judge by" in one.why


def test_callers_at_the_same_time_are_decided_together(desk, monkeypatch):
    sizes = []
    predict = Classifier.predict

    def noted(self, clips, **options):
        sizes.append(len(clips))
        time.sleep(0.05)
        return predict(self, clips, **options)

    monkeypatch.setattr(Classifier, "predict", noted)
    desk.classify([{"reel_name": "first"}])
    sizes.clear()
    found = {}

    def ask(number):
        found[number] = desk.classify([{"yt_reel_id": f"n{number}", "reel_name": f"Фиксики {number}"}])[0]

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {number: answer.yt_reel_id for number, answer in found.items()} == {n: f"n{n}" for n in range(20)}
    assert sum(sizes) == 20
    assert len(sizes) < 10


def test_without_a_model_labels_are_answered_and_decisions_say_what_to_do(folder, train):
    (folder / MODEL_FOLDER / "manifest.json").unlink()
    with Desk(folder) as desk:
        assert desk.classify([train["yt_reel_id"][0]])[0].project == "Буба"
        with pytest.raises(ModelError, match="smf-embed fit"):
            desk.classify([UNLABELLED["yt_reel_id"][0]])
        assert desk.search("Лунтик", 3)
        assert desk.label([UNLABELLED["yt_reel_id"][0]], "Буба", "Оля")["labelled"]
        assert all(row["f1"] is None for row in desk.projects())


def test_a_new_model_is_swapped_in_while_requests_go_on(desk, folder):
    others = UNLABELLED["yt_reel_id"].tolist()
    assert desk.classify(others[:1])[0].project != "unknown"
    loads, ended, errors = desk.model.swaps, threading.Event(), []

    def ask():
        while not ended.is_set():
            try:
                assert all(answer.source == "model" for answer in desk.classify(others[:5]))
            except BaseException as error:
                errors.append(error)
                return

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    with Catalogue(folder) as catalogue:
        model = Classifier.load(folder / MODEL_FOLDER, catalogue)
        model.manifest["created"] = "2030-01-01T00:00:00+00:00"
        model.save(folder / MODEL_FOLDER)
    until = time.monotonic() + 60
    while desk.state()["model"] != "2030-01-01T00:00:00+00:00" and time.monotonic() < until:
        time.sleep(0.05)
    ended.set()
    for thread in threads:
        thread.join()
    assert errors == []
    assert desk.state()["model"] == "2030-01-01T00:00:00+00:00"
    assert desk.model.swaps > loads


def test_a_model_that_cannot_be_loaded_is_not_tried_again_at_once(folder, monkeypatch):
    tries = []

    def load(self, catalogue, now):
        tries.append(now)
        raise ModelError("it cannot be loaded")

    monkeypatch.setattr(CurrentModel, "_load", load)
    monkeypatch.setattr("smf_embed.service.current_model._LOOK_SECONDS", 0.01)
    model = CurrentModel(folder, Encoders(), lambda: None)
    try:
        until = time.monotonic() + 30
        while not tries and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(0.2)  # twenty looks
        assert len(tries) == 1
        monkeypatch.setattr(model, "_model", object())  # one that was loaded before
        time.sleep(0.2)
        assert len(tries) == 1
        with Catalogue(folder) as catalogue:
            catalogue.label([UNLABELLED["yt_reel_id"].iloc[0]], "Буба")
        until = time.monotonic() + 30
        while len(tries) < 2 and time.monotonic() < until:
            time.sleep(0.01)
        assert len(tries) == 2
    finally:
        model.close()


def test_the_review_queue_is_worked_out_again_after_an_error(folder, monkeypatch):
    tries, work = [], ReviewQueue._work

    def fails_once(self, catalogue, model):
        tries.append(len(tries))
        if len(tries) == 1:
            raise OSError("not now")
        work(self, catalogue, model)

    monkeypatch.setattr(ReviewQueue, "_work", fails_once)
    monkeypatch.setattr("smf_embed.service.review._SECONDS_AFTER_ERROR", 0.01)
    with Desk(folder) as desk:
        until = time.monotonic() + 60
        while not desk.review_ready and time.monotonic() < until:
            desk.review(1)
            time.sleep(0.01)
        assert desk.review_ready


def test_reading_goes_on_during_a_write(desk, monkeypatch):
    entered, go_on = threading.Event(), threading.Event()
    add = Catalogue.add

    def slow(self, batches, *options):
        with self.transaction("add"):
            entered.set()
            go_on.wait(30)
        return add(self, batches, *options)

    monkeypatch.setattr(Catalogue, "add", slow)
    writing = threading.Thread(target=desk.add, args=([{"yt_reel_id": "new1", "reel_name": "Новый клип"}],))
    writing.start()
    assert entered.wait(30)
    assert desk.clip("new1") is None
    assert desk.similar(title="Буба", n=3)
    assert desk.classify([UNLABELLED["yt_reel_id"][0]])[0].source == "model"
    go_on.set()
    writing.join()
    assert desk.clip("new1")["reel_name"] == "Новый клип"


def test_more_writes_than_may_wait_are_refused(folder, monkeypatch):
    with Desk(folder, queue=2) as desk:
        entered, go_on = threading.Event(), threading.Event()
        label = Catalogue.label

        def slow(self, *words):
            entered.set()
            go_on.wait(30)
            return label(self, *words)

        monkeypatch.setattr(Catalogue, "label", slow)
        ids = UNLABELLED["yt_reel_id"].tolist()
        threads = [threading.Thread(target=desk.label, args=([ids[n]], "Буба", "Оля")) for n in range(3)]
        threads[0].start()
        assert entered.wait(30)
        for thread in threads[1:]:
            thread.start()
        until = time.monotonic() + 10
        while desk.state()["waiting"]["writes"] < 2 and time.monotonic() < until:
            time.sleep(0.01)
        with pytest.raises(Busy) as refused:
            desk.label([ids[4]], "Буба", "Оля")
        assert refused.value.retry_after >= 1
        go_on.set()
        for thread in threads:
            thread.join()
        assert [desk.clip(one)["project"] for one in ids[:5]] == ["Буба"] * 3 + [None] * 2


def test_a_write_waits_for_another_program_and_then_says_so(folder):
    with Desk(folder, write_timeout=2.0) as desk:
        import json
        import subprocess
        import sys

        code = (
            "import sys, time; from pathlib import Path; from smf_embed.write_lock import WriteLock\n"
            "lock = WriteLock(Path(sys.argv[1])); lock.acquire('fit'); print('held', flush=True); time.sleep(60)"
        )
        other = subprocess.Popen([sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE, text=True)
        try:
            assert other.stdout.readline() == "held\n"
            with pytest.raises(Busy, match="another program writes now") as refused:
                desk.label([UNLABELLED["yt_reel_id"][0]], "Буба", "Оля")
            assert str(folder) not in str(refused.value)
        finally:
            other.kill()
            other.communicate()
        assert json.dumps(desk.label([UNLABELLED["yt_reel_id"][0]], "Буба", "Оля"))


def test_an_import_tells_how_far_it_is_and_lets_labels_pass(desk, tmp_path, monkeypatch):
    from smf_embed.service import desk as module

    monkeypatch.setattr(module, "_IMPORT_ROWS", 10)
    rows = pd.DataFrame({"yt_reel_id": [f"r{n}" for n in range(40)], "reel_name": [f"Ряд {n}" for n in range(40)]})
    rows.to_csv(tmp_path / "table.csv", index=False)
    told, labelled = [], []
    one = UNLABELLED["yt_reel_id"][0]

    def progress(share, report):
        told.append((share, report["added"]))
        if len(told) == 1:
            threading.Thread(target=lambda: labelled.append(desk.label([one], "Буба", "Оля"))).start()
            until = time.monotonic() + 10
            while desk.state()["waiting"]["writes"] < 1 and time.monotonic() < until:
                time.sleep(0.01)
        elif len(told) == 3:
            assert desk.clip(one)["project"] == "Буба"

    report = desk.add_table(tmp_path / "table.csv", progress, "Оля")
    assert (report["added"], told[-1]) == (40, (1.0, 40))
    assert [added for _, added in told] == sorted(added for _, added in told)
    with pytest.raises(InputError):
        desk.add_table(tmp_path / "nothing.csv")


def test_what_is_taught_is_decided_at_once(desk):
    desk.add([{"yt_reel_id": f"leo{n}", "reel_name": f"Кот Леопольд и мыши {n}"} for n in range(5)])
    taught = desk.teach("Кот Леопольд", [f"leo{n}" for n in range(5)], "Оля")
    assert (taught["is_new"], taught["clips"]) == (True, 5)
    assert "Кот Леопольд" in desk.model.get().projects
    row = next(row for row in desk.projects() if row["project"] == "Кот Леопольд")
    assert (row["taught"], row["f1"], row["in_model"]) == (True, None, True)


def test_the_review_queue_is_of_unlabelled_clips_and_labelled_ones_leave_it(desk, monkeypatch):
    from smf_embed.service import review

    def to_review(catalogue, model, most):
        ids = UNLABELLED["yt_reel_id"].tolist()[:most]
        for identifier in (clip["yt_reel_id"] for clip in catalogue.clips(ids) if clip["cartoon"] is None):
            facts = {"reel_name": "", "yt_channel_name": "Буба", "group": "Буба", "score": 0.9, "reason": "x"}
            yield facts | {"yt_reel_id": identifier}

    # the clips of the fixture are all decided surely
    monkeypatch.setattr(review, "to_review", to_review)
    desk.review(5)
    assert desk._review.ready.wait(60)
    queue = desk.review(50)
    ids = [row["yt_reel_id"] for row in queue]
    assert ids == UNLABELLED["yt_reel_id"].tolist()
    decided = desk.classify(ids)
    assert [row["project"] for row in queue] == [answer.project for answer in decided]
    desk.label(ids[:2], "none", "Оля")
    assert [row["yt_reel_id"] for row in desk.review(50)][:3] == ids[2:5]


@pytest.mark.parametrize(
    "form",
    [
        "https://www.youtube.com/watch?v={}&t=10s",
        "youtu.be/{}?si=abc",
        "https://m.youtube.com/shorts/{}",
        "https://youtube.com/live/{}?feature=share",
        "https://www.youtube-nocookie.com/embed/{}",
        "https://music.youtube.com/watch?list=RD&v={}",
        "https://www.youtube.com/oembed?url=https%3A%2F%2Fyoutu.be%2F{}&format=json",
        "<https://www.youtube.com/watch#!v={}>",
        "https://www.youtube.com/attribution_link?a=x&u=%2Fwatch%3Fv%3D{}%26feature%3Dshare",
        "{}",
    ],
)
def test_a_clip_is_found_by_links_of_every_form(desk, train, form):
    identifier = train["yt_reel_id"][0]
    assert [row["yt_reel_id"] for row in desk.search(form.format(identifier))] == [identifier]


def test_a_word_or_a_link_to_something_else_is_no_link_to_a_clip(desk):
    assert desk.search("«Лунтик»")
    assert not {row["found"] for row in desk.search("https://www.youtube.com/@handle")} & {"link", "id"}


def test_words_of_a_title_are_found_in_any_case_and_then_what_is_near(desk):
    found = desk.search("луНТИК и МЁД", 60)
    assert [row["found"] for row in found] == sorted((row["found"] for row in found), reverse=True)
    titles = [row["title"] for row in found if row["found"] == "title"]
    assert len(titles) == 9
    assert all("Лунтик и мёд" in title for title in titles)
    assert len(found) == 60
    assert desk.search("  ") == []


def test_similar_clips_follow_what_is_written(desk):
    desk.add([{"yt_reel_id": "near1", "reel_name": "совсем новое название"}])
    assert desk.similar(title="совсем новое название", n=1)[0]["yt_reel_id"] == "near1"
    with pytest.raises(NotStored):
        desk.similar("nowhere")


def test_an_explanation_is_of_the_decision(desk):
    one = UNLABELLED["yt_reel_id"][0]
    told, decided = desk.explain(one), desk.classify([one])[0]
    assert (told["project"], told["confidence"]) == (decided.project, decided.confidence)
    assert told["sentence"].startswith(decided.project)
    assert told["nearest"]
    assert desk.explain({"reel_name": "Буба и кот"})["candidates"]
    with pytest.raises(NotStored):
        desk.explain("nowhere")


def test_vectors_of_the_shared_encoder_are_those_of_each_text(desk):
    with desk._open() as one, desk._open() as other:
        encoder = one.encoder
        assert isinstance(encoder, SharedEncoder)
        assert other.encoder is encoder
    texts = [f"text {n}" for n in range(300)]
    assert (encoder.encode(texts) == [quick_vector(text) for text in texts]).all()


def test_closing_finishes_the_writes_that_wait(folder):
    desk = Desk(folder)
    ids = UNLABELLED["yt_reel_id"].tolist()
    futures = [desk._writer.submit(lambda catalogue, one=one: catalogue.label([one], "Буба")) for one in ids]
    desk.close()
    assert [future.result(0) for future in futures] == [[one] for one in ids]
    with Catalogue(folder) as catalogue:
        assert all(clip["cartoon"] == "Буба" for clip in catalogue.clips(ids))
    lock = WriteLock(folder)
    lock.acquire("test")
    lock.release()
