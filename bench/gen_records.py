#!/usr/bin/env python3
"""Writes a bare repository with a branch of deployment records.

  gen_records.py N REPO [--servers S] [--schedules M] [--seed S]

N operations on M schedules of S servers: each begins in one commit and ends in
another, as the program writes them: the files of `active/`, `open/`, `packages/`
and `scripts/`, and for each record a block of trailers in the commit's message.
One commit in eight holds several records, as those share one that run at the
same time. Most end well; some fail, some are rolled back, some delete.
On main: `deploy.toml`, and the schedules.
"""
import argparse
import hashlib
import random
import subprocess
import sys
from datetime import datetime, timezone

T0 = 1700000000
PEOPLE = [("Ann Ops", "ann@corp.example", "All"), ("Bob Batch", "bob@corp.example", "Production"),
          ("Jürgen Groß", "jg@corp.example", "Administration"), ("李雷", "ll@corp.example", "Non-Production"),
          ("Deploy Runner", "runner@corp.example", "All")]
WORDS = "monthly figures hotfix quarter close payroll run calendar machine moved time window after review".split()


def when(seconds):
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S+00:00")


class Record:
    """One operation, as `record.toml` and as a block."""

    def __init__(self, r, number, kind, action, server, name, seconds):
        self.number, self.kind, self.action, self.server, self.name = number, kind, action, server, name
        millis = seconds * 1000 + r.randrange(1000)
        h = "%012x7%03x%x%015x" % (millis, r.getrandbits(12), 8 | r.getrandbits(2), r.getrandbits(60))
        self.id = "-".join((h[:8], h[8:12], h[12:16], h[16:20], h[20:]))
        self.person = PEOPLE[r.randrange(len(PEOPLE))]
        self.original = None if r.random() < 0.8 else name + "_SRC"
        self.version = None if action == "delete" else r.randrange(1, 30)
        self.blob = None if action == "delete" else "%040x" % r.getrandbits(160)
        self.package = ("PKG%03d" % r.randrange(50), r.randrange(1, 9)) if r.random() < 0.2 else None
        self.rules = [("rule-%02d" % r.randrange(40), r.randrange(1, 9), "%040x" % r.getrandbits(160))
                      for _ in range(r.choice((0, 0, 1, 2, 3)))]
        self.tag = "REL-%d.%d" % (r.randrange(9), r.randrange(99)) if r.random() < 0.3 else None
        self.description = " ".join(r.choice(WORDS) for _ in range(r.randrange(2, 9))) if r.random() < 0.7 else ""
        self.begun, self.ended = seconds, None
        self.planned = "form1:sha256:%064x" % r.getrandbits(256)
        self.deployed, self.reason, self.previous = None, None, None
        self.status, self.phase = "Deploying", "begun"

    def block(self):
        """As `Block::of`."""
        version = lambda name, v: "%s@%d" % (name, v)
        fields = [("Record-Id", self.id), ("Action", self.action), ("Kind", self.kind), ("Server", self.server),
                  ("Name", self.name), ("Original-Name", self.original), ("Version", self.version),
                  ("Blob", self.blob), ("Status", self.status), ("Phase", self.phase),
                  ("User", "%s <%s>" % self.person[:2]), ("Role", self.person[2]),
                  ("Package", self.package and version(*self.package)),
                  ("Rules", ", ".join(version(n, v) for n, v, _ in self.rules) or None), ("Tag", self.tag),
                  ("Description", self.description or None), ("Deployed", self.deployed), ("Reason", self.reason)]
        return "".join("%s: %s\n" % pair for pair in fields if pair[1] is not None)

    def status_block(self):
        """As `Block::status`."""
        return "Record-Id: %s\nServer: %s\nName: %s\nStatus: %s\n" % (self.id, self.server, self.name, self.status)

    def toml(self):
        pairs = [("id", self.id), ("kind", self.kind), ("action", self.action), ("name", self.name),
                 ("original_name", self.original), ("server", self.server), ("status", self.status),
                 ("phase", self.phase), ("begun", when(self.begun)), ("ended", self.ended and when(self.ended)),
                 ("reason", self.reason), ("previous", self.previous and self.previous.id),
                 ("planned", self.planned), ("deployed", self.deployed)]
        text = "".join('%s = "%s"\n' % pair for pair in pairs if pair[1])
        text += '\n[user]\nname = "%s"\nemail = "%s"\nrole = "%s"\n\n[source]\n' % self.person
        text += "".join("version = %d\n" % v for v in [self.version] if v)
        text += "".join('blob = "%s"\n' % b for b in [self.blob] if b)
        text += "\n[told]\n" + "".join('description = "%s"\n' % d for d in [self.description] if d)
        text += "".join('tag = "%s"\n' % t for t in [self.tag] if t)
        if self.package:
            text += '\n[package]\nname = "%s"\nversion = %d\nrecord = "%s"\n' % (*self.package, self.id)
        for rule in self.rules:
            text += '\n[[rule]]\nname = "%s"\nlevel = "deployment"\nversion = %d\nblob = "%s"\n' % rule
        return text

    def definition(self, what):
        return ('{\n  "scheduleList": [\n    {\n      "name": "%s",\n      "jobList": [],\n      "documentation": "%s %d"\n'
                '    }\n  ]\n}\n' % (self.name, what, self.number))

    def active(self):
        return "active/%s/%02x/%s" % (self.server, hashlib.sha256(self.name.encode()).digest()[0], self.name)

    def place(self):
        if self.kind == "schedule":
            return self.active() + "/record.toml"
        return "%ss/%s/%s.toml" % (self.kind, self.server, self.name)


class Writer:
    def __init__(self, out):
        self.out, self.number = out, 0

    def commit(self, branch, person, seconds, message, changes):
        """Changes: path → text, or None to delete."""
        who = "%s <%s> %d +0000" % (person[0], person[1], seconds)
        message = message.encode()
        out = [("commit refs/heads/%s\nauthor %s\ncommitter %s\ndata %d\n" % (branch, who, who, len(message))).encode(),
               message, b"\n"]
        for path, text in changes.items():
            if text is None:
                out.append(b"D %s\n" % path.encode())
            else:
                text = text.encode()
                out.append(b"M 100644 inline %s\ndata %d\n" % (path.encode(), len(text)))
                out += [text, b"\n"]
        self.out.write(b"".join(out))
        self.number += 1


def begin(record):
    open_ = "open/%s/" % record.id
    changes = {open_ + "record.toml": record.toml()}
    if record.kind == "schedule":
        changes[open_ + "planned.json"] = record.definition("planned")
        if record.previous:
            changes[open_ + "rollback.json"] = record.previous.definition("deployed")
    return "Begin: %s %s on %s" % (record.action, record.name, record.server), [record.block()], changes


def end(r, record, standing, seconds):
    key = (record.kind, record.server, record.name)
    record.ended, record.phase = seconds, "done"
    changes = {"open/" + record.id: None}
    blocks = []
    previous = record.previous
    if r.random() < 0.04:
        record.status, record.reason = "Failed", "the target refused the insert: HTTP 500"
    elif record.action == "delete":
        record.status = "Deleted"
        standing.pop(key, None)
        if previous:
            changes[record.active()] = None
    else:
        record.status = "Deployed" if record.kind == "script" else "Active"
        record.deployed = "form1:sha256:%064x" % r.getrandbits(256) if record.kind == "schedule" else None
        standing[key] = record
        changes[record.place()] = record.toml()
        if record.kind == "schedule":
            changes[record.active() + "/deployed.json"] = record.definition("deployed")
    blocks.append(record.block())
    if previous and record.status != "Failed" and record.kind != "script":
        previous.status = "Rolledback" if record.action == "rollback" else "Inactive"
        blocks.append(previous.status_block())
    return "%s: %s %s on %s" % (record.status, record.action, record.name, record.server), blocks, changes


def together(parts):
    subject = parts[0][0] if len(parts) == 1 else "%d records" % len(parts)
    changes = {}
    for part in parts:
        changes.update(part[2])
    return subject + "\n\n" + "".join(block for part in parts for block in part[1]), changes


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("n", type=int)
    ap.add_argument("repo")
    ap.add_argument("--servers", type=int, default=8)
    ap.add_argument("--schedules", type=int, default=2000)
    ap.add_argument("--seed", default="1")
    a = ap.parse_args()
    r = random.Random("records:%s" % a.seed)
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", a.repo], check=True)
    git = subprocess.Popen(["git", "-C", a.repo, "fast-import", "--quiet"], stdin=subprocess.PIPE)
    writer = Writer(git.stdin)
    files = {"deploy.toml": "", "servers/README": "none\n"}
    for number in range(a.schedules):
        name = "SCHEDULE_%05d" % number
        files["schedules/%s.json" % name] = '{\n  "scheduleList": [\n    {\n      "name": "%s"\n    }\n  ]\n}\n' % name
    writer.commit("main", PEOPLE[0], T0, "Begin\n", files)
    made, seconds, standing = 0, T0, {}
    while made < a.n:
        size = r.randrange(2, 20) if r.random() < 0.125 else 1
        records, taken = [], set()
        for _ in range(min(size, a.n - made)):
            kind = r.choices(("schedule", "package", "script"), (94, 4, 2))[0]
            server = "SERVER%d" % r.randrange(a.servers)
            name = "%s_%05d" % (kind.upper(), int(a.schedules * r.random() ** 2))
            key = (kind, server, name)
            if key in taken:
                continue
            taken.add(key)
            action = "deploy" if key not in standing or kind != "schedule" else r.choices(
                ("deploy", "rollback", "delete"), (95, 3, 2))[0]
            record = Record(r, made, kind, action, server, name, seconds)
            record.previous = standing.get(key)
            records.append(record)
            made += 1
        message, changes = together([begin(record) for record in records])
        writer.commit("deployments", records[0].person, seconds, message, changes)
        seconds += r.randrange(1, 60)
        message, changes = together([end(r, record, standing, seconds) for record in records])
        writer.commit("deployments", records[0].person, seconds, message, changes)
        seconds += r.randrange(1, 600)
    git.stdin.write(b"done\n")
    git.stdin.close()
    if git.wait():
        sys.exit("git fast-import failed")
    print("records=%d commits=%d standing=%d" % (made, writer.number, len(standing)), file=sys.stderr)


if __name__ == "__main__":
    main()
