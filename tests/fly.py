"""A stand-in for `fly`, put on the PATH by tests: one machine that is a folder and a real server on this machine.

It knows what docs/OPERATIONS.md asks of it and refuses the rest. `FLY_STATE` is its folder, `FLY_PORT` the port by
which the "internet" reaches the machine; `FLY_ROOT` is the checkout that is deployed.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import tomllib
import urllib.request
from pathlib import Path
from typing import Any

STATE = Path(os.environ["FLY_STATE"])
DATA = STATE / "data"
PORT = os.environ["FLY_PORT"]
ROOT = Path(os.environ["FLY_ROOT"])


def _load() -> dict[str, Any]:
    path = STATE / "state.json"
    fresh = {"app": None, "secrets": {}, "volume": None, "releases": [], "memory": 256, "count": 1, "pid": None}
    return json.loads(path.read_text("utf-8")) if path.exists() else fresh


def _save(state: dict[str, Any]) -> None:
    STATE.mkdir(parents=True, exist_ok=True)
    (STATE / "state.json").write_text(json.dumps(state), "utf-8")


def _config() -> dict[str, Any]:
    return tomllib.loads(Path("fly.toml").read_text("utf-8"))


def _environment(state: dict[str, Any]) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    told = {name: str(value).replace("/data/", f"{DATA}/") for name, value in _config()["env"].items()}
    secrets = {name: value.replace("/replica", str(STATE / "replica")) for name, value in state["secrets"].items()}
    return {**kept, **told, **secrets, "HOST": "127.0.0.1", "PORT": PORT, "MEMORIES_ONE_PROCESS": "1"}


def _stop(state: dict[str, Any]) -> None:
    if state["pid"]:
        try:
            os.killpg(state["pid"], signal.SIGTERM)
        except ProcessLookupError:
            return
        for _ in range(100):
            if _ended(state["pid"]):
                return
            time.sleep(0.1)
        os.killpg(state["pid"], signal.SIGKILL)


def _ended(pid: int) -> bool:
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return True
    return False


def _start(state: dict[str, Any]) -> None:
    with (STATE / "log").open("ab") as log:
        process = subprocess.Popen(
            [str(ROOT / "scripts" / "start_server.sh")], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=STATE,
            env=_environment(state), start_new_session=True,
        )  # fmt: skip
    state["pid"] = process.pid
    for _ in range(300):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/health", timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    sys.exit(f"Error: the machine did not become healthy\n{(STATE / 'log').read_text('utf-8')[-2000:]}")


def _restart(state: dict[str, Any]) -> None:
    _stop(state)
    _start(state)


#: The one machine's number.
_MACHINE = "3d8d9014f32d68"


def _option(arguments: list[str], name: str, default: str | None = None) -> str | None:
    return arguments[arguments.index(name) + 1] if name in arguments else default


def _ssh(state: dict[str, Any], command: str) -> int:
    words = [word.replace("/data", str(DATA)) for word in shlex.split(command)]
    return subprocess.run(words, env=_environment(state), cwd=STATE, check=False).returncode


def _sftp(arguments: list[str]) -> None:
    verb, first, second = arguments[0], arguments[1], arguments[2] if len(arguments) > 2 else ""
    if verb == "get":
        shutil.copyfile(DATA / first.removeprefix("/data/"), second or Path(first).name)
    elif verb == "put":
        target = DATA / second.removeprefix("/data/")
        if target.exists():
            sys.exit(f"Error: file exists: {second}")  # as the real one does
        shutil.copyfile(first, target)
    else:
        sys.exit(f"Error: unknown command {verb}")


def _proxy(ports: str) -> None:
    here = int(ports.partition(":")[0])
    with socket.create_server(("127.0.0.1", here)) as server:
        while True:
            client, _ = server.accept()
            machine = socket.create_connection(("127.0.0.1", int(PORT)))
            for one, other in ((client, machine), (machine, client)):
                threading.Thread(target=_pipe, args=(one, other), daemon=True).start()


def _pipe(source: socket.socket, target: socket.socket) -> None:
    try:
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def main(arguments: list[str]) -> int:
    """What `fly` would do."""
    state = _load()
    match arguments:
        case ["launch", *more] if state["app"] and _config()["app"] != state["app"]:
            state.setdefault("others", {})[_config()["app"]] = {"secrets": []}
            print(f"Created app '{_config()['app']}' in organization 'personal'")
        case ["secrets", "import", "--stage"]:
            names = [line.partition("=")[0] for line in sys.stdin.read().splitlines()]
            state["others"][_config()["app"]]["secrets"] = names
            print("Secrets are staged for the first deployment")
        case ["deploy", *_] if state["app"] and _config()["app"] != state["app"]:
            if not Path("Dockerfile").exists() or not Path("data/memories.db").exists():
                sys.exit("Error: there is nothing to build")
            if "MEMORIES_OWNER_PASSWORD" not in state["others"][_config()["app"]]["secrets"]:
                sys.exit("Error: it would be closed to everybody")
            print(f"Visit your newly deployed app at https://{_config()['app']}.fly.dev/")
        case ["launch", *more]:
            if "--no-deploy" not in more or "--copy-config" not in more:
                sys.exit("Error: the guide says --no-deploy --copy-config")
            state["app"] = _option(more, "--name", _config()["app"])
            print(f"Created app '{state['app']}' in organization 'personal'")
        case ["volumes", "create", name, *more]:
            DATA.mkdir(parents=True, exist_ok=True)
            state["volume"] = {"id": "vol_1", "name": name, "size": int(_option(more, "--size", "1") or 1)}
            print(f"Volume vol_1 {name} created")
        case ["volumes", "list"]:
            print(f"vol_1 created {state['volume']['name']} {state['volume']['size']}GB fra")
        case ["volumes", "extend", "vol_1", "--size", size]:
            state["volume"]["size"] = int(size)
            print(f"vol_1 is {size}GB now")
        case ["volumes", "snapshots", "list", "vol_1"]:
            print("vs_1 created 1 day ago")
        case ["machine", "list", "--quiet"]:
            print(_MACHINE if state["pid"] else "")
        case ["machine", "destroy", machine, "--force"]:
            if machine != _MACHINE or not state["pid"]:
                sys.exit(f"Error: could not get machine {machine}")
            _stop(state)
            state["pid"] = None
        case ["volumes", "destroy", "vol_1", "--yes"]:
            if state["pid"]:  # https://fly.io/docs/volumes/volume-manage/
                sys.exit("Error: volume vol_1 is attached to a machine: stop and destroy that first")
            shutil.rmtree(DATA)
            state["volume"] = None
        case ["secrets", "set", *pairs]:
            for pair in pairs:
                if pair != "--stage":
                    name, _, value = pair.partition("=")
                    state["secrets"][name] = value
            if state["pid"] and "--stage" not in pairs:
                _restart(state)
            print("Secrets are set" if state["pid"] else "Secrets are staged for the first deployment")
        case ["secrets", "unset", *names]:
            for name in names:
                state["secrets"].pop(name, None)
            if state["pid"]:
                _restart(state)
        case ["secrets", "list"]:
            for name in state["secrets"]:
                print(name, "Deployed")
        case ["deploy", *more]:
            if not state["volume"]:
                DATA.mkdir(parents=True, exist_ok=True)
                state["volume"] = {"id": "vol_1", "name": "memories_data", "size": 1}
            _restart(state)
            image = _option(more, "--image", f"registry.fly.io/{state['app']}:deployment-{len(state['releases']) + 1}")
            state["releases"].append(image)
            print(f"Visit your newly deployed app at https://{state['app']}.fly.dev/")
        case ["releases", "--image"]:
            for number, image in reversed(list(enumerate(state["releases"], 1))):
                print(f"v{number} complete {image}")
        case ["status"]:
            print(f"App\n  Name = {state['app']}\nMachines\n  app 1 fra started 1 total, 1 passing")
        case ["logs", "--no-tail"]:
            print((STATE / "log").read_text("utf-8"))
        case ["scale", "memory", size]:
            state["memory"] = int(size)
            _restart(state)
            print(f"Scaled VM to {size} MB")
        case ["scale", "count", count, *_]:
            state["count"] = int(count)
        case ["scale", "show"]:
            print(f"app {state['count']} shared 1 {state['memory']} MB fra")
        case ["apps", "restart", *_] | ["machine", "restart", *_]:
            _restart(state)
            print("restarted")
        case ["ssh", "console", "-C", command]:
            return _ssh(state, command)
        case ["ssh", "sftp", *more]:
            _sftp(more)
        case ["proxy", ports]:
            _proxy(ports)
        case ["apps", "destroy", *_]:
            _stop(state)
            state["pid"] = None
        case _:
            sys.exit(f"Error: unknown command: fly {shlex.join(arguments)}")
    _save(state)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
