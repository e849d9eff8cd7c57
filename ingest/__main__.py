"""Where the command starts: nothing is imported before Ctrl-C has a quiet answer."""

import io
import sys


def main() -> None:
    """The command `memories`."""
    for stream in (sys.stdout, sys.stderr):
        # A console, or a file, of another code page gets a "?" for a sign it lacks, and not a traceback.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        from ingest.cli import main as command

        command()
    except KeyboardInterrupt:
        sys.stderr.write("\nmemories: stopped\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
