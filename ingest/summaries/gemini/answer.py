"""What a model said of a talk, what it cost, and in which manner it was asked."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

from ingest.summaries.gemini.transcript import Talk


@dataclass(frozen=True, slots=True)
class Summary:
    """What a model made of a talk. `heart` are numbers of its lines; `score` is 0 to 1."""

    title: str
    summary: str
    topics: tuple[str, ...]
    mood: str
    score: float
    heart: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the service counted them; `output` with thinking."""

    prompt: int = 0
    cached: int = 0
    output: int = 0


@dataclass(frozen=True, slots=True)
class Manner:
    """How is asked: what an answer depends on besides the talk."""

    model: str
    prompt_version: str
    taste: str
    language: str
    is_redacted: bool

    def name_of(self, talk: Talk) -> str:
        """The name under which the answer for a talk is kept."""
        parts = (talk.digest, self.model, self.prompt_version, self.taste, self.language, str(self.is_redacted))
        return blake2b("\x1f".join(parts).encode(), digest_size=16).hexdigest()
