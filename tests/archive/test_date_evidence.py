"""What proves the order of day and month, and what stays a guess."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers import one, put, rows, save_as


@pytest.mark.parametrize(
    ("date", "name"),
    [
        ("10/5/23", "00000001-PHOTO-2023-05-10-20-51-02.jpg"), ("10/5/23", "IMG-20230510-WA0001.jpg"),
        ("5/10/23", "00000001-PHOTO-2023-05-10-20-51-02.jpg"),
        ("10.5.23", "WhatsApp Image 2023-05-10 at 20.51.02.jpeg"),
        ("10/5/23", "VID_20230510_205102.mp4"), ("10/5/23", "00000007-Screenshot_20230510205102.png"),
    ],
)  # fmt: skip
def test_the_day_in_a_file_name_proves_the_order(tmp_path: Path, date: str, name: str) -> None:
    text = f"[{date}, 20:51:00] Anna: look\n\u200e[{date}, 20:51:02] Emma: \u200e<attached: {name}>\n"
    (account,) = put(tmp_path / "memories.db", save_as(tmp_path, "_chat", text))
    assert (account.is_guess, account.first_at[:10]) == (False, "2023-05-10")


@pytest.mark.parametrize("head", ["13/05/2023, 25:14", "13/13/2023, 07:14", "13/05/2023, 07:61"])
def test_a_header_with_a_time_that_there_is_not_is_in_the_doubts(tmp_path: Path, head: str) -> None:
    text = f"13/05/2023, 07:00 - Zoe: one\n{head} - Mo: lost\n13/05/2023, 07:16 - Mo: here\n"
    (account,) = put(tmp_path / "memories.db", save_as(tmp_path, "WhatsApp Chat with G", text))
    assert [unsure.line for unsure in account.unsure] == [2]


@pytest.mark.parametrize("guess_first", [True, False])
def test_what_is_in_common_with_a_proved_order_is_no_guess(tmp_path: Path, guess_first: bool) -> None:
    lines = [
        f"{1 + n // 5:02}/05/2024, 1:{n % 60:02} pm - {'Anna' if n % 2 else 'Emma'}: message {n} of the garden\n"
        for n in range(120)
    ]
    texts = ["".join(lines[:50]), "".join(lines[20:])]
    database = tmp_path / "memories.db"
    for number, text in enumerate(texts if guess_first else texts[::-1]):
        account = put(database, save_as(tmp_path, "WhatsApp Chat with Emma", text))[0]
        assert account.is_guess == (guess_first and number == 0)
    assert rows(database, "SELECT DISTINCT date_order FROM sources") == [("day/month",)]
    assert one(database, "SELECT count(*) FROM messages") == 120


def test_a_guess_with_nothing_in_common_stays_one(tmp_path: Path) -> None:
    database = tmp_path / "memories.db"
    put(database, save_as(tmp_path, "WhatsApp Chat with Emma", "13/05/2024, 1:05 pm - Emma: the garden\n"))
    put(database, save_as(tmp_path, "WhatsApp Chat with Noor", "01/05/2024, 1:05 pm - Noor: the kettle\n"))
    assert rows(database, "SELECT date_order FROM sources") == [("day/month",), ("day/month (guessed)",)]
