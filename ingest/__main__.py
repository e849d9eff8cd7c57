"""Where the command starts: nothing is imported before Ctrl-C has a quiet answer."""

import sys


def main() -> None:
    """The command `memories`."""
    try:
        from ingest.cli import main as command

        command()
    except KeyboardInterrupt:
        sys.stderr.write("\nmemories: stopped\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
