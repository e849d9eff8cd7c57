"""An archive to look at: eight years of a couple, families and friends, in five languages, with drawn pictures.

`python -m tests.family FOLDER` writes the exports and reads them into FOLDER/memories.db. The talks are those of
`bench/labels`, given to the people of these chats, between them small talk; photos are drawn (`scripts/`).
"""

from __future__ import annotations

import io
import random
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from PIL import Image, ImageDraw, ImageEnhance

from bench.labels import Labelled, read_labels
from scripts import make_example_zip as drawn

L = "\u200e"
_BEGIN, _END = datetime(2016, 3, 5), datetime(2024, 11, 20)


@dataclass(frozen=True, slots=True)
class Circle:
    """A chat: whose, in which language of the labels, how many small talks a week, what is said in them."""

    name: str
    language: str
    people: tuple[str, ...]
    a_week: float
    chatter: tuple[str, ...]
    left_out: str = "image omitted"
    birthdays: dict[str, str] = field(default_factory=dict)


_ENGLISH = (
    "what time tonight?", "seven, if the bus comes", "can you bring milk", "yes", "ok", "on my way", "two minutes",
    "did you lock the door", "I think so", "which train", "the slow one", "haha", "no worries", "see you there",
    "is the heating on", "call me when you are free", "in a meeting", "later", "left the keys at the neighbour's",
    "anything from the bakery?", "the dark one please", "parking is full, I go round once more", "good night", "x",
)  # fmt: skip
_GERMAN = (
    "wann heute?", "gegen sieben", "bringst du Brot mit", "ja klar", "ok", "bin unterwegs", "wer holt Emil ab",
    "ich", "danke", "hast du den Schlüssel", "liegt im Flur", "haha", "bis gleich", "welcher Zug", "der um zwölf",
    "gute Nacht", "ist jemand zu Hause", "ich ab vier", "die Waschmaschine piept wieder", "einfach ausmachen",
)  # fmt: skip
_SPANISH = (
    "a qué hora", "a las ocho", "traes pan?", "sí", "vale", "ya voy", "dónde estás", "en el autobús", "jajaja",
    "buenas noches", "llámame luego", "ahora no puedo", "qué cenamos", "tortilla", "perfecto", "un beso",
)  # fmt: skip
_HINDI = (
    "कब आओगे", "सात बजे", "ठीक है", "दूध ले आना", "हाँ", "रास्ते में हूँ", "खाना हो गया?", "अभी नहीं", "फ़ोन करना", "अच्छा",
)  # fmt: skip
_ARABIC = (
    "متى اليوم؟", "بعد المغرب", "تمام", "جيبي خبز معك", "حاضر", "أنا بالطريق", "وصلت", "الحمد لله", "ههه",
)  # fmt: skip
_SOMMER = ("Nora", "Mama", "Papa", "Lena", "Oma Gerda", "Jonas", "Mira", "Emil", "Tante Ute")
_FRIENDS = (
    "Nora", "Pia", "Theo", "June", "Tomasz", "Ada", "Bertil", "Chidi", "Dana", "Eskil", "Fay", "Gus", "Hana", "Ilse",
    "Jamal", "Kofi", "Lior", "Maeve", "Nils", "Oona", "Petra", "Quinn", "Rosa", "Sami", "Tove",
)  # fmt: skip

CIRCLES = (
    Circle("Theo", "en", ("Nora", "Theo"), 5, _ENGLISH, birthdays={"04-18": "Theo"}),
    Circle(
        "Familie Sommer", "de", _SOMMER, 6, _GERMAN, "Bild weggelassen", birthdays={"06-14": "Mira", "12-19": "Emil"}
    ),
    Circle("Lakehouse", "en", _FRIENDS, 5, _ENGLISH),
    Circle("Abuela Inés", "es", ("Nora", "Abuela Inés"), 2, _SPANISH, "imagen omitida"),
    Circle("परिवार", "hi", ("Nora", "माँ", "रवि", "दीदी"), 1.5, _HINDI),
    Circle("العائلة", "ar", ("Nora", "ماما", "سامر", "ليلى"), 1.5, _ARABIC),
)

#: What people send in small talk: one in how many.
_SENT = {"text": 0.95, "image": 0.03, "sticker": 0.01, "video": 0.004, "document": 0.002, "location": 0.001}
#: What an iPhone writes of other things, in English.
_ASIDE = (
    f"{L}POLL:\r\nWhere do we eat on Friday?\r\n{L}OPTION: the boathouse (3 votes)\r\n{L}OPTION: at home (1 vote)",
    "https://lakes.example/paths/around-ferrow-lake look at this",
    "https://recipes.example/plum-cake-of-the-coast",
    f"{L}This message was deleted.",
    f"{L}Voice call, {L}12 min",
    f"I take the early one {L}<This message was edited>",
)

Message = tuple[datetime, str, str, str]


def messages(circle: Circle, dice: random.Random) -> list[Message]:
    """(when, who, kind, words or caption) of eight years, in order."""
    talks = [talk for talk in read_labels() if talk.language == circle.language]
    found: list[Message] = []
    at = _BEGIN + timedelta(days=dice.randrange(200))
    while at < _END:
        at += timedelta(days=dice.expovariate(circle.a_week / 7 * 1.2))
        # Each of the talks comes some times in eight years, in the words of other people.
        if dice.random() < min(0.2, 30 / (circle.a_week * 430)):
            found += _told(dice.choice(talks), circle, at, dice)
        else:
            found += _small_talk(circle, at, dice)
        for day, name in circle.birthdays.items():
            if at.strftime("%m-%d") == day:
                found += _birthday(circle, name, at, dice)
    return sorted(found, key=lambda message: message[0])


def _told(talk: Labelled, circle: Circle, at: datetime, dice: random.Random) -> Iterator[Message]:
    others = dice.sample(circle.people, len(circle.people))
    cast: dict[str, str] = {}
    day, before = at.replace(hour=0, minute=0, second=0, microsecond=0), ""
    for line in talk.lines:
        name = cast.setdefault(line.name, others[len(cast) % len(others)])
        day += timedelta(days=line.time < before)
        before = line.time
        when = day + timedelta(hours=int(line.time[:2]), minutes=int(line.time[3:]), seconds=dice.randrange(60))
        yield when, name, line.kind, line.text


def _small_talk(circle: Circle, at: datetime, dice: random.Random) -> Iterator[Message]:
    at = at.replace(hour=dice.choice((7, 8, 12, 13, 17, 18, 19, 20, 21, 22)), minute=dice.randrange(60))
    for _ in range(dice.randint(2, 14)):
        at += timedelta(seconds=dice.choice((8, 20, 45, 90, 200)))
        kind = dice.choices(tuple(_SENT), tuple(_SENT.values()))[0]
        yield at, dice.choice(circle.people[:6]), kind, dice.choice(circle.chatter) if kind == "text" else ""
    if circle.language == "en" and dice.random() < 0.04:
        for what in dice.sample(_ASIDE, 2):
            at += timedelta(minutes=1)
            yield at, dice.choice(circle.people[:6]), "as it is", what


def _birthday(circle: Circle, name: str, at: datetime, dice: random.Random) -> Iterator[Message]:
    words = {
        "de": ("Alles Gute, {}! 🎂", "Sieben Kerzen und der Rauchmelder ging an", "Herzlichen Glückwunsch {} 🎉"),
        "en": ("Happy birthday {}! 🎂", "the candles set off the alarm again", "happy birthday {} 🎉"),
    }[circle.language]
    at = at.replace(hour=8, minute=dice.randrange(50))
    yield at, circle.people[0], "image", ""
    for n, said in enumerate(words):
        yield at + timedelta(minutes=n + 1), circle.people[(n + 1) % len(circle.people)], "text", said.format(name)


def _picture(number: int) -> bytes:
    """One of the drawn scenes, as if on another day: its light, its frame, its side."""
    dice = random.Random(number)
    draw = dice.choice(_SCENES)
    scene = draw()
    image = ImageEnhance.Color(scene).enhance(dice.uniform(0.6, 1.5))
    image = ImageEnhance.Brightness(image).enhance(dice.uniform(0.75, 1.15))
    if dice.random() < 0.4:  # held upright
        left = dice.randrange(100, 300)
        image = image.crop((left, 0, left + 405, 540))
    out = io.BytesIO()
    image.convert("RGB").resize((image.width * 2, image.height * 2)).save(out, "JPEG", quality=82)
    return out.getvalue()


def _garden() -> Image.Image:
    image = drawn.sky((140, 200, 235), (230, 240, 220))
    drawn.hills(image, (110, 160, 90), 300, 0.8)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 380, 720, 540), fill=(120, 84, 56))
    for x in range(40, 720, 85):
        draw.line((x, 250, x, 500), fill=(70, 110, 60), width=6)
        for n, y in enumerate((300, 350, 400, 440)):
            draw.ellipse((x - 30 + n % 2 * 30, y, x + 4 + n % 2 * 30, y + 32), fill=(208, 60, 46))
    return image


def _city() -> Image.Image:
    image = drawn.sky((14, 18, 44), (70, 60, 110))
    draw = ImageDraw.Draw(image)
    dice = random.Random(4)
    for x in range(0, 720, 60):
        top = dice.randrange(150, 380)
        draw.rectangle((x, top, x + 54, 540), fill=(24, 26, 48))
        for y in range(top + 14, 530, 28):
            for dx in (8, 22, 36):
                if dice.random() < 0.45:
                    draw.rectangle((x + dx, y, x + dx + 8, y + 12), fill=(255, 214, 120))
    return image


_SCENES = (
    drawn.lake_at_dusk, drawn.snow_on_the_lake, drawn.cat_on_a_balcony, drawn.little_hand, _garden, _city,
)  # fmt: skip


def _voice(seconds: int) -> bytes:
    tone = f"sine=frequency=230:duration={seconds},tremolo=f=3:d=0.8"
    return subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", tone, "-c:a", "libopus", "-b:a", "12k", "-f", "ogg", "-"],
        capture_output=True, check=True,
    ).stdout  # fmt: skip


def _video(seconds: int) -> bytes:
    """Hills that go by, with a tone."""
    picture, tone = f"mandelbrot=size=480x270:rate=12:end_scale=0.3,trim=duration={seconds}", "sine=frequency=330"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "video.mp4"
        subprocess.run(
            ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", tone, "-shortest",
             "-pix_fmt", "yuv420p", "-movflags", "+faststart", file],
            check=True,
        )  # fmt: skip
        return file.read_bytes()


def _sticker(number: int) -> bytes:
    """A face of some colour."""
    dice = random.Random(number)
    image = Image.new("RGBA", (320, 320))
    draw = ImageDraw.Draw(image)
    colour = tuple(dice.randrange(120, 256) for _ in range(3))
    draw.ellipse((20, 20, 300, 300), fill=colour, outline=(60, 40, 30), width=8)
    for x in (100, 190):
        draw.ellipse((x, 105, x + 30, 150), fill=(40, 30, 30))
    draw.arc((85, 120, 235, 245), 20, 160, fill=(40, 30, 30), width=12)
    out = io.BytesIO()
    image.save(out, "WEBP")
    return out.getvalue()


def write(folder: Path, seed: int = 11) -> list[Path]:
    """The exports as an iPhone writes them, one zip a chat."""
    folder.mkdir(parents=True, exist_ok=True)
    dice = random.Random(seed)
    voices = {seconds: _voice(seconds) for seconds in (4, 11, 23, 41)}
    videos = [_video(seconds) for seconds in (3, 6)]
    written = []
    for circle in CIRCLES:
        path = folder / f"WhatsApp Chat - {circle.name}.zip"
        with zipfile.ZipFile(path, "w") as archive:
            lines = []
            for n, (at, name, kind, text) in enumerate(messages(circle, dice)):
                head = f"[{at:%d.%m.%y, %H:%M:%S}] {name}: "
                if kind == "image" and dice.random() < 0.6:
                    file = f"{n:08}-PHOTO-{at:%Y-%m-%d-%H-%M-%S}.jpg"
                    archive.writestr(file, _picture(dice.randrange(70)))
                    lines.append(f"{L}{head}{text + ' ' if text else ''}{L}<attached: {file}>")
                elif kind == "audio" or (kind == "text" and dice.random() < 0.004):
                    file = f"{n:08}-AUDIO-{at:%Y-%m-%d-%H-%M-%S}.opus"
                    archive.writestr(file, voices[dice.choice(list(voices))])
                    lines.append(f"{L}{head}{L}<attached: {file}>")
                elif kind in ("sticker", "video", "document"):
                    ending, content = {
                        "sticker": ("webp", _sticker(dice.randrange(12))), "video": ("mp4", dice.choice(videos)),
                        "document": ("pdf", b"%PDF-1.4 a list of things to bring"),
                    }[kind]  # fmt: skip
                    file = f"{n:08}-{kind.upper()}-{at:%Y-%m-%d-%H-%M-%S}.{ending}"
                    archive.writestr(file, content)
                    lines.append(f"{L}{head}{L}<attached: {file}>")
                elif kind == "as it is":
                    lines.append(head + text)
                elif kind == "location":
                    lat, lon = 52.37 + dice.uniform(-0.2, 0.2), 9.73 + dice.uniform(-0.2, 0.2)
                    lines.append(f"{head}Location: https://maps.google.com/?q={lat:.6f},{lon:.6f}")
                elif kind != "text":
                    lines.append(f"{L}{head}{L}{circle.left_out}")
                else:
                    lines.append(head + text)
            archive.writestr("_chat.txt", "\r\n".join(lines) + "\r\n")
        written.append(path)
    return written


if __name__ == "__main__":
    target = Path(sys.argv[1])
    exports = write(target)
    command = [sys.executable, "-m", "ingest", "ingest", "--db", target / "memories.db", "--me", "Nora", *exports]
    subprocess.run(command, check=True)
