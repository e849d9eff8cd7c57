"""What lies beside an archive: every file and folder by its name. Pure.

.gitignore and .dockerignore are held to `PRIVATE` by a test: none of it may be committed, or get into an image.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

#: What an archive is called where nobody says otherwise: on a laptop, in backups, where it is published.
ARCHIVE = "memories.db"
EDITS, SUMMARIES, ACCESS = "curation.db", "summaries.db", "access.db"
#: Databases beside an archive that are nobody's to look at, wherever they are served from.
BESIDE = frozenset({EDITS, SUMMARIES, ACCESS})
#: Patterns of everything that holds words, names, passwords or tokens, as they may lie in any folder.
PRIVATE = (
    "*.db", "*.db-*", "*.db.*", "memories-*.zip", "memories-*.zip.age", "media/", "versions/", "incoming/", "backups/",
    "last-backup.json", "maintenance.json", "taste.toml", ".env",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ArchiveFiles:
    """The files and folders of one archive, some of which may not be there yet."""

    database: Path

    @classmethod
    def of(cls, database: str | Path) -> ArchiveFiles:
        """Those of an archive where it really is: links are followed."""
        return cls(Path(database).resolve())

    @property
    def edits(self) -> Path:
        """The log of what people changed."""
        return self.database.with_name(EDITS)

    @property
    def summaries(self) -> Path:
        """Every answer of a model that was paid for, and what was ever sent."""
        return self.database.with_name(SUMMARIES)

    @property
    def access(self) -> Path:
        """Tokens, sessions and links, as digests."""
        return self.database.with_name(ACCESS)

    @property
    def ids(self) -> Path:
        """Which id everything was given."""
        return self.database.with_name(f"{self.database.name}.ids")

    @property
    def lock(self) -> Path:
        """Held by whoever writes."""
        return self.database.with_name(f"{self.database.name}.lock")

    @property
    def media(self) -> Path:
        """The folder of photos, voice notes and documents; see `media_name`."""
        return self.database.with_name("media")

    @property
    def versions(self) -> Path:
        """The folder of earlier archives, as they were before they were replaced."""
        return self.database.with_name("versions")

    @property
    def incoming(self) -> Path:
        """The folder of what is being uploaded."""
        return self.database.with_name("incoming")

    @property
    def backups(self) -> Path:
        """The folder of backups, where no other is named."""
        return self.database.with_name("backups")

    @property
    def last_backup(self) -> Path:
        """When the last backup was made, and of what."""
        return self.database.with_name("last-backup.json")

    @property
    def maintenance(self) -> Path:
        """The note that is shown while something is done."""
        return self.database.with_name("maintenance.json")

    @property
    def taste(self) -> Path:
        """What is memorable to the owner, in their words."""
        return self.database.with_name("taste.toml")


def served_note(incoming: Path) -> Path:
    """The note of which archive was put in place last, in the folder of uploads."""
    return incoming / "served.json"


def media_name(sha256: str, name: str) -> str:
    """Where a file of a digest lies below the media folder, for its name in the chat: ``ab/abcd….jpg``."""
    ending = re.sub(r"[^a-z0-9]", "", name.rpartition(".")[2].lower())[:8] if "." in name else ""
    return f"{sha256[:2]}/{sha256}" + (f".{ending}" if ending else "")


def thumbnail_name(sha256: str) -> str:
    """Where the small picture of a file lies below the media folder."""
    return f"{sha256[:2]}/{sha256}.thumb.webp"
