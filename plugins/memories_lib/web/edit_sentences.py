"""Edits as sentences: ``You hid “Thank you for …” (9 February 2018, Jonas)``."""

from __future__ import annotations

from collections.abc import Mapping

from memories_lib.queries.edited_subjects import Subject
from memories_lib.shared import edit_log
from memories_lib.shared.derived_words import shorten
from memories_lib.shared.edit_event import Event
from memories_lib.web.i18n import Words

#: Characters of what an edit was about.
_SHOWN = 60


class Sentences:
    """Tells edits to `reader`, who is "you" in them. `subjects` are what they were about."""

    def __init__(self, t: Words, reader: str, subjects: Mapping[int, Subject], events: Mapping[int, Event]) -> None:
        self._t, self._reader, self._subjects, self._events = t, reader, subjects, events

    def __call__(self, event: Event) -> str:
        """What somebody did, in one sentence."""
        who = self._t("edit_you") if event.actor == self._reader else event.actor
        if event.action == "undo":
            undone = self._events.get(event.detail.get("of") or 0)
            return self._t("edit_undo", who=who, what=self._done(undone) if undone else "…")
        return self._done(event, who)

    def _done(self, event: Event, who: str = "") -> str:
        name = f"edit_{event.action}"
        detail = event.detail
        if event.action in ("highlight", "me") and not detail.get("on", True):
            name += "_off"
        if event.action == "note" and not detail.get("note"):
            name += "_off"
        if event.action == "forget":
            name += f"_{event.subject_kind}"
        if name not in self._t:
            return f"{who} {edit_log.told(event)}".strip()
        also = detail.get("also")
        others = ", ".join(f"“{other}”" for other in also) if isinstance(also, list) else ""
        if event.action == "read_as":
            others = ", ".join(edit_log.read_with(detail)) or "…"
        new = detail.get("title") or detail.get("name") or detail.get("note") or ""
        return self._t(
            name, who=who, what=self._what(event), others=others, new=f"“{shorten(str(new), _SHOWN)}”"
        ).strip()  # fmt: skip

    def _what(self, event: Event) -> str:
        if was := event.detail.get("was") or event.detail.get("other"):
            return f"“{was}”"
        subject = self._subjects.get(event.id)
        if subject is None:
            at = self._t.day(str(event.detail.get("at") or ""))
            return self._t("edit_something") + (f" ({at})" if at else "")
        words = shorten(subject.words, _SHOWN) if subject.words else self._t("edit_something")
        return f"“{words}” ({', '.join(filter(None, (self._t.day(subject.at), subject.who)))})"
