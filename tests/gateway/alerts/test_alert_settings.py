"""`alerts` of tradelane.yaml, and what a gateway makes of it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.adapters.secrets import SecretReference
from gateway.alert_settings import AlertSettings, EmailChannel, LogChannel, MailTls, WebhookChannel
from gateway.alerts.webhook_channel import WebhookAlerts
from gateway.app import load_gateway
from gateway.serving import keep_channels
from gateway.settings import SETTINGS_FILE, Settings, load_settings
from gateway.store.engine import Store
from tests.gateway.alerts.alerting import Desk
from translators.datafile import LoadError

BOTH = "alerts: {channels: {log: {kind: log}, duty: {kind: webhook, url: 'http://127.0.0.1:1/', secret: 'file:key'}}}"


def load(home: Path, text: str) -> Settings:
    (home / SETTINGS_FILE).write_text(text, encoding="utf-8")
    return load_settings(home, environment={})


def test_without_a_word_the_log_is_told(tmp_path: Path) -> None:
    assert load(tmp_path, "workers: 1").alerts == AlertSettings({"log": LogChannel()})
    assert load(tmp_path, "alerts: {}").alerts == AlertSettings({"log": LogChannel()})
    assert load(tmp_path, "alerts: {channels: {}}").alerts.channels == {}


def test_channels_have_names_and_kinds(tmp_path: Path) -> None:
    assert load(tmp_path, BOTH).alerts.channels == {
        "log": LogChannel(),
        "duty": WebhookChannel("http://127.0.0.1:1/", SecretReference(path=tmp_path / "key")),
    }


def test_a_mail_channel_has_the_usual_port_of_its_tls(tmp_path: Path) -> None:
    text = "alerts: {channels: {m: {kind: email, host: h, from: a@b.example, to: [c@d.example], tls: {}}}}"
    found = {tls: load(tmp_path, text.replace("{}", tls)).alerts.channels["m"] for tls in MailTls}
    assert {tls: channel.port for tls, channel in found.items() if isinstance(channel, EmailChannel)} == {
        "starttls": 587,
        "tls": 465,
        "none": 25,
    }
    assert found[MailTls.TLS] == EmailChannel("h", 465, "a@b.example", ("c@d.example",), MailTls.TLS)


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("alerts: {chanels: {}}", "1:10", 'alerts has no key "chanels"; did you mean "channels"?'),
        ("alerts: {paused_after: soon}", "1:24", 'paused_after is "soon"; want seconds, minutes, hours or days'),
        ("alerts: {disk_below: 100}", "1:22", 'disk_below is "100"; want a whole number from 1 to 99'),
        ("alerts: {silent: {acme: 0}}", "1:25", 'acme is "0"; want seconds, minutes'),
        ("alerts: {channels: {Duty: {kind: log}}}", "1:21", 'a channel is "Duty"; want a word of lower-case'),
        ("alerts: {channels: {m: {kind: email}}}", "1:24", 'an email channel needs the key "host"'),
        ("alerts: {channels: {m: {kind: email, from: nobody}}}", "1:44", 'from is "nobody"; want an address of e-mail'),
        ("alerts: {channels: {m: {kind: email, to: []}}}", "1:38", "to names nobody; want a list of addresses"),
        ("alerts: {channels: {m: {kind: email, user: edi}}}", "1:24", "user and password belong together"),
        (
            "alerts: {channels: {m: {kind: email, tls: none, user: edi, password: env:P}}}",
            "1:38",
            "without tls the password would be shown to the network",
        ),
        ("alerts: {channels: {duty: log}}", "1:27", "duty wants keys and values"),
        ("alerts: {channels: {duty: {}}}", "1:27", 'a channel needs the key "kind"'),
        ("alerts: {channels: {duty: {kind: loq}}}", "1:34", 'kind is "loq"; want log or webhook or email'),
        ("alerts: {channels: {duty: {kind: log, url: x}}}", "1:39", 'a log channel has no key "url"'),
        ("alerts: {channels: {duty: {kind: webhook}}}", "1:27", 'a webhook channel needs the key "url"'),
        ("alerts: {channels: {duty: {kind: webhook}}}", "1:27", 'a webhook channel needs the key "secret"'),
        (
            "alerts: {channels: {d: {kind: webhook, url: 'ftp://x', secret: env:K}}}",
            "1:45",
            'url is "ftp://x"; want an address that',
        ),
        ("alerts: {channels: {d: {kind: webhook, url: 'http://x', secret: plain}}}", "1:65", "secret: want env:NAME"),
    ],
)
def test_mistakes_are_told_at_their_places(tmp_path: Path, text: str, place: str, said: str) -> None:
    with pytest.raises(LoadError) as caught:
        load(tmp_path, text)
    assert any(f":{place}: {said}" in str(fault) for fault in caught.value.faults), str(caught.value)


def test_alerts_are_kept_for_as_long_as_it_is_said(tmp_path: Path) -> None:
    assert load(tmp_path, "alerts: {kept_for: 7d}").alerts.kept_for == timedelta(days=7)
    assert load(tmp_path, "alerts: {gaps: []}").alerts.kept_for == timedelta(days=90)


def test_partners_that_are_watched_have_to_be_there(tmp_path: Path, fresh_store: Store) -> None:
    settings = load(tmp_path, "alerts: {silent: {acme: 24h, acmee: 2d}, gaps: [globex, nobody-like-that]}")
    assert settings.alerts.silent == {"acme": timedelta(days=1), "acmee": timedelta(days=2)}
    assert settings.alerts.gaps == ("globex", "nobody-like-that")
    with pytest.raises(LoadError) as caught:
        load_gateway(settings, fresh_store)
    assert [str(fault).split(":", 1)[1] for fault in caught.value.faults] == [
        '1:30: there is no partner "acmee"; did you mean "acme"?',
        '1:57: there is no partner "nobody-like-that"',
    ]


def test_a_gateway_tells_the_channels_of_its_settings_of_what_opens(tmp_path: Path, fresh_store: Store) -> None:
    gateway = load_gateway(load(tmp_path, BOTH), fresh_store)
    keep_channels(gateway)
    Desk(fresh_store).resolve(Desk(fresh_store).open("group-a"))
    log, duty = gateway.alerts_out()
    assert isinstance(duty.channel, WebhookAlerts)
    with capture_logs() as lines:
        assert (log.run(), duty.run()) == (2, 0)
    told = [(line["event"], line["log_level"], line.get("code"), line.get("channel")) for line in lines]
    assert told == [
        ("alert.opened", "warning", "unknown_item", None),
        ("alert.resolved", "info", "unknown_item", None),
        ("alert.not_told", "warning", None, "duty"),
    ]


def test_what_waits_for_a_channel_that_is_gone_from_the_settings_is_given_up_and_logged(
    tmp_path: Path, fresh_store: Store
) -> None:
    keep_channels(load_gateway(load(tmp_path, BOTH), fresh_store))
    Desk(fresh_store).open("group-a")
    with capture_logs() as lines:
        keep_channels(load_gateway(load(tmp_path, "alerts: {channels: {log: {kind: log}}}"), fresh_store))
    assert [(line["event"], line["given_up"]) for line in lines] == [("alert.channels_gone", 1)]
