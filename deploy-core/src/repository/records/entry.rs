//! One change of the records that belongs together, and what it rests on.
//!
//! One constructor for each thing that can happen: which files that means is
//! known here and nowhere else.

use git2::Oid;

use super::archived::ArchivedFile;
use super::{Archived, ArchivedVersion, Block, Kind, Person, Pin, Place, Record, RecordId, Standing, Status};
use crate::repository::layout;
use crate::repository::pack::blob_id;

/// What must be at a path for an entry to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Nothing.
    Absent,
    /// This very file.
    Blob(Oid),
    /// The record of this name, in whatever state.
    Record(RecordId),
}

/// One change of the branch that belongs together: whole or not at all.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Entry {
    /// What it is, in one line.
    pub subject: String,
    /// Files and their new content, in order; without content whatever is at the path goes.
    pub edits: Vec<(String, Option<Vec<u8>>)>,
    /// What it rests on; checked before any of its edits is made.
    pub expects: Vec<(String, Expected)>,
    /// A block for each record it changes.
    pub blocks: Vec<Block>,
}

impl Entry {
    /// An operation begins: what it will send and what stands there is kept.
    /// It rests on the active record being as it was seen.
    pub fn begin(
        record: &Record,
        planned: Option<&[u8]>,
        rollback: Option<&[u8]>,
        standing: Option<&Standing>,
    ) -> Self {
        let open = Place::Open(record.id);
        let mut entry = Self::of(record, verb(record, "Begin"));
        entry.put(open.file(RECORD), toml(record));
        if let Some(planned) = planned {
            entry.put(open.file("planned.json"), planned.to_vec());
        }
        if let Some(rollback) = rollback {
            entry.put(open.file("rollback.json"), rollback.to_vec());
        }
        entry.expect(open.file(RECORD), Expected::Absent);
        if record.kind == Kind::Schedule {
            let seen = standing.map_or(Expected::Absent, |standing| Expected::Blob(standing.entry));
            entry.expect(active(record).file(RECORD), seen);
        }
        entry
    }

    /// An operation waits for its time.
    pub fn schedule(record: &Record) -> Self {
        let path = Place::Open(record.id).file(RECORD);
        let mut entry = Self::of(record, format!("{}: {}", phase(record), told(record)));
        entry.put(path.clone(), toml(record));
        entry.expect(path, Expected::Absent);
        entry
    }

    /// The time of an operation has come: as `begin`, for a record that is there. Like all that
    /// follows with `seen`, it rests on the record being just as it was seen.
    pub fn take_up(
        record: &Record,
        planned: Option<&[u8]>,
        rollback: Option<&[u8]>,
        standing: Option<&Standing>,
        seen: Oid,
    ) -> Self {
        Self::begin(record, planned, rollback, standing).seen(record, seen)
    }

    /// This very record is expected, and no later state of it.
    pub fn seen(mut self, record: &Record, seen: Oid) -> Self {
        let path = Place::Open(record.id).file(RECORD);
        self.expects.retain(|(other, _)| *other != path);
        self.expect(path, Expected::Blob(seen));
        self
    }

    /// The blob that the file of a record under way is.
    pub fn blob_of(record: &Record) -> Oid {
        blob_id(&toml(record))
    }

    /// An operation has come further, or is scheduled anew.
    pub fn progress(record: &Record) -> Self {
        let path = Place::Open(record.id).file(RECORD);
        let mut entry = Self::of(record, format!("{}: {}", phase(record), told(record)));
        entry.put(path.clone(), toml(record));
        entry.expect(path, Expected::Record(record.id));
        entry
    }

    /// A schedule stands on its target; the record before it becomes inactive, or what
    /// is said of it there.
    pub fn activate(record: &Record, deployed: &[u8], previous: Option<&Record>) -> Self {
        let mut entry = Self::of(record, verb(record, "Done"));
        entry.close(record);
        entry.stand(record, deployed, previous);
        entry.replaced(previous);
        entry
    }

    /// A schedule is on its target no more.
    pub fn removed(record: &Record, previous: Option<&Record>) -> Self {
        let mut entry = Self::of(record, verb(record, "Done"));
        entry.close(record);
        let path = active(record).file(RECORD);
        entry.expect(path, previous.map_or(Expected::Absent, |previous| Expected::Record(previous.id)));
        entry.remove(active(record).path());
        entry.replaced(previous);
        entry
    }

    /// An operation failed or was cancelled; what stood there stands there.
    pub fn ended(record: &Record) -> Self {
        let mut entry = Self::of(record, format!("{:?}: {}", record.status, told(record)));
        entry.close(record);
        entry
    }

    /// A package stands on its target.
    pub fn package(record: &Record) -> Self {
        let mut entry = Self::of(record, verb(record, "Done"));
        entry.remove(Place::Open(record.id).path());
        entry.put(Place::Package(&record.server, &record.name).path(), toml(record));
        entry
    }

    /// A package is on its target no more.
    pub fn package_removed(record: &Record) -> Self {
        let mut entry = Self::of(record, verb(record, "Done"));
        entry.remove(Place::Open(record.id).path());
        entry.remove(Place::Package(&record.server, &record.name).path());
        entry
    }

    /// A script was sent.
    pub fn script(record: &Record) -> Self {
        let mut entry = Self::of(record, verb(record, "Done"));
        entry.remove(Place::Open(record.id).path());
        entry.put(Place::Script(&record.server, &record.name).path(), toml(record));
        entry
    }

    /// Content was rolled away from.
    pub fn pin(server: &str, schedule: &str, pin: &Pin) -> Self {
        let mut entry = Self::of_pin(server, schedule, pin, "Pinned", &pin.user);
        entry.put(Place::Pin(server, schedule).path(), toml(pin));
        entry
    }

    /// Content that was rolled away from may come again.
    pub fn unpin(server: &str, schedule: &str, pin: &Pin, who: &Person) -> Self {
        let mut entry = Self::of_pin(server, schedule, pin, "Unpinned", who);
        let path = Place::Pin(server, schedule).path();
        entry.remove(path);
        entry
    }

    /// A schedule stood there before there were records.
    pub fn adopt(record: &Record, deployed: &[u8]) -> Self {
        let mut entry = Self::of(record, verb(record, "Done"));
        entry.stand(record, deployed, None);
        entry
    }

    /// Versions of a schedule, package or rule leave the lists, besides those that had.
    pub fn archive(kind: layout::Kind, name: &str, archived: &Archived, more: &[ArchivedVersion]) -> Self {
        let path = Place::Archived(kind, name).path();
        let versions = archived.versions.iter().chain(more).cloned().collect();
        let mut entry = Self::default();
        entry.put(path.clone(), toml(&ArchivedFile { versions }));
        entry.expect(path, archived.entry.map_or(Expected::Absent, Expected::Blob));
        entry
    }

    /// A record leaves the lists with the version it is about.
    pub fn archive_record(record: RecordId, who: &Person) -> Self {
        let fields = vec![("Archived".to_owned(), who.to_string())];
        Self { blocks: vec![Block { id: record, fields }], ..Self::default() }
    }

    /// Both, or neither.
    pub fn and(mut self, other: Entry) -> Self {
        if self.subject.is_empty() {
            self.subject = other.subject;
        }
        self.edits.extend(other.edits);
        self.expects.extend(other.expects);
        self.blocks.extend(other.blocks);
        self
    }

    fn of(record: &Record, subject: String) -> Self {
        Self { subject, blocks: vec![Block::of(record)], ..Self::default() }
    }

    fn of_pin(server: &str, schedule: &str, pin: &Pin, word: &str, who: &Person) -> Self {
        let fields = [("Server", server), ("Name", schedule), (word, &pin.blob), ("By", &who.to_string())];
        let fields = fields.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
        let blocks = vec![Block { id: pin.record, fields }];
        Self { subject: format!("{word}: `{schedule}` on `{server}`"), blocks, ..Self::default() }
    }

    fn put(&mut self, path: String, content: Vec<u8>) {
        self.edits.push((path, Some(content)));
    }

    fn remove(&mut self, path: String) {
        self.edits.push((path, None));
    }

    fn expect(&mut self, path: String, expected: Expected) {
        self.expects.push((path, expected));
    }

    /// The operation is no longer under way.
    fn close(&mut self, record: &Record) {
        let open = Place::Open(record.id);
        self.expect(open.file(RECORD), Expected::Record(record.id));
        self.remove(open.path());
    }

    /// The record is the one that is active.
    fn stand(&mut self, record: &Record, deployed: &[u8], previous: Option<&Record>) {
        let active = active(record);
        let before = previous.map_or(Expected::Absent, |previous| Expected::Record(previous.id));
        self.expect(active.file(RECORD), before);
        self.put(active.file(RECORD), toml(record));
        self.put(active.file("deployed.json"), deployed.to_vec());
    }

    /// The record that was active until now.
    fn replaced(&mut self, previous: Option<&Record>) {
        if let Some(previous) = previous {
            let mut previous = previous.clone();
            if previous.status == Status::Active {
                previous.status = Status::Inactive;
            }
            self.blocks.push(Block::status(&previous));
        }
    }
}

const RECORD: &str = "record.toml";

fn active(record: &Record) -> Place<'_> {
    Place::Active(&record.server, &record.name)
}

fn toml(value: &impl serde::Serialize) -> Vec<u8> {
    toml::to_string(value).unwrap_or_default().into_bytes()
}

fn told(record: &Record) -> String {
    format!("{:?} `{}` on `{}`", record.action, record.name, record.server)
}

fn verb(record: &Record, word: &str) -> String {
    format!("{word}: {}", told(record))
}

fn phase(record: &Record) -> String {
    format!("{:?}", record.phase)
}
