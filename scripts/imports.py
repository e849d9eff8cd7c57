"""Which package of the code imports which: for the picture in docs/ARCHITECTURE.md, and the test that none looks up."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent

#: Folder of a tree -> its packages, the lowest first: each may import those before it, and none after it.
LAYERS = {
    "ingest": ("core", "exports", "archive", "summaries", "importing", "correcting", "ops", "cli"),
    "plugins/memories_lib": ("shared", "server", "access", "queries", "web", "api", "middleware"),
}
_OURS = ("ingest.", "memories_lib.")
#: What `ingest` may know of the server's side.
SHARED = ("memories_lib.shared", "memories_lib.queries")


@dataclass(frozen=True, order=True)
class Arrow:
    """A file that imports a module of this project; `line` of the file."""

    file: str
    line: int
    module: str


def arrows(tree: str) -> Iterator[Arrow]:
    """Every import of a module of this project in a tree (a key of `LAYERS`), also those inside functions."""
    for path in sorted((ROOT / tree).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):  # ``import ingest.core.names``
                named = [alias.name for alias in node.names if alias.name.startswith(_OURS)]
                yield from (Arrow(str(path.relative_to(ROOT / tree)), node.lineno, name) for name in named)
            if not isinstance(node, ast.ImportFrom) or not node.module:
                continue
            top = node.module.split(".")[0]
            if top not in ("ingest", "memories_lib"):
                continue
            # ``from ingest.core import names`` speaks of a package's module, or of what the package itself says.
            deep = "." in node.module
            for module in [node.module] if deep else [f"{node.module}.{alias.name}" for alias in node.names]:
                yield Arrow(str(path.relative_to(ROOT / tree)), node.lineno, module)


def wrong(tree: str) -> list[Arrow]:
    """The imports that look up, or over to what is not theirs."""
    layers, top = LAYERS[tree], Path(tree).name
    found = []
    for arrow in arrows(tree):
        here, (there, *rest) = arrow.file.split("/")[0], arrow.module.split(".")
        if there != top:
            if tree != "ingest" or not arrow.module.startswith(SHARED):
                found.append(arrow)
        elif here in layers and rest and rest[0] in layers and layers.index(rest[0]) > layers.index(here):
            found.append(arrow)
    return found


def _ties(tree: str) -> set[tuple[str, str]]:
    """(package, package that it imports), without those that follow from others."""
    layers = LAYERS[tree]
    pairs = set()
    for arrow in arrows(tree):
        here, there = arrow.file.split("/")[0], arrow.module.split(".")[1:2]
        if arrow.module.startswith(Path(tree).name) and here in layers and there and there[0] in layers:
            pairs.add((here, there[0]))
    pairs = {(here, there) for here, there in pairs if here != there}
    return {
        (here, there)
        for here, there in pairs
        if not any((here, between) in pairs and _leads(pairs, between, there) for between in layers if between != there)
    }


def _leads(pairs: set[tuple[str, str]], here: str, there: str) -> bool:
    return (here, there) in pairs or any(_leads(pairs, between, there) for start, between in pairs if start == here)


def picture() -> str:
    """Both trees as a Mermaid drawing: what imports what, with the number of modules of each package."""
    lines = ["```mermaid", "flowchart TD"]
    for tree, layers in LAYERS.items():
        name = Path(tree).name
        lines.append(f"  subgraph {name}")
        for layer in reversed(layers):
            files = [path for path in (ROOT / tree / layer).rglob("*.py") if path.name != "__init__.py"]
            lines.append(f'    {name}.{layer}["{layer} ({len(files)})"]')
        lines.append("  end")
        lines += [f"  {name}.{here} --> {name}.{there}" for here, there in sorted(_ties(tree))]
    known = sorted({arrow.module.split(".")[1] for arrow in arrows("ingest") if arrow.module.startswith(SHARED)})
    lines += ["  plugins --> memories_lib", *(f"  ingest --> memories_lib.{package}" for package in known), "```"]
    return "\n".join(lines)


def drawn(page: str) -> str:
    """A page with the drawing between its two marks made anew."""
    marks = ("<!-- drawn from the imports by make docs -->", "<!-- end of the drawing -->")
    before, after = page.split(marks[0])[0], page.split(marks[1])[1]
    return f"{before}{marks[0]}\n{picture()}\n{marks[1]}{after}"
