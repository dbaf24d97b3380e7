"""Logins by password, by key and password together, and what guessing leads to (test plan, row S3)."""

from __future__ import annotations

import io

import paramiko
import pytest
import structlog

from sftp.errors import MailboxUnavailableError
from sftp.keys import new_private_key, public_part, read_private_key
from sftp.lockout import Lockout, LockoutRules
from sftp.ports import Account, AccountLimits, Login, Password
from tests.waiting import wait_until

SECRET = "correct horse battery"


class Watch:
    """Seconds that a test turns on."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def open_to(start, acme_key, watch):
    """Starts a server whose account acme is opened as given."""

    def run(login: Login, *, failures: int = 5, **limits: float):
        lockout = Lockout(LockoutRules(failures=failures, half_life_seconds=60), now=watch)
        site = start(passwords=True, lockout=lockout, **limits)
        account = Account("acme", login=login)
        site.mailbox.add_account("acme", account, public_part(acme_key), Password(SECRET))
        return site

    return run


def enters(transport: paramiko.Transport) -> bool:
    session = paramiko.SFTPClient.from_transport(transport)
    assert session is not None
    return "in" in session.listdir("/")


def refused(site, user: str, password: str, **options: str) -> str:
    transport = site.knock(**options)
    try:
        with pytest.raises(paramiko.AuthenticationException) as refusal:
            transport.auth_password(user, password, fallback=False)
        return str(refusal.value)
    finally:
        transport.close()


def test_the_right_password_opens_an_account(open_to) -> None:
    site = open_to(Login.PASSWORD)
    transport = site.knock()
    assert transport.auth_password("acme", SECRET, fallback=False) == []
    assert enters(transport)
    transport.close()


def test_an_account_of_passwords_takes_no_key_and_one_of_keys_no_password(open_to, acme_key) -> None:
    site = open_to(Login.PASSWORD)
    with pytest.raises(paramiko.AuthenticationException):
        site.dial("acme", acme_key)
    assert refused(open_to(Login.KEY), "acme", SECRET) == refused(site, "acme", "wrong")


def test_either_opens_an_account_that_takes_either(open_to, acme_key) -> None:
    site = open_to(Login.EITHER)
    by_key = site.dial("acme", acme_key)
    assert enters(by_key)
    by_password = site.knock()
    by_password.auth_password("acme", SECRET, fallback=False)
    assert enters(by_password)
    for transport in (by_key, by_password):
        transport.close()


@pytest.mark.parametrize("key_first", [True, False])
def test_where_both_are_wanted_one_is_asked_for_after_the_other(open_to, acme_key, key_first) -> None:
    site = open_to(Login.BOTH)
    transport = site.knock()
    steps = [
        lambda: transport.auth_publickey("acme", read_private_key(acme_key)),
        lambda: transport.auth_password("acme", SECRET, fallback=False),
    ]
    first, second = steps if key_first else steps[::-1]
    assert first() == (["password"] if key_first else ["publickey"])
    with pytest.raises(paramiko.SSHException):
        transport.open_session(timeout=20)
    assert second() == []
    assert enters(transport)
    transport.close()


def test_where_both_are_wanted_a_wrong_second_opens_nothing(open_to, acme_key, globex_key) -> None:
    site = open_to(Login.BOTH)
    transport = site.knock()
    transport.auth_publickey("acme", read_private_key(acme_key))
    with pytest.raises(paramiko.AuthenticationException):
        transport.auth_password("acme", "wrong", fallback=False)
    transport.close()
    transport = site.knock()
    transport.auth_password("acme", SECRET, fallback=False)
    with pytest.raises(paramiko.AuthenticationException):
        transport.auth_publickey("acme", read_private_key(globex_key))
    with pytest.raises(paramiko.SSHException):
        transport.open_session(timeout=20)
    transport.close()


def test_where_both_are_wanted_a_key_that_was_only_shown_is_not_proved(open_to, acme_key) -> None:
    """A public key is no secret: only its signature is half of a login."""

    class Liar(paramiko.Ed25519Key):
        def sign_ssh_data(self, data: bytes, algorithm: str | None = None) -> paramiko.Message:
            return read_private_key(new_private_key()).sign_ssh_data(data, algorithm)

    site = open_to(Login.BOTH)
    transport = site.knock()
    with pytest.raises(paramiko.AuthenticationException):
        transport.auth_publickey("acme", Liar.from_private_key(io.StringIO(acme_key.decode())))
    assert transport.auth_password("acme", SECRET, fallback=False) == ["publickey"]
    with pytest.raises(paramiko.SSHException):
        transport.open_session(timeout=20)
    transport.close()


def test_one_password_twice_is_not_both(open_to) -> None:
    site = open_to(Login.BOTH)
    transport = site.knock()
    for _ in range(2):
        assert transport.auth_password("acme", SECRET, fallback=False) == ["publickey"]
    with pytest.raises(paramiko.SSHException):
        transport.open_session(timeout=20)
    transport.close()


def test_a_password_that_is_no_text_or_endless_is_refused_unseen(open_to) -> None:
    site = open_to(Login.PASSWORD)
    site.mailbox.fail_next("login", MailboxUnavailableError("must not be asked"))
    assert refused(site, "acme", "x" * 2000)
    transport = site.knock()
    with pytest.raises(paramiko.AuthenticationException):
        transport.auth_password("acme", b"\xff\xfe", fallback=False)  # type: ignore[arg-type]
    transport.close()
    assert refused(site, "acme", SECRET)


def test_guessing_locks_the_users_password_for_a_while_and_not_its_key(open_to, acme_key, watch) -> None:
    site = open_to(Login.EITHER, failures=3, auth_tries=20)
    patient = site.dial("acme", acme_key)
    transport = site.knock()
    for guess in ("one", "two", "three"):
        with pytest.raises(paramiko.AuthenticationException):
            transport.auth_password("acme", guess, fallback=False)
    assert refused(site, "acme", SECRET, source="127.0.0.2")
    assert transport.auth_publickey("acme", read_private_key(acme_key)) == []
    assert enters(patient)
    for each in (transport, patient):
        each.close()
    watch.seconds += 60
    again = site.knock()
    assert again.auth_password("acme", SECRET, fallback=False) == []
    again.close()


def test_an_unknown_user_is_locked_out_just_as_a_known_one(open_to, watch) -> None:
    answers = {}
    for user in ("acme", "nobody"):
        with structlog.testing.capture_logs() as events:
            site = open_to(Login.PASSWORD, failures=3, auth_tries=20)
            transport = site.knock()
            said = []
            for _ in range(5):
                with pytest.raises(paramiko.AuthenticationException) as refusal:
                    transport.auth_password(user, "guess", fallback=False)
                said.append(str(refusal.value))
            transport.close()
        reasons = [event["reason"] for event in events if event["event"] == "sftp.login_refused"]
        answers[user] = said
        assert reasons[-1] == "locked out"
    assert answers["acme"] == answers["nobody"]


def test_an_address_that_guesses_is_let_in_no_more_until_it_wears_off(open_to, watch) -> None:
    site = open_to(Login.PASSWORD, failures=3)
    for user in ("one", "two", "three"):
        refused(site, user, "guess")
    with pytest.raises((paramiko.SSHException, EOFError, OSError)):
        site.knock()
    watch.seconds += 60
    transport = site.knock()
    assert transport.auth_password("acme", SECRET, fallback=False) == []
    transport.close()


def test_connections_that_were_there_before_help_a_guesser_nothing(open_to) -> None:
    """An address opens all it may, and then guesses: the lock holds for those, too."""
    site = open_to(Login.PASSWORD, failures=3)
    waiting = site.knock()
    for user in ("one", "two", "three"):
        refused(site, user, "guess")
    with structlog.testing.capture_logs() as events, pytest.raises(paramiko.AuthenticationException):
        waiting.auth_password("acme", SECRET, fallback=False)
    waiting.close()
    assert [event["reason"] for event in events if "reason" in event] == ["its address is locked out"]
    elsewhere = site.knock(source="127.0.0.2")
    assert elsewhere.auth_password("acme", SECRET, fallback=False) == []
    elsewhere.close()


def test_a_client_that_offers_several_keys_is_not_a_failure_and_one_that_has_none_is(open_to, acme_key) -> None:
    site = open_to(Login.KEY, failures=2)
    for _ in range(4):
        transport = site.knock()
        for _ in range(3):
            with pytest.raises(paramiko.AuthenticationException):
                transport.auth_publickey("acme", read_private_key(new_private_key()))
        assert transport.auth_publickey("acme", read_private_key(acme_key)) == []
        transport.close()
    for _ in range(2):
        transport = site.knock()
        with pytest.raises(paramiko.AuthenticationException):
            transport.auth_publickey("acme", read_private_key(new_private_key()))
        transport.close()
        assert site.server.wait_for(lambda server: server.connections == 0, seconds=20)
    with pytest.raises((paramiko.SSHException, EOFError, OSError)):
        site.knock()


def test_a_mailbox_that_is_away_locks_nobody_out(open_to) -> None:
    site = open_to(Login.PASSWORD, failures=2, auth_tries=20)
    transport = site.knock()
    for _ in range(5):
        site.mailbox.fail_next("login", MailboxUnavailableError("away"))
        with pytest.raises(paramiko.AuthenticationException):
            transport.auth_password("acme", SECRET, fallback=False)
    assert transport.auth_password("acme", SECRET, fallback=False) == []
    transport.close()


def test_no_secret_is_in_the_log(open_to, acme_key) -> None:
    with structlog.testing.capture_logs() as events:
        site = open_to(Login.BOTH)
        refused(site, "acme", "wrong-canary")
        transport = site.knock()
        transport.auth_publickey("acme", read_private_key(acme_key))
        transport.auth_password("acme", SECRET, fallback=False)
        transport.close()
        site.server.stop()
    told = repr(events)
    assert "canary" not in told
    assert SECRET not in told
    login = next(event for event in events if event["event"] == "sftp.login")
    assert login["publickey"] == public_part(acme_key).fingerprint
    assert login["password"] == "right"


def test_an_account_has_so_many_sessions_from_one_address(start) -> None:
    site = start(account=Account("acme", limits=AccountLimits(sessions=5, sessions_per_address=1)))
    first, second = site.dial(), site.dial()
    assert enters(first)
    with pytest.raises(paramiko.SSHException):
        enters(second)
    for transport in (first, second):
        transport.close()


def test_an_account_may_be_idle_as_long_as_it_says(start, acme_key, globex_key) -> None:
    site = start(account=Account("acme", limits=AccountLimits(idle_seconds=0.3)), login_seconds=4)
    acme, globex = site.dial(), site.dial("globex", globex_key)
    assert enters(acme)
    assert enters(globex)
    acme.join(20)
    assert not acme.is_active()
    assert globex.is_active()
    for transport in (acme, globex):
        transport.close()


def test_who_is_logged_in_is_listed_and_can_be_kicked(start, acme_key) -> None:
    site = start()
    stranger = site.knock()
    transport = site.dial()
    session = paramiko.SFTPClient.from_transport(transport)
    assert session is not None
    file = session.open("/in/po.edi", "wb")
    file.write(b"ISA")
    file.flush()
    (live,) = site.server.live()
    assert (live.account, live.address, live.sessions, live.busy) == ("acme", "127.0.0.1", 1, True)
    assert live.client.startswith("SSH-2.0-paramiko")
    assert live.proofs == {"publickey": public_part(acme_key).fingerprint}
    assert not site.server.kick("no such id")
    assert site.server.kick(live.id)
    transport.join(20)
    wait_until(lambda: site.server.sessions == 0 and not site.server.live(), within=20)
    assert site.mailbox.counted == []
    assert stranger.is_active()
    del file
    for each in (transport, stranger):
        each.close()


def test_files_on_their_way_take_no_more_than_the_account_has(start) -> None:
    site = start(account=Account("acme", limits=AccountLimits(total_bytes=1000)))
    with site.client() as one, site.client() as other:
        first = one._session.open("/in/a.edi", "wb")
        first.write(bytes(700))
        second = other._session.open("/in/b.edi", "wb")
        with pytest.raises(OSError, match="on their way"):
            second.write(bytes(301))
        second.close()
        first.close()
        other.remove("/in/a.edi")
        other.put(bytes(900), "/in", "c.edi")
    assert [counted.size for counted in site.mailbox.counted] == [700, 900]
