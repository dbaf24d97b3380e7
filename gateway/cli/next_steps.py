"""What a person can do about a matter: by its code, or where that is a business system's own word, by its subject."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gateway.store.exception_groups import Group

BY_ITSELF = "it is over by itself once what it tells of is; tradelane doctor says how things stand"
LOOK_THERE = (
    "look in the business system; it is there: tradelane resolve ID --delivered REF --reason WHY; "
    "it is not: tradelane retry ID --not-there --reason WHY"
)
CODES: Mapping[str, str] = {
    "delivery.uncertain": LOOK_THERE,
    "delivery.duplicate": "see what the business system has; then tradelane resolve ID --delivered REF --reason WHY, "
    "or put it right there and tradelane retry ID --reason WHY",
    "work.poison": "it brought workers down; once that is mended: tradelane retry --group {group} --reason WHY, or "
    "tradelane replay reprocess --group {group}",
    "send.uncertain": "ask the partner whether they have it; they have not: tradelane replay resend --group {group}; "
    "they have: tradelane exceptions resolve {group} --reason WHY",
    "acknowledgment.overdue": "ask the partner; tradelane replay resend --group {group} sends the same again, "
    "re-envelope under new control numbers",
    "acknowledgment.rejected": "tradelane show ID says what they refuse; put it right, then "
    "tradelane replay re-envelope --group {group}, or hand it in anew",
    "map.xref.unknown": "tradelane xref import ROWS.csv with the missing row; what waits for it goes on by itself",
    "told.unread": "put the record right in the business system, then tradelane retry --group {group} --reason WHY",
    "told.unknown_delivery": "it answers nothing that we delivered: see in the business system what it belongs to; "
    "tradelane send DOC.json hands it in by hand",
    "as2.refused": "put right with the partner what it names (its certificate: tradelane cert import ACCOUNT FILE; "
    "what is required of its messages: its profile); it sends again, then "
    "tradelane exceptions resolve {group} --reason WHY",
    "mailbox.waiting": "ask the partner for the rename, the flag or the rest, or to delete it; "
    "it is over by itself then",
    "mailbox.not_collected": "ask the partner why; tradelane replay resend --group {group} lays it into /out anew",
    "sftp_client.host_key": "ask the partner by another way whether the key is its own; if so, name it in host_keys of "
    "its profile: it is over with the next visit",
    **dict.fromkeys(
        ("sftp_client.login", "sftp_client.unreachable"),
        "tradelane partner probe ACCOUNT says how far it goes; it is over with the next visit that goes well",
    ),
    "document.contradicts": "ask the partner which one counts; tradelane show ID has both",
    **dict.fromkeys(
        (
            "destination.down",
            "lane.stalled",
            "partner.silent",
            "control_numbers.missing",
            "disk.low",
            "poll.failing",
        ),
        BY_ITSELF,
    ),
}
GIVEN_UP = "; never to be delivered: tradelane resolve ID --given-up --reason WHY"
REJECTED: Mapping[str | None, str] = {
    None: "put right what it names, then tradelane retry --group {group} --reason WHY" + GIVEN_UP,
    "data": "put it right in the business system, then tradelane retry --group {group} --reason WHY; or have the "
    "partner send it anew" + GIVEN_UP,
    "mapping": "put the map right, then tradelane replay reprocess --group {group}" + GIVEN_UP,
    "config": "put it right in tradelane.yaml, then tradelane retry --group {group} --reason WHY" + GIVEN_UP,
}
"""By where the business system, or we for it, said that it is put right."""
UNSENT = "put right what it names, then tradelane retry --group {group} --reason WHY"
SENDING = ("as2.", "folder.", "send.", "sftp_client.")
"""How codes begin that tell of what could not be brought to a partner."""
UNREAD = (
    "where it is ours to put right (profile, guide, map): do so, then tradelane replay reprocess --group {group}; "
    "else the partner sends it anew"
)
READING = ("archive.", "delimited.", "document.", "file.", "json.", "map.", "partner.", "x12.", "xml.")
"""How codes begin that tell of what came and could not be used."""


def next_step(group: Group, members: Sequence[Mapping[str, Any]]) -> str:
    """What to do about an open group; nothing where it is over or nobody knows better than its reason."""
    still = [row for row in members if row["state"] == "open"]
    if not still:
        return ""
    newest = still[0]
    step = CODES.get(group.code, "")
    if not step and newest["delivery_id"] is not None:
        step = REJECTED.get(newest["fix"], REJECTED[None])
    elif not step and newest["transmission_id"] is not None:
        step = UNSENT if group.code.startswith(SENDING) else UNREAD if group.code.startswith(READING) else ""
    id = next(
        (str(newest[f"{name}_id"]) for name in ("delivery", "document", "transmission") if newest[f"{name}_id"]), ""
    )
    return step.format(group=group.fingerprint).replace("ID", id or "ID")
