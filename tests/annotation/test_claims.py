import subprocess
import sys
import time

import pytest

from cbda.annotation.claims import Claims


def test_claimed_query_is_given_to_nobody_else(tmp_path):
    claims = Claims(tmp_path / "answers.jsonl", "digest")
    assert claims.take("one", (), range(3)) == 0
    assert claims.take("other", (), range(3)) == 1
    assert claims.take("one", (), range(3)) == 0


def test_kept_claims_stay_and_others_are_given_up(tmp_path):
    claims = Claims(tmp_path / "answers.jsonl", "digest")
    assert [claims.take("one", kept, range(5)) for kept in ((), (0,))] == [0, 1]
    assert claims.take("other", (), range(5)) == 2
    assert claims.take("one", (1,), range(2, 5)) == 3
    assert claims.take("other", (), range(5)) == 0


def test_nothing_is_given_when_all_is_claimed(tmp_path):
    claims = Claims(tmp_path / "answers.jsonl", "digest")
    claims.take("one", (), range(1))
    assert claims.take("other", (), range(1)) is None


def test_claims_on_other_queries_do_not_count(tmp_path):
    Claims(tmp_path / "answers.jsonl", "one").take("one", (), range(3))
    assert Claims(tmp_path / "answers.jsonl", "two").take("other", (), range(3)) == 0


def test_claim_lapses(tmp_path):
    claims = Claims(tmp_path / "answers.jsonl", "digest", lapse_s=0.01)
    claims.take("one", (), range(1))
    time.sleep(0.02)
    assert claims.take("other", (), range(1)) == 0


def test_renewed_claim_lapses_later(tmp_path):
    claims = Claims(tmp_path / "answers.jsonl", "digest", lapse_s=0.3)
    claims.take("one", (), range(1))
    for _ in range(4):
        time.sleep(0.1)
        claims.renew("one")
    assert claims.take("other", (), range(1)) is None


def test_claims_that_are_given_up_are_anybodys(tmp_path):
    claims = Claims(tmp_path / "answers.jsonl", "digest")
    assert [claims.take(client, (), range(2)) for client in ("one", "other")] == [0, 1]
    claims.release("one")
    assert claims.take("third", (), range(2)) == 0
    assert claims.take("fourth", (), range(2)) is None


def test_claims_through_a_server_that_died_do_not_count(tmp_path):
    words = "from cbda.annotation.claims import *; import sys"
    take = "Claims(Path(sys.argv[1]), 'digest').take('one', (), range(1))"
    path = tmp_path / "answers.jsonl"
    subprocess.run([sys.executable, "-c", f"{words}; {take}", path], check=True)
    assert "one" in (tmp_path / ".answers.jsonl.claims").read_text()
    assert Claims(path, "digest").take("other", (), range(1)) == 0


@pytest.mark.parametrize(
    "damaged", [lambda text: text[:-5], lambda text: "[1]", lambda text: '{"a": 1}']
)
def test_damaged_claims_are_forgotten(tmp_path, damaged):
    claims = Claims(tmp_path / "answers.jsonl", "digest")
    claims.take("one", (), range(1))
    path = tmp_path / ".answers.jsonl.claims"
    path.write_text(damaged(path.read_text()))
    assert claims.take("other", (), range(1)) == 0
