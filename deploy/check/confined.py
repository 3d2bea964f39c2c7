"""Starts a program as a unit's sandbox would let it run, where there is no systemd: confined.py UNIT PROGRAM [ARGUMENT...]

It reads SystemCallFilter=, SystemCallErrorNumber=, RestrictAddressFamilies= and MemoryDenyWriteExecute= from the unit and
applies them as systemd does, with seccomp. The groups of system calls are those of systemd-analyze. Whatever else there
is in the unit (users, mounts, capabilities) is the caller's.
"""
import errno
import mmap
import os
import subprocess
import sys

import seccomp as s

unit = {}
for line in open(sys.argv[1], encoding="utf-8"):
    key, found, value = line.strip().partition("=")
    if found and not line.startswith("#"):
        unit.setdefault(key, []).append(value)


def calls(name):
    """The system calls of a group, and of the groups in it."""
    if not name.startswith("@"):
        return {name}
    text = subprocess.run(["systemd-analyze", "syscall-filter", name], check=True, capture_output=True, text=True).stdout
    words = {w.strip() for w in text.splitlines()[1:] if w.strip() and not w.strip().startswith("#")}
    return set().union(*(calls(w) for w in words))


refuse = s.ERRNO(getattr(errno, unit["SystemCallErrorNumber"][-1]))
allowed = set()
for value in unit["SystemCallFilter"]:
    names = set().union(*(calls(w) for w in value.lstrip("~").split()))
    allowed = allowed - names if value.startswith("~") else allowed | names
filters = s.SyscallFilter(defaction=refuse)
for name in sorted(allowed):
    try:
        filters.add_rule(s.ALLOW, name)
    except RuntimeError:
        pass  # not of this architecture, or newer than the library

families = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10, "AF_NETLINK": 16, "AF_PACKET": 17}
open_to = {families[f] for f in unit["RestrictAddressFamilies"][-1].split()}
sockets = s.SyscallFilter(defaction=s.ALLOW)
for family in set(range(64)) - open_to:
    sockets.add_rule(s.ERRNO(errno.EAFNOSUPPORT), "socket", s.Arg(0, s.EQ, family))

memory = s.SyscallFilter(defaction=s.ALLOW)
if unit.get("MemoryDenyWriteExecute", ["no"])[-1] == "yes":
    both = mmap.PROT_WRITE | mmap.PROT_EXEC
    memory.add_rule(s.ERRNO(errno.EPERM), "mmap", s.Arg(2, s.MASKED_EQ, both, both))
    for name in ("mprotect", "pkey_mprotect"):
        memory.add_rule(s.ERRNO(errno.EPERM), name, s.Arg(2, s.MASKED_EQ, mmap.PROT_EXEC, mmap.PROT_EXEC))

os.umask(int(unit["UMask"][-1], 8))
for f in (memory, sockets, filters):  # the last one may refuse the loading of another
    f.load()
os.execv(sys.argv[2], sys.argv[2:])
