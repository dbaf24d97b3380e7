"""The 824 that answer one interchange, put into an interchange of ours as its 997 are.

Version, delimiters and ids are those of what is answered. Source: X12 004010 and 005010 set 824.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from translators.errors import Issue
from translators.x12.acknowledge import Answer
from translators.x12.acknowledge_copies import address, application_code, mirrored
from translators.x12.acknowledge_form import AcknowledgmentForm, release_of_answer
from translators.x12.advice import ADVICE_GROUP, AdviceStatus, AdvisedSet, application_advice, status_of
from translators.x12.guide import GuideLibrary
from translators.x12.model import GroupHeader, InterchangeHeader
from translators.x12.writer import OutboundGroup, OutboundInterchange, OutboundSet


@dataclass(frozen=True, slots=True)
class ToAdvise:
    """What is to be told of one set.

    Args:
        group: the set stands in.
        about: the set.
        issues: what there is to say.
        number: BGN02, new for each 824.
    """

    group: GroupHeader
    about: AdvisedSet
    issues: Sequence[Issue]
    number: str

    @property
    def status(self) -> AdviceStatus:
        """OTI01."""
        return status_of(self.issues)


def advice_answer(
    header: InterchangeHeader, told: Sequence[ToAdvise], *, at: datetime, guides: GuideLibrary | None = None
) -> Answer:
    """One interchange with an 824 for each of these sets.

    Args:
        header: of the interchange they stand in, which was not refused.
        told: in the order of the file.
        at: BGN03 and BGN04, aware.
        guides: where the numbers of data elements are found; by default those shipped.

    Returns:
        All but its control numbers.
    """
    us, partner = address(header.receiver), address(header.sender)
    delimiters = mirrored(header, version=header.version, values=(*us, *partner, header.version))
    groups: dict[tuple[str, str, str], list[OutboundSet]] = {}
    for one in told:
        form = AcknowledgmentForm.FUNCTIONAL  # the release of an 824 follows the inbound's, as that of a 997
        release = release_of_answer(one.group, kind=form, interchange_version=header.version)
        sender = application_code(one.group.receiver, us[1], delimiters)
        receiver = application_code(one.group.sender, partner[1], delimiters)
        advice = application_advice(
            one.about,
            one.issues,
            number=one.number,
            at=at,
            delimiters=delimiters,
            release=release,
            guides=guides,
        )
        groups.setdefault((sender, receiver, release), []).append(advice)
    content = OutboundInterchange(
        sender=us,
        receiver=partner,
        version=header.version,
        usage=header.usage if header.usage in ("P", "T", "I") else "P",
        delimiters=delimiters,
        groups=[OutboundGroup(ADVICE_GROUP, *names, sets) for names, sets in groups.items()],
    )
    return Answer("824", content, header, advised=[one.status.value for one in told])
