"""TextMessage: words for people (X12 864), `text_message/v1`."""

from __future__ import annotations

import hashlib
from typing import Annotated, ClassVar

from pydantic import Field

from translators.canonical.common import LocalDate, LocalTime, Part, Text
from translators.canonical.parts import Party, TradeDocument


class Message(Part):
    """One message, line by line, under its number."""

    number: Text
    subject: Text | None = None
    lines: Annotated[tuple[Text, ...], Field(min_length=1)]


class TextMessage(TradeDocument):
    """Messages for people; `about` says what they are on, `number` is the sender's where there is one."""

    schema_name: ClassVar[str] = "text_message/v1"
    kind: ClassVar[str] = "text_message"
    header_block: ClassVar[str] = "message"

    about: Text | None = None
    type: Text | None = None
    date: LocalDate | None = None
    time: LocalTime | None = None
    sender: Party | None = None
    receiver: Party | None = None
    messages: Annotated[tuple[Message, ...], Field(min_length=1)]

    @property
    def identity(self) -> tuple[str, ...]:
        """The number of the first message, the day, and a digest of all it says.

        X12 004010 gives a text message no number of its own (MIT01 is free to be `1` every day), so only the same words
        on the same day are the same message.
        """
        told = hashlib.sha256()
        for message in self.messages:
            for text in (message.number, message.subject or "", *message.lines):
                told.update(text.encode() + b"\n")
            told.update(b"\x00")
        day = self.date.isoformat() if self.date is not None else ""
        return (self.messages[0].number, day, told.hexdigest()[:32])

    def own_keys(self) -> list[tuple[str, str | None]]:
        """The number of every message."""
        return [("message_number", message.number) for message in self.messages]
