"""The page in a real browser, driven as a person does it, up to the labels."""

import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from cbda.acquisition.methods import ResolvedMethod
from cbda.datasets.colours import class_palette
from cbda.datasets.ids import VOID
from cbda.files.answers import AnswerFile
from cbda.files.labels import LabelFile
from cbda.files.scores import ScoreFile
from cbda.selection.answering import write_answered
from cbda.selection.round import Round
from tests.annotation.pages import SIZE, make_round, random_centres, serving
from tests.annotation.people import KEYS, paint, person, place, press, progress, settle
from tests.pools import write_scores

OPEN_S, ANSWER_MS = 2, 50
MORE = ("summary", "label:has(#proposals)", "#who")  # what opens it, and lies in it


def answers_of(queries, served):
    """State and pixels by the index of a query."""
    answers = AnswerFile(served.answers_path)
    places = {queries.place(index): index for index in range(len(queries))}
    found = ((places[at], given.answer) for at, given in answers.latest.items())
    return {index: (answer.state, answer.pixels) for index, answer in found}


def in_order(queries):
    """Indices in the order in which the page asks."""
    images = queries.queries[:, 0].tolist()
    return sorted(range(len(queries)), key=lambda index: (images.index(images[index]), index))


def test_labels_are_what_a_person_typed(tmp_path, browser):
    centres = [(1, 5, 7), (0, 20, 30), (2, 8, 50), (0, 30, 12), (1, 30, 40), (2, 30, 10)]
    queries = make_round(tmp_path, centres)
    truth = np.random.default_rng(1).integers(0, 3, (3, *SIZE)).astype(np.uint8)
    truth[1, 4:7, 6:9] = 2
    truth[0, 19:22, 29:32] = VOID
    truth[2, 7:10, 49:52][0] = VOID
    with serving(tmp_path) as served, person(browser, served) as tab:
        for index in in_order(queries):
            window = truth[queries.queries[index, 0]][queries.window(index).area]
            if (window == window[0, 0]).all():
                press(tab, "v" if window[0, 0] == VOID else str(window[0, 0] + 1))
            else:
                paint(tab, queries, index, window)
        progress(tab, "6 of 6 done")
        assert tab.inner_text("#hint").startswith("Done.")
        assert not tab.is_visible("#onwards")
    scores = write_scores(
        tmp_path / "scores.h5", queries.image_ids, np.zeros((3, *SIZE), np.float32), truth * 0, 3, 1
    )
    round_ = Round(ResolvedMethod(score="ripu"), 0.5, 1, 1, seed=0, num_classes=3)
    with ScoreFile.open(scores) as file, LabelFile.open_previous(None, file) as none:
        answers = AnswerFile(served.answers_path)
        write_answered(tmp_path / "labels.h5", round_, none, queries, answers)
    expected, rounds = np.full_like(truth, VOID), np.zeros_like(truth)
    for index in range(len(queries)):
        image, area = queries.queries[index, 0], queries.window(index).area
        expected[image][area], rounds[image][area] = truth[image][area], 1
    with LabelFile.open(tmp_path / "labels.h5") as labels:
        for image in range(3):
            np.testing.assert_array_equal(labels.read_label(image), expected[image])
            np.testing.assert_array_equal(labels.read_round(image), rounds[image])


def test_every_state_and_undo(tmp_path, browser):
    queries = make_round(tmp_path, [(0, 5, 5 + 10 * k) for k in range(5)])
    with serving(tmp_path) as served, person(browser, served) as tab:
        press(tab, "s", "x", "v", "2", "z")
        assert place(tab).endswith("row 5, column 35")
        press(tab, "3", "Enter")
        tab.wait_for_selector("body.done")
    given = AnswerFile(served.answers_path).latest.values()
    assert [item.answer.proposal for item in given] == ["shown"] * 4 + ["accepted"]
    nine = (1,) * 9
    assert answers_of(queries, served) == {
        0: ("skipped", ()),
        1: ("unsure", ()),
        2: ("void", ()),
        3: ("answered", (2,) * 9),
        4: ("answered", nine),  # what the model proposed
    }


def test_answer_is_replaced_by_going_back(tmp_path, browser):
    queries = make_round(tmp_path, [(0, 5, 5 + 10 * k) for k in range(3)])
    with serving(tmp_path) as served, person(browser, served) as tab:
        press(tab, "1")
        expect(tab.locator("#where")).to_have_text(re.compile("15$"))
        tab.keyboard.press("ArrowLeft")
        expect(tab.locator("#where")).to_have_text(re.compile(" 5$"))
        assert tab.inner_text("#hint") == "answered: road; another answer replaces it"
        tab.keyboard.press("2")
        expect(tab.locator("#where")).to_have_text(re.compile("15$"))
        progress(tab, "1 of 3 done")
    assert answers_of(queries, served) == {0: ("answered", (1,) * 9)}


def test_answers_are_gone_through_back_and_forth(tmp_path, browser):
    make_round(tmp_path, [(0, 5, 5 + 10 * k) for k in range(3)])
    with serving(tmp_path) as served, person(browser, served) as tab:
        press(tab, "1", "2")
        for key, column in [("ArrowLeft", 15), ("ArrowLeft", 5), ("ArrowRight", 15), ("n", 25)]:
            tab.keyboard.press(key)
            expect(tab.locator("#where")).to_have_text(re.compile(f" {column}$"))
            settle(tab)
        assert not tab.is_visible("#onwards")


def test_time_that_is_left_is_told(tmp_path, browser):
    make_round(tmp_path, random_centres(3))
    with serving(tmp_path) as served, person(browser, served) as tab:
        assert tab.inner_text("#progress") == "0 of 3 done"
        press(tab, "1")
        assert re.fullmatch(r"1 of 3 done · about \d+ (s|min) left", tab.inner_text("#progress"))


COLOUR = """([name, x, y]) => {
  const context = document.getElementById(name).getContext("2d");
  return [...context.getImageData(x, y, 1, 1).data.slice(0, 3)];
}"""


def test_window_surroundings_and_place_are_drawn(tmp_path, browser):
    """The window is enlarged 80 times within 2 px around it, the image of 40x60 px 8 times."""
    make_round(tmp_path, [(0, 20, 30)])
    image = np.asarray(Image.open(tmp_path / "pool/images/0000.png"))
    with serving(tmp_path) as served, person(browser, served) as tab:
        for row, column in np.ndindex(3, 3):
            place = ["window", (column + 2.5) * 80, (row + 2.5) * 80]
            assert tab.evaluate(COLOUR, place) == image[19 + row, 29 + column].tolist()
        for row, column in [(5, 5), (20, 30), (35, 50)]:
            place = ["around", (column + 0.5) * 8, (row + 0.5) * 8]
            assert tab.evaluate(COLOUR, place) == image[row, column].tolist()
        scale = 640 / 60
        marker = ["image", 30.5 * scale + 1.5 * scale, 20.5 * scale]  # on the circle
        assert min(tab.evaluate(COLOUR, marker)) > 200


def test_classes_have_the_colours_of_the_report_and_a_key(tmp_path, browser):
    queries = make_round(tmp_path, random_centres(1))
    with serving(tmp_path) as served, person(browser, served) as tab:
        buttons = tab.locator("#classes button")
        swatches = buttons.locator(".swatch").evaluate_all(
            "all => all.map((one) => getComputedStyle(one).backgroundColor)"
        )
        assert buttons.all_inner_texts() == [
            f"{name}\n{key}" for name, key in zip(queries.classes, KEYS, strict=False)
        ]
    colours = class_palette(len(queries.classes))[: len(queries.classes)].tolist()
    assert swatches == [f"rgb({red}, {green}, {blue})" for red, green, blue in colours]


def test_page_goes_on_where_it_stopped(tmp_path, browser):
    make_round(tmp_path, random_centres(4))
    with serving(tmp_path) as served, person(browser, served) as tab:
        press(tab, "1", "2")
        before = place(tab)
        tab.reload()
        settle(tab)
        assert place(tab) == before
        progress(tab, "2 of 4 done")


def test_page_that_is_opened_again_goes_on_where_the_other_was_left(tmp_path, browser):
    make_round(tmp_path, random_centres(4))
    with serving(tmp_path) as served:
        seen = []
        for _ in range(2):
            with person(browser, served) as tab:
                seen.append(place(tab))
                tab.close(run_before_unload=False)
        with person(browser, served) as tab:
            press(tab, "1", "1", "1", "1")
            tab.wait_for_selector("body.done")
            progress(tab, "4 of 4 done")
    assert seen[0] == seen[1]


@pytest.mark.parametrize("has_own_server", [False, True])
def test_two_people_never_see_the_same_query(tmp_path, browser, has_own_server):
    make_round(tmp_path, random_centres(8))
    with (
        serving(tmp_path) as served,
        serving(tmp_path) as another,
        person(browser, served) as one,
        person(browser, another if has_own_server else served) as other,
    ):
        seen = []
        for _ in range(3):
            for tab in (one, other):
                seen.append(place(tab))
                tab.keyboard.press("1")
                expect(tab.locator("#where")).not_to_have_text(seen[-1])
    assert len(set(seen)) == 6


def test_proposals_can_be_switched_off(tmp_path, browser):
    queries = make_round(tmp_path, random_centres(2))
    with serving(tmp_path) as served, person(browser, served) as tab:
        assert tab.inner_text("#accept").startswith("as the model: car")
        tab.keyboard.press("p")
        assert not tab.is_visible("#accept")
        tab.keyboard.press("Enter")
        press(tab, "1")
        progress(tab, "1 of 2 done")
    given = next(iter(AnswerFile(served.answers_path).latest.values()))
    assert (given.answer.proposal, given.answer.pixels[0]) == ("hidden", 0)
    assert len(answers_of(queries, served)) == 1


def test_name_is_written_and_kept(tmp_path, browser):
    make_round(tmp_path, random_centres(2))
    with serving(tmp_path) as served, person(browser, served) as tab:
        tab.click("summary")
        tab.fill("#who", "Ann 1")  # no key of a class
        tab.press("#who", "Tab")
        tab.reload()
        settle(tab)
        press(tab, "1")
    assert [g.answer.who for g in AnswerFile(served.answers_path).latest.values()] == ["Ann 1"]


def test_unfinished_painting_is_not_saved(tmp_path, browser):
    make_round(tmp_path, [(0, 20, 30)])
    with serving(tmp_path) as served, person(browser, served) as tab:
        for key in ("p", "b", "1", " ", "Enter"):
            tab.keyboard.press(key)
        assert tab.inner_text("#hint") == "8 of 9 pixels have no class yet"
        for key in ("2", "ArrowDown", " ", "3", "f"):
            tab.keyboard.press(key)
        press(tab, "Enter")
    (given,) = AnswerFile(served.answers_path).latest.values()
    assert given.answer.pixels == (0, 2, 2, 1, 2, 2, 2, 2, 2)


def test_painting_by_keys_says_what_is_painted_where_and_what_the_next_key_does(tmp_path, browser):
    make_round(tmp_path, [(0, 20, 30)])
    with serving(tmp_path) as served, person(browser, served) as tab:
        first = "row 1, column 1: no class yet"
        said = {"p": "", "b": f"choose a class to paint with · 9 px have no class yet · {first}"}
        said[" "] = "nothing is painted: choose a class first, by key or click · 9 px"
        said["1"] = f"paint road · 9 px have no class yet · {first}, space makes it road"
        said["ArrowRight"] = "row 1, column 2: no class yet, space makes it road"
        for key, text in said.items():
            tab.keyboard.press(key)
            expect(tab.locator("#hint")).to_contain_text(text)
            assert tab.evaluate("document.body.classList.contains('wants')") == (key == " ")
        before = tab.evaluate("document.getElementById('window').toDataURL()")
        tab.keyboard.press(" ")
        expect(tab.locator("#hint")).to_contain_text("8 px have no class yet")
        expect(tab.locator("#hint")).to_contain_text("column 2: road, space makes it road")
        assert tab.evaluate("document.getElementById('window').toDataURL()") != before


def test_rest_that_is_filled_is_what_was_not_painted_by_hand(tmp_path, browser):
    """Painting starts filled, with what the model proposes, and then with the answer before."""
    make_round(tmp_path, [(0, 20, 30)])
    with serving(tmp_path) as served, person(browser, served) as tab:
        for key in ("b", "f"):
            tab.keyboard.press(key)
        expect(tab.locator("#hint")).to_contain_text("choose a class first")
        for key in ("3", " ", "1", "f", "2", "f"):
            tab.keyboard.press(key)
        press(tab, "Enter")
        (given,) = AnswerFile(served.answers_path).latest.values()
        assert given.answer.pixels == (2, *[1] * 8)
        for key in ("ArrowLeft", "b", "1", "ArrowRight", "ArrowRight", " ", "3"):
            tab.keyboard.press(key)
            settle(tab)
        tab.click("#fill")
        tab.click("#save")
        tab.wait_for_selector("body.done")
    (given,) = AnswerFile(served.answers_path).latest.values()
    assert sorted(given.answer.pixels) == [0, *[2] * 8]


def test_nothing_is_to_be_filled_once_all_is_painted(tmp_path, browser):
    make_round(tmp_path, [(0, 20, 30)])
    with serving(tmp_path) as served, person(browser, served) as tab:
        for key in ("b", "1", " "):
            tab.keyboard.press(key)
        expect(tab.locator("#fill")).to_be_enabled()
        for _ in range(8):
            tab.keyboard.press("ArrowRight")
            tab.keyboard.press(" ")
        expect(tab.locator("#fill")).to_be_disabled()


@pytest.mark.parametrize(
    "clicked", ["summary", "label:has(#proposals)", "#who", "#paint", "#around"]
)
def test_enter_answers_whatever_was_clicked_last(tmp_path, browser, clicked):
    queries = make_round(tmp_path, random_centres(2))
    with serving(tmp_path) as served, person(browser, served) as tab:
        if clicked in ("label:has(#proposals)", "#who"):
            tab.click("summary")
        tab.click(clicked)
        if clicked in ("label:has(#proposals)", "#paint"):  # off again
            tab.click(clicked)
        if clicked == "#who":
            tab.keyboard.type("Ann")
            tab.keyboard.press("Enter")
        press(tab, "Enter")
        progress(tab, "1 of 2 done")
        assert tab.evaluate("document.querySelector('details').open") == (clicked in MORE)
    ((state, pixels),) = answers_of(queries, served).values()
    assert (state, pixels) == ("answered", (1,) * 9)


def test_what_has_the_focus_by_key_is_pressed_by_enter(tmp_path, browser):
    make_round(tmp_path, random_centres(2))
    with serving(tmp_path) as served, person(browser, served) as tab:
        tab.focus("summary")
        tab.keyboard.press("Enter")
        expect(tab.locator("#who")).to_be_visible()
        progress(tab, "0 of 2 done")
        assert not served.answers_path.exists()


@pytest.mark.parametrize(("num", "said"), [(1, "The last one is open"), (2, "The last 2 are open")])
def test_queries_of_a_window_that_was_lost_are_said_to_be_open_there(tmp_path, browser, num, said):
    make_round(tmp_path, random_centres(num))
    with serving(tmp_path) as served:
        held = [query["index"] for query in [served.next("lost")]]
        if num == 2:
            served.next("lost", held)
        with person(browser, served) as tab:
            hint = tab.inner_text("#hint")
            assert hint.startswith(f"{said} in another window")
            assert tab.is_visible("#onwards")
            served.request("POST", "leave", {"client": "lost"})
            tab.keyboard.press("n")
            expect(tab.locator("#where")).to_contain_text("px of")


def test_stroke_has_no_gaps_and_a_wide_brush_its_size(tmp_path, browser):
    make_round(tmp_path, [(0, 20, 30)], radius=8)
    with serving(tmp_path) as served, person(browser, served) as tab:
        for key in ("p", "b", "1"):
            tab.keyboard.press(key)
        box = tab.locator("#window").bounding_box()
        step = box["width"] / (17 + 8)  # four pixels of margin on each side
        tab.mouse.move(box["x"] + 4.5 * step, box["y"] + 4.5 * step)
        tab.mouse.down()
        tab.mouse.move(box["x"] + 20.5 * step, box["y"] + 20.5 * step)  # in one event
        tab.mouse.up()
        for key in ("2", "+"):
            tab.keyboard.press(key)
        tab.mouse.click(box["x"] + 18.5 * step, box["y"] + 6.5 * step)
        for key in ("3", "f"):
            tab.keyboard.press(key)
        press(tab, "Enter")
    (given,) = AnswerFile(served.answers_path).latest.values()
    expected = np.full((17, 17), 2)
    np.fill_diagonal(expected, 0)
    expected[1:4, 13:16] = 1
    np.testing.assert_array_equal(np.reshape(given.answer.pixels, (17, 17)), expected)


def test_finger_paints_on_a_phone(tmp_path, browser):
    make_round(tmp_path, [(0, 20, 30)])
    with serving(tmp_path) as served, person(browser, served, has_touch=True) as tab:
        tab.set_viewport_size({"width": 390, "height": 844})
        assert tab.evaluate("document.documentElement.scrollWidth") <= 390
        tab.tap("#paint")
        tab.tap("#classes button >> nth=2")
        box = tab.locator("#window").bounding_box()
        tab.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        tab.tap("#save")
        progress(tab, "1 of 1 done")
    (given,) = AnswerFile(served.answers_path).latest.values()
    assert given.answer.pixels == (1, 1, 1, 1, 2, 1, 1, 1, 1)


def test_signs_in_the_pixels_are_those_of_the_classes_on_a_phone(tmp_path, browser):
    queries = make_round(tmp_path, random_centres(1))
    with serving(tmp_path) as served, person(browser, served, has_touch=True) as tab:
        tab.set_viewport_size({"width": 390, "height": 844})
        assert not tab.is_visible("#classes kbd >> nth=0")
        signs = tab.locator(".swatch").evaluate_all(
            "all => all.map((one) => getComputedStyle(one, '::after').content)"
        )
    assert signs == [f'"{key}"' for key in KEYS[: len(queries.classes)]]


NUM_WHITE = """([left, top, size]) => {
  const context = document.getElementById("window").getContext("2d");
  const { data } = context.getImageData(left, top, size, size);
  const isWhite = (at) => data[at] + data[at + 1] + data[at + 2] === 765;
  return data.filter((_, at) => at % 4 === 0 && isWhite(at)).length;
}"""


def test_classes_of_a_large_window_are_told_without_colour(tmp_path, browser):
    """A window of 25 px is enlarged 15 times, which is too little for a sign in every pixel."""
    make_round(tmp_path, [(0, 20, 30)], radius=12)
    with serving(tmp_path) as served, person(browser, served) as tab:
        inner = [6 * 15 + 10, 6 * 15 + 10, 25 * 15 - 20]
        assert tab.evaluate(NUM_WHITE, inner) == 0
        press(tab, "1")
        tab.keyboard.press("ArrowLeft")
        expect(tab.locator("#hint")).to_have_text(re.compile("answered: road"))
        assert tab.evaluate(NUM_WHITE, inner) > 144  # one in two by two pixels


def test_server_that_is_gone_is_told(tmp_path, browser):
    make_round(tmp_path, random_centres(3))
    with serving(tmp_path) as served:
        context = browser.new_context()
        tab = context.new_page()
        tab.goto(served.address)
        settle(tab)
        tab.route("**/answer/*", lambda route: route.abort())
        tab.keyboard.press("1")
        tab.wait_for_selector("text=not saved yet, trying again")
        assert not served.answers_path.exists()
        tab.unroute("**/answer/*")
        progress(tab, "1 of 3 done")
        context.close()
    assert len(AnswerFile(served.answers_path).latest) == 1


def test_round_is_finished_with_the_rest_open(tmp_path, browser):
    queries = make_round(tmp_path, random_centres(3))
    with serving(tmp_path) as served, person(browser, served) as tab:
        tab.on("dialog", lambda dialog: dialog.accept())
        tab.click("summary")
        tab.click("#finish")
        tab.wait_for_selector("body.done")
    assert AnswerFile(served.answers_path).finished == {queries.digest}


MEASURE = """async () => {
  const where = document.getElementById("where"), times = [];
  for (let n = 0; n < 20; n++) {
    await new Promise((resolve) => setTimeout(resolve, 60));
    const before = where.textContent, since = performance.now();
    document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "1", bubbles: true }));
    while (where.textContent === before) await new Promise((resolve) => setTimeout(resolve, 0));
    times.push(performance.now() - since);
  }
  return times.sort((one, other) => one - other)[5];  // others use the machine too
}"""


def test_many_queries_open_fast_and_answers_cost_little(tmp_path, browser):
    make_round(tmp_path, random_centres(10_000, 1000, (16, 24)), 1000, (16, 24))
    with serving(tmp_path) as served, person(browser, served) as tab:
        tab.reload()
        settle(tab)
        opened_ms = tab.evaluate("performance.now()")
        answer_ms = tab.evaluate(MEASURE)
    assert opened_ms < 1000 * OPEN_S
    assert answer_ms < ANSWER_MS
