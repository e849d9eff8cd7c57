"""Wrong passwords, counted: ten in a quarter of an hour from one address or for one role are enough.

Who has got in from an address before is not kept out there by what others try elsewhere.
"""

from collections import defaultdict, deque

WINDOW_S = 15 * 60
MOST = 10
_MOST_KEPT = 10_000
#: A hash that no password has.
NOBODY = "pbkdf2_sha256$480000$0000000000000000$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

_failures = defaultdict(deque)
_known = set()


def wait_s(role, address, now):
    """Seconds to wait before the next try; 0 when it may be made."""
    waits = [_wait(("address", address), now)]
    if (role, address) not in _known:
        waits.append(_wait(("role", role), now))
    return max(waits)


def _wait(key, now):
    times = _failures.get(key)
    while times and now - times[0] > WINDOW_S:
        times.popleft()
    if not times:
        _failures.pop(key, None)
        return 0
    return int(WINDOW_S - (now - times[0])) + 1 if len(times) >= MOST else 0


def failed(role, address, now):
    """Count a wrong password."""
    if len(_failures) > _MOST_KEPT:
        _failures.clear()
    for key in (("address", address), ("role", role)):
        _failures[key].append(now)


def succeeded(role, address):
    """Forget what went wrong at an address that got in."""
    _known.add((role, address))
    _failures.pop(("address", address), None)
