"""What the project did not make, or what was edited since, is never replaced by a result."""

import pytest

from cbda.cli import main
from cbda.errors import UserError
from cbda.files.json_files import write_text
from cbda.files.replacing import require_replaceable
from tests.experiments import job, make_experiment, tabulate_words


def test_result_does_not_replace_what_has_no_record(tmp_path):
    mine = tmp_path / "mIoU.pdf"
    mine.write_text("drawn by me")
    with (
        job("report"),
        pytest.raises(UserError, match=r"mIoU\.pdf: is there already, and cbda did not make it"),
    ):
        write_text(mine, "a figure")
    assert mine.read_text() == "drawn by me"


def test_result_does_not_replace_what_was_edited(tmp_path):
    path = tmp_path / "table.csv"
    with job("tabulate"):
        write_text(path, "a table")
        write_text(path, "another table")
    path.write_text("corrected by me")
    with job("tabulate"), pytest.raises(UserError, match="is not as `cbda tabulate` made it"):
        write_text(path, "a third table")
    assert path.read_text() == "corrected by me"


def test_empty_file_is_nobodys_work(tmp_path):
    (tmp_path / "out").touch()
    with job("tabulate"):
        write_text(tmp_path / "out", "a table")
    assert (tmp_path / "out").read_text() == "a table"


def test_link_is_as_what_it_leads_to(tmp_path):
    (tmp_path / "real").write_text("mine")
    (tmp_path / "link").symlink_to("real")
    with pytest.raises(UserError, match="link: is there already"):
        require_replaceable(tmp_path / "link")


def test_state_of_a_training_is_no_result(tmp_path):
    (tmp_path / "model.pt.resume").write_text("state")
    require_replaceable(tmp_path / "model.pt.resume")


def test_command_stops_before_any_work(tmp_path, capsys):
    sheet = make_experiment(tmp_path / "results")
    (tmp_path / "tables").mkdir()
    mine = tmp_path / "tables/out-classes.csv"
    mine.write_text("mine")
    assert main(tabulate_words(sheet, tmp_path / "tables")) == 2
    assert f"{mine}: is there already" in capsys.readouterr().err
    assert [path.name for path in mine.parent.iterdir()] == [mine.name]
    mine.unlink()
    assert main(tabulate_words(sheet, tmp_path / "tables")) == 0
    assert main(tabulate_words(sheet, tmp_path / "tables")) == 0
