"""tradelane.yaml and the environment become settings, or every mistake at its place."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.adapters.folder import FolderAdapter, FolderConfig
from gateway.adapters.protocol import Rate
from gateway.alert_settings import ALERTS_KEYS, AlertSettings
from gateway.delivery_policy import DeliveryPolicy
from gateway.http_settings import HTTP_KEYS, TLS_KEYS, HttpSettings, OperationsSettings, TlsFiles
from gateway.records_settings import AuditSettings, RetentionSettings
from gateway.settings import SETTINGS_FILE, SFTP_KEYS, InboundSettings, Settings, SftpSettings, load_settings
from sftp.gate import ServerLimits
from sftp.lockout import LockoutRules
from translators.datafile import LoadError


def load(home: Path, text: str, **environment: str) -> Settings:
    (home / SETTINGS_FILE).write_text(text, encoding="utf-8")
    return load_settings(home, environment=environment)


def test_a_home_without_settings_has_the_usual_ones(tmp_path: Path) -> None:
    settings = load_settings(tmp_path / "none", environment={})
    assert settings.home == tmp_path / "none"
    assert settings.database_url is None
    assert (settings.sftp.host, settings.sftp.port, settings.workers) == ("127.0.0.1", 2222, 2)
    assert settings.sftp.limits == ServerLimits()
    assert settings.destinations["erp"].config == FolderConfig(path=tmp_path / "none/erp", create=True)


def test_everything_may_be_said(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        """\
sftp:
  host: 0.0.0.0
  port: 0
  connections: 10
  connections_per_address: 5
  auth_tries: 3
  login_seconds: 20
  idle_seconds: 60
workers: 4
inbound: {large_bytes: 8 MiB}
destinations:
  erp: {kind: folder, path: out/erp, create: true}
  wms: {kind: folder, path: /srv/wms}
""",
    )
    limits = ServerLimits(connections=10, connections_per_address=5, auth_tries=3, login_seconds=20, idle_seconds=60)
    assert settings.sftp == SftpSettings("0.0.0.0", 0, limits)
    assert settings.workers == 4
    assert settings.inbound == InboundSettings(8 * 1024 * 1024)
    assert settings.destinations["erp"].config == FolderConfig(path=tmp_path / "out/erp", create=True)
    assert settings.destinations["wms"].config == FolderConfig(path=Path("/srv/wms"))
    assert isinstance(settings.destinations["wms"].adapter(), FolderAdapter)


def test_the_databases_url_comes_from_the_environment_and_is_never_shown(tmp_path: Path) -> None:
    url = "postgresql://tradelane:canary@db/tradelane"
    settings = load(tmp_path, "workers: 1\n", TRADELANE_DATABASE_URL=url)
    assert settings.database_url is not None
    assert settings.database_url.get_secret_value() == url
    assert "canary" not in repr(settings)
    assert load(tmp_path, "workers: 1\n", TRADELANE_DATABASE_URL=" ").database_url is None


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("workrs: 2", "1:1", 'tradelane.yaml has no key "workrs"; did you mean "workers"?'),
        ("workers: 0", "1:10", "want a whole number from 1 to 256"),
        ("sftp: 2222", "1:7", "sftp wants keys and values"),
        ("sftp: {prot: 22}", "1:8", 'sftp has no key "prot"; did you mean "port"?'),
        ("sftp: {port: 65536}", "1:14", "want a whole number from 0 to 65535"),
        ("sftp: {host: a b}", "1:14", "want an address or host name"),
        ("inbound: {large_bytes: 5 MB}", "1:24", "want bytes, as 1048576 or 64 MiB"),
        ("inbound: {large: 5}", "1:11", 'inbound has no key "large"; did you mean "large_bytes"?'),
        ("destinations: [erp]", "1:15", "destinations wants keys and values"),
        ("destinations: {erp: folder}", "1:21", "erp wants keys and values"),
        ("destinations: {E/P: {kind: folder, path: x}}", "1:16", 'a destination is "E/P"; want a word'),
        ("destinations: {erp: {path: x}}", "1:21", 'a destination needs the key "kind"'),
        (
            "destinations: {erp: {kind: foldr, path: x}}",
            "1:28",
            'kind is "foldr"; want folder or tryton or webhook; did you mean "folder"?',
        ),
        ("destinations: {erp: {kind: folder}}", "1:21", 'a folder destination needs the key "path"'),
        ("destinations: {erp: {kind: folder, path: x, creat: true}}", "1:45", 'did you mean "create"?'),
        ("destinations: {erp: {kind: folder, path: x, create: maybe}}", "1:53", "create: Input should be a valid bool"),
        ("destinations: {erp: {kind: folder, path: [x]}}", "1:42", "path: Input is not a valid path"),
        ("destinations: {erp: {kind: folder, path: x, rate: {per: 1s}}}", "1:51", 'needs the key "requests"'),
        ("destinations: {erp: {kind: folder, path: x, breaker: {after: 0}}}", "1:62", "after"),
        ("destinations: {erp: {kind: folder, path: x, retry: {first: 1h, longest: 5m}}}", "1:64", "shorter than first"),
        ("destinations: {erp: {kind: folder, path: x, retry: {dead_line: 5m}}}", "1:53", 'did you mean "deadline"?'),
        ("", "1:1", "the file is empty"),
    ],
)
def test_a_mistake_names_its_place(tmp_path: Path, text: str, place: str, said: str) -> None:
    with pytest.raises(LoadError) as caught:
        load(tmp_path, text)
    first = caught.value.faults[0]
    assert str(first.place) == f"{tmp_path / SETTINGS_FILE}:{place}"
    assert said in first.message


def test_mistakes_of_the_whole_file_come_together(tmp_path: Path) -> None:
    with pytest.raises(LoadError) as caught:
        load(
            tmp_path,
            "workers: x\nsftp: {port: y}\ninbound: {large_bytes: 0}\ndestinations: {erp: {kind: folder, a: b}}\n",
        )
    assert [(fault.place.line, fault.place.column) for fault in caught.value.faults] == [
        (1, 10),
        (2, 14),
        (3, 24),
        (4, 21),
        (4, 36),
    ]


def test_the_reference_shows_the_usual_settings_and_every_key(tmp_path: Path) -> None:
    reference = (Path(__file__).parents[2] / "docs/settings.md").read_text(encoding="utf-8")
    example, http, alerts, operations = re.findall(r"```yaml\n(.*?)```", reference, re.DOTALL)
    usual = load_settings(tmp_path, environment={})
    assert load(tmp_path, example) == usual
    files = TlsFiles(*(tmp_path / "tls" / name for name in ("server.pem", "server.key", "clients.pem")))
    assert load(tmp_path, http).http == HttpSettings(tls=files, proxies=("10.0.0.7",))
    assert load(tmp_path, operations).operations == OperationsSettings()
    assert set(load(tmp_path, alerts).alerts.channels) == {"log", "duty", "mail"}
    said = replace(load(tmp_path, alerts).alerts, channels={}, silent={}, gaps=())
    assert said == AlertSettings(channels={})
    shown = set(re.findall(r"([a-z_]+):", example + http + alerts))
    assert {*HTTP_KEYS, *TLS_KEYS, "high_water"} <= shown
    assert {*SFTP_KEYS, *FolderConfig.model_fields, "samples", "workers", "large_bytes", *ALERTS_KEYS} <= shown


def test_the_sample_partners_can_be_left_out(tmp_path: Path) -> None:
    assert load(tmp_path, "workers: 1\n").samples
    assert not load(tmp_path, "samples: false\n").samples


def test_checkpoints_go_nowhere_until_a_folder_is_named(tmp_path: Path) -> None:
    assert load(tmp_path, "workers: 1\n").audit == AuditSettings(None, timedelta(days=1))
    settings = load(tmp_path, "audit: {checkpoints: kept, every: 6h}\n")
    assert settings.audit == AuditSettings(tmp_path / "kept", timedelta(hours=6))


def test_retention_is_seven_years_and_an_unknown_kind_is_a_mistake(tmp_path: Path) -> None:
    assert load(tmp_path, "workers: 1\n").retention == RetentionSettings(2557, {})
    settings = load(tmp_path, "retention: {kinds: {invoice: 9}, partners: {acme: {days: 8, kinds: {invoice: 7}}}}\n")
    assert settings.retention == RetentionSettings(
        2557, {(None, "invoice"): 9, ("acme", None): 8, ("acme", "invoice"): 7}
    )
    with pytest.raises(LoadError) as caught:
        load(tmp_path, "retention: {kinds: {invoices: 9}, partners: {acme: {days: 0, keep: 1}}}\n")
    assert len(caught.value.faults) == 3
    assert any('no kind "invoices"; did you mean "invoice"?' in str(fault) for fault in caught.value.faults)


def test_http_runs_where_it_is_named(tmp_path: Path) -> None:
    assert load(tmp_path, "workers: 1\n").http is None
    assert load(tmp_path, "http: {}\n").http == HttpSettings()
    assert load(tmp_path, 'http: {host: "::1", port: 0}\n').http == HttpSettings("::1", 0)
    locks = load(tmp_path, "http: {lockout_failures: 3, lockout_half_life: 1m}\n").http
    assert locks == HttpSettings(lockout=LockoutRules(failures=3, half_life_seconds=60))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("http: {host: 0.0.0.0}", "0.0.0.0 without tls would show API keys to the network; add tls, or behind_proxy"),
        ("http: {host: edi.example}", "edi.example without tls would show"),
        ("http: {port: 70000}", 'port is "70000"'),
        ("http: {tls: {certificate: a.pem}}", 'tls needs the key "key"'),
        ("http: {behind_proxy: [proxy.example]}", 'an item of behind_proxy is "proxy.example"'),
        ("http: {tsl: {}}", 'http has no key "tsl"; did you mean "tls"?'),
    ],
)
def test_a_mistake_in_http_is_told(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(LoadError) as caught:
        load(tmp_path, text + "\n")
    [fault] = caught.value.faults
    assert fault.message.startswith(message)


def test_folders_of_hand_in_lie_in_the_home_folder_or_where_they_say(tmp_path: Path) -> None:
    settings = load(tmp_path, "hand_in: {erp: to-partners, wms: /srv/wms}\n")
    assert settings.hand_in == {"erp": tmp_path / "to-partners", "wms": Path("/srv/wms")}


def test_a_folder_of_hand_in_has_a_word_for_its_name(tmp_path: Path) -> None:
    with pytest.raises(LoadError) as caught:
        load(tmp_path, "hand_in: {ERP: x, wms: }\n")
    assert len(caught.value.faults) == 2


def test_a_destination_says_how_it_is_tried_again_and_how_much_it_is_given(tmp_path: Path) -> None:
    text = """\
destinations:
  erp:
    kind: folder
    path: erp
    retry: {first: 5s, longest: 1h, deadline: 7d}
    breaker: {after: 3, pause: 2m}
    rate: {requests: 10, per: 60s}
  wms: {kind: folder, path: wms, retry: {first: 20m}}
"""
    found = load(tmp_path, text).destinations
    assert found["erp"].policy == DeliveryPolicy(
        first=timedelta(seconds=5),
        longest=timedelta(hours=1),
        deadline=timedelta(days=7),
        breaker_after=3,
        breaker_pause=timedelta(minutes=2),
        rate=Rate(requests=10, seconds=60),
    )
    assert found["wms"].policy == DeliveryPolicy(first=timedelta(minutes=20), longest=timedelta(minutes=20))
