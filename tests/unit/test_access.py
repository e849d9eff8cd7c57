"""Roles, wrong passwords and tokens, without a server: who is taken for whom, and for how long."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from memories_lib.access import attempts, roles
from memories_lib.shared import access_tokens

QUARTER = attempts.WINDOW_S


@pytest.fixture
def store() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        yield connection


def test_ten_wrong_ones_from_an_address_are_enough(store: sqlite3.Connection) -> None:
    waits = [attempts.begin(store, "owner", "192.0.2.7", 1000.0 + n) for n in range(12)]
    assert waits[:10] == [0] * 10
    assert waits[10] == QUARTER - 10 + 1
    assert waits[11] == QUARTER - 11 + 1
    # Elsewhere others go on, and the address itself after a quarter of an hour.
    assert attempts.begin(store, "owner", "192.0.2.8", 1012.0) == 0
    assert attempts.begin(store, "owner", "192.0.2.7", 1000.0 + QUARTER + 1) == 0


def test_another_role_at_the_same_address_counts_too(store: sqlite3.Connection) -> None:
    for n in range(10):
        assert attempts.begin(store, ("owner", "viewer")[n % 2], "192.0.2.7", 1000.0 + n) == 0
    assert attempts.begin(store, "curator", "192.0.2.7", 1011.0) > 0


def test_a_hundred_for_a_role_from_wherever_they_come(store: sqlite3.Connection) -> None:
    attempts.begin(store, "viewer", "192.0.2.1", 900.0)
    attempts.succeeded(store, "viewer", "192.0.2.1", 900.0)
    for n in range(100):
        assert attempts.begin(store, "viewer", f"198.51.100.{n}", 1000.0 + n / 10) == 0
    assert attempts.begin(store, "viewer", "203.0.113.1", 1011.0) > 0
    assert attempts.begin(store, "owner", "203.0.113.2", 1011.0) == 0
    # Who has got in from there before is not kept out.
    assert attempts.begin(store, "viewer", "192.0.2.1", 1011.0) == 0


def test_a_browser_that_got_in_before_is_not_kept_out_and_guesses_no_more_than_others(
    store: sqlite3.Connection,
) -> None:
    for n in range(100):
        attempts.begin(store, "viewer", f"198.51.100.{n}", 1000.0 + n / 10)
    assert attempts.begin(store, "viewer", "203.0.113.1", 1011.0) > 0
    # It is at an address that nobody knows; and tries at many addresses are counted together.
    tries = [attempts.begin(store, "viewer", f"203.0.113.{n}", 1011.0 + n, "a device") for n in range(2, 14)]
    assert tries[:10] == [0] * 10
    assert min(tries[10:]) > 0
    attempts.succeeded(store, "viewer", "203.0.113.2", 1030.0, "a device")
    assert attempts.begin(store, "viewer", "203.0.113.50", 1031.0, "a device") == 0
    assert attempts.begin(store, "viewer", "203.0.113.51", 1031.0, "another") == 0
    # Getting in with one role gives no more tries at another.
    for n in range(10):
        attempts.begin(store, "curator", f"192.0.2.{n}", 1032.0 + n, "a device")
    attempts.succeeded(store, "viewer", "192.0.2.50", 1045.0, "a device")
    assert attempts.begin(store, "curator", "192.0.2.51", 1046.0, "a device") > 0


def test_getting_in_forgets_what_went_wrong_and_lets_nobody_guess_at_another_role(store: sqlite3.Connection) -> None:
    for n in range(9):
        attempts.begin(store, "viewer", "192.0.2.7", 1000.0 + n)
    attempts.succeeded(store, "viewer", "192.0.2.7", 1008.0)
    for n in range(10):
        assert attempts.begin(store, "owner", "192.0.2.7", 1010.0 + n) == 0
    attempts.succeeded(store, "viewer", "192.0.2.7", 1021.0)
    assert attempts.begin(store, "owner", "192.0.2.7", 1022.0) > 0


def test_a_clock_that_was_set_back_keeps_nobody_out(store: sqlite3.Connection) -> None:
    for n in range(10):
        attempts.begin(store, "owner", "192.0.2.7", 900_000.0 + n)
    assert attempts.begin(store, "owner", "192.0.2.7", 1000.0) == 0


def test_no_address_is_kept_as_it_is(store: sqlite3.Connection) -> None:
    attempts.begin(store, "owner", "192.0.2.7", 1000.0)
    attempts.succeeded(store, "owner", "192.0.2.7", 1000.0)
    assert "192.0.2.7" not in "\n".join(store.iterdump())


HERE = {"client": ("127.0.0.1", 5), "server": ("127.0.0.1", 80), "http_version": "1.1"}


@pytest.mark.parametrize(
    ("more", "headers", "is_local"),
    [
        ({}, {"host": "localhost:8001"}, True),
        ({}, {"host": "127.0.0.1:8001"}, True),
        ({}, {"host": "[::1]:8001"}, True),
        ({"client": ("::1", 5), "server": ("::1", 80)}, {"host": "localhost"}, True),
        ({}, {"host": "evil.example"}, False),
        ({}, {"host": "127.0.0.1.evil.example"}, False),
        ({}, {}, False),
        ({}, {"host": "[::1"}, False),
        ({"client": ("192.0.2.7", 5)}, {"host": "localhost"}, False),
        ({"server": ("192.0.2.7", 80)}, {"host": "localhost"}, False),
        ({"http_version": "1.0"}, {"host": "localhost"}, False),
        *[({}, {"host": "localhost", name: "x"}, False) for name in ("x-forwarded-for", "forwarded", "via")],
    ],
)  # fmt: skip
def test_who_is_on_this_machine(more: dict[str, Any], headers: dict[str, str], is_local: bool) -> None:
    scope = {**HERE, **more, "headers": [(name.encode(), value.encode()) for name, value in headers.items()]}
    assert roles.is_local(scope) == is_local


@pytest.mark.parametrize(("value", "is_local"), [("1", False), ("0", True), ("", True)])
def test_a_public_server_has_no_owner_by_address(monkeypatch: pytest.MonkeyPatch, value: str, is_local: bool) -> None:
    monkeypatch.setenv("MEMORIES_PUBLIC", value)
    assert roles.is_local({**HERE, "headers": [(b"host", b"localhost")]}) == is_local


@pytest.mark.parametrize(
    ("actor", "role"),
    [
        (None, None),
        ({}, None),
        ({"role": "viewer"}, None),
        ({"role": "viewer", "proof": "old"}, None),
        ({"role": "viewer", "proof": "now"}, "viewer"),
        ({"role": "owner", "proof": "now"}, None),
        ({"role": "owner", "local": True}, "owner"),
        ({"role": "curator", "token": 3}, "curator"),
        ({"role": "king", "local": True}, None),
    ],
)
def test_what_a_session_is_worth(
    monkeypatch: pytest.MonkeyPatch, actor: dict[str, Any] | None, role: str | None
) -> None:
    """A password that was changed, or taken away, ends what it opened."""
    monkeypatch.setenv("MEMORIES_VIEWER_PASSWORD", "a hash")
    monkeypatch.delenv("MEMORIES_OWNER_PASSWORD", raising=False)
    if actor and actor.get("proof") == "now":
        actor = {**actor, "proof": roles.proof_of(actor["role"])}
    assert roles.role_of(actor) == role
    assert [name for name in roles.ROLES if roles.may(actor, name)] == (
        list(roles.ROLES[: roles.ROLES.index(role) + 1]) if role else []
    )


@pytest.mark.parametrize(("on_fly", "address"), [(True, "198.51.100.4"), (False, "192.0.2.7")])
def test_only_on_fly_is_its_header_believed(monkeypatch: pytest.MonkeyPatch, on_fly: bool, address: str) -> None:
    if on_fly:
        monkeypatch.setenv("FLY_APP_NAME", "family")
    scope = {"client": ("192.0.2.7", 5), "headers": [(b"fly-client-ip", b"198.51.100.4")]}
    assert roles.address_of(scope) == address


def test_a_token_opens_its_role_until_it_is_revoked(tmp_path: Path) -> None:
    with closing(access_tokens.open_store(tmp_path / "access.db")) as tokens:
        number, token = access_tokens.make(tokens, "a phone", "curator", 60)

        def role(given: str) -> Any:
            return access_tokens.role_of(tokens, given, lambda _role: "proof")

        assert role(token) == ("curator", "a phone", number)
        wrong = [
            token[:-1], token + "x", token.replace(f"_{number}_", "_99_"), token.removeprefix("mem_"), "mem_1_", "",
            "mem_٣_x", "mem_" + "9" * 40 + "_x",
        ]  # fmt: skip
        assert [role(given) for given in wrong] == [None] * len(wrong)
        assert token.split("_", 2)[2] not in "\n".join(tokens.iterdump())
        assert access_tokens.revoke(tokens, number)
        assert not access_tokens.revoke(tokens, number)
        assert role(token) is None
        _, late = access_tokens.make(tokens, "late", "viewer", 0)
        assert role(late) is None


def test_another_password_ends_the_tokens_that_the_old_one_made(tmp_path: Path) -> None:
    with closing(access_tokens.open_store(tmp_path / "access.db")) as tokens:
        _, token = access_tokens.make(tokens, "a phone", "viewer", 60, proof="of the old")
        assert access_tokens.role_of(tokens, token, lambda _role: "of the old")
        assert access_tokens.role_of(tokens, token, lambda _role: "of the new") is None
    assert (tmp_path / "access.db").stat().st_mode & 0o077 == 0
