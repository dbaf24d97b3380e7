"""One conversation with Tryton's REST API: records are searched for, made, and their buttons pressed.

Whatever does not end well is a NotDone that says which Outcome that is. It is told by what the body says: Tryton
answers 400 with a JSON message for a business error, 503 with a page for a lock, 500 for a field it does not know.
Source: trytond 8.2, the modules `trytond.protocols.rest` and `trytond.wsgi`.
"""

from __future__ import annotations

import json
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx

from gateway.adapters.protocol import Outcome, Rejected, Retry, Uncertain
from gateway.adapters.secrets import SecretReference
from gateway.errors import NoTelling, SecretMissing
from translators.errors import shown

LOCKED_AFTER = timedelta(seconds=1)
"""A lock is soon let go."""
SILENT_AFTER = timedelta(seconds=15)
CONFIGURED_AFTER = timedelta(minutes=1)
"""After so long it is tried again where an administrator has to act."""
LONGEST_RETRY_AFTER = 3600

Record = Mapping[str, Any]
"""A record: of its fields those that were asked for, those of another record in a mapping of their own."""


class NotDone(NoTelling):
    """A request did not end well.

    Args:
        outcome: what that means for the submission it belongs to.
    """

    def __init__(self, outcome: Outcome, text: str) -> None:
        super().__init__(text, after=outcome.after if isinstance(outcome, Retry) else None)
        self.outcome = outcome


class TrytonClient:
    """One database of one server, as one application. May be used by several threads.

    Args:
        url: of the database, as `https://erp.example/production`.
        api_key: of a user application "REST API".
        timeout: seconds for each step of a request.
        transport: of its requests; a test's may fail.
    """

    def __init__(
        self, url: str, api_key: SecretReference, *, timeout: float, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._key = api_key
        self._http = httpx.Client(
            base_url=f"{url.rstrip('/')}/rest/model/",
            timeout=timeout,
            transport=transport,
            trust_env=False,
            follow_redirects=False,
            headers={"Accept-Language": "en"},
        )

    def search(
        self,
        model: str,
        domain: Sequence[object],
        fields: Sequence[str],
        *,
        company: int | None = None,
        order: Sequence[tuple[str, str]] = (),
        limit: int | None = None,
        offset: int = 0,
    ) -> list[Record]:
        """Records, with the fields asked for and `id`.

        Args:
            model: as `sale.sale`.
            domain: Tryton's domain, of plain values, dates and Decimals.
            fields: names; those of another record by a dotted path.
            company: whose records; None where the model has none.
            order: field and `ASC` or `DESC`.
            limit: at most so many.
            offset: after so many.

        Raises:
            NotDone: it was not answered.
        """
        asked: list[tuple[str, str | int]] = [("d", _encoded(domain)), *(("f", field) for field in fields)]
        if order:
            asked.append(("o", _encoded(order)))
        if limit is not None:
            asked += [("s", limit), ("p", offset)]
        found: list[Record] = self._ask("GET", model, company=company, params=asked)
        return found

    def create(self, model: str, values: Mapping[str, object], *, company: int) -> int:
        """Make a record; its id.

        Raises:
            NotDone: it was not made, or nobody knows.
        """
        made: Record = self._ask("POST", model, company=company, content=_written(values))
        return int(made["id"])

    def press(self, model: str, id: int, button: str, *, company: int) -> None:
        """Press a button of a record.

        Raises:
            NotDone: it was not pressed, or nobody knows.
        """
        self._ask("POST", f"{model}/{id}/{button}", company=company, content=b"{}")

    def _ask(self, method: str, path: str, *, company: int | None, **what: Any) -> Any:
        try:
            headers = {"Authorization": f"Bearer {self._key.read().get_secret_value()}"}
        except SecretMissing as error:
            raise _later(str(error), after=CONFIGURED_AFTER) from error
        if company is not None:
            headers["X-Tryton-Context"] = _encoded({"company": company})
        if method == "POST":
            headers["Content-Type"] = "application/json"
        try:
            answer = self._http.request(method, path, headers=headers, **what)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise _later(f"Tryton cannot be reached: {type(error).__name__}") from error
        except httpx.TransportError as error:
            text = f"Tryton gave no answer: {type(error).__name__}"
            raise (NotDone(Uncertain(text), text) if method == "POST" else _later(text)) from error
        if answer.status_code == httpx.codes.OK:
            return _read(answer.content)
        raise _not_done(answer, path)


def _not_done(answer: httpx.Response, path: str) -> NotDone:
    """What an answer other than 200 means."""
    status, said = answer.status_code, _message(answer)
    text = f"Tryton answered {status} to {path}: {said}"
    match status:
        case 400:
            return NotDone(Rejected("tryton.refused", said, path="", fix="data"), text)
        case 500:
            return NotDone(Rejected("tryton.failed", text, path="", fix="config"), text)
        case 503:
            return NotDone(Retry(_retry_after(answer, LOCKED_AFTER), "document", text), text)
        case 429:
            return _later(text, after=_retry_after(answer, SILENT_AFTER))
        case 401 | 403 | 404:
            return _later(text, after=CONFIGURED_AFTER)
        case _:
            return _later(text)


def _later(text: str, *, after: timedelta = SILENT_AFTER) -> NotDone:
    return NotDone(Retry(after, "target", text), text)


def _message(answer: httpx.Response) -> str:
    """The business message of a JSON body; else that there is none: a page may hold anything."""
    try:
        found = json.loads(answer.content)
    except ValueError:
        return f"no JSON, but {shown(answer.headers.get('content-type', 'nothing'))}"
    if not isinstance(found, dict) or not isinstance(found.get("message"), str):
        return "JSON without a message"
    parts = [found["message"], found.get("description")]
    return " ".join(" ".join(str(part).split()) for part in parts if part)[:500]


def _retry_after(answer: httpx.Response, usual: timedelta) -> timedelta:
    said = answer.headers.get("retry-after", "")
    return timedelta(seconds=min(int(said), LONGEST_RETRY_AFTER)) if said.isascii() and said.isdigit() else usual


def _encoded(value: object) -> str:
    return urlsafe_b64encode(_written(value)).decode()


def _written(value: object) -> bytes:
    return json.dumps(value, default=_class_of, ensure_ascii=False, allow_nan=False).encode()


def _class_of(value: object) -> dict[str, Any]:
    """A value JSON has no form for, as Tryton writes it. Source: trytond.protocols.jsonrpc."""
    match value:
        case Decimal():
            return {"__class__": "Decimal", "decimal": str(value)}
        case datetime():
            time = {"hour": value.hour, "minute": value.minute, "second": value.second}
            return {**_day(value), **time, "__class__": "datetime", "microsecond": value.microsecond}
        case date():
            return _day(value)
        case _:
            raise TypeError(f"Tryton's JSON has no {type(value).__name__}")


def _day(value: date) -> dict[str, Any]:
    return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}


def _read(content: bytes) -> Any:
    try:
        return json.loads(content, object_hook=_value_of, parse_float=Decimal)
    except (ValueError, KeyError, ArithmeticError) as error:
        raise _later("Tryton answered something that is not its JSON") from error


def _value_of(found: dict[str, Any]) -> Any:
    match found.get("__class__"):
        case "Decimal":
            return Decimal(found["decimal"])
        case "date":
            return date(found["year"], found["month"], found["day"])
        case "datetime":
            time = (found["hour"], found["minute"], found["second"], found["microsecond"])
            return datetime(found["year"], found["month"], found["day"], *time)  # noqa: DTZ001 Tryton's are UTC, bare
        case "bytes":
            return b64decode(found["base64"])
        case _:
            return found
