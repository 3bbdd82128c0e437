//! A records branch made by hand, as the ledger would make it.

use chrono::DateTime;
use git2::{FileMode, Oid, Signature, Time, build::TreeUpdateBuilder};

use super::super::{Action, Entry, Kind, Person, Phase, Record, RecordId, RuleRef, Source, Status, Told};
use crate::repository::testing::Sandbox;

pub(crate) const BRANCH: &str = "refs/heads/deployments";
pub(crate) const START: i64 = 1_780_000_000;

/// A record of a deployment that begins.
pub(crate) fn record(number: u8, server: &str, name: &str, version: usize) -> Record {
    Record {
        id: id(number),
        kind: Kind::Schedule,
        action: Action::Deploy,
        name: name.to_owned(),
        original_name: None,
        server: server.to_owned(),
        status: Status::Deploying,
        phase: Phase::Begun,
        user: Person {
            name: "Ann Ops".into(),
            email: "ann@corp.example".into(),
            opcon_user: None,
            role: Some("All".into()),
        },
        runner: None,
        begun: DateTime::from_timestamp(START, 0).unwrap().fixed_offset(),
        ended: None,
        reason: None,
        offline: false,
        transaction: None,
        previous: None,
        undoes: None,
        settings: None,
        source: Source { version: Some(version), commit: None, blob: Some(format!("{version:040x}")) },
        planned: None,
        found: None,
        deployed: None,
        told: Told { description: format!("to {version}"), ..Told::default() },
        scheduled: None,
        report: None,
        package: None,
        members: Vec::new(),
        rules: Vec::new(),
    }
}

/// A name by number, later for higher numbers.
pub(crate) fn id(number: u8) -> RecordId {
    format!("0198d3a0-{number:04x}-7abc-8def-0123456789ab").parse().unwrap()
}

pub(crate) fn rule(name: &str, level: &str) -> RuleRef {
    RuleRef { name: name.into(), level: level.into(), version: Some(2), blob: "b".repeat(40) }
}

impl Sandbox {
    /// A commit on the records branch, so many seconds after the beginning.
    pub(crate) fn tell(&self, seconds: i64, entry: Entry) -> Oid {
        let mut message = format!("{}\n\n", entry.subject);
        entry.blocks.iter().for_each(|block| block.write_to(&mut message));
        self.tell_so(seconds, &message, entry.edits)
    }

    /// The same with any message.
    pub(crate) fn tell_so(&self, seconds: i64, message: &str, edits: Vec<(String, Option<Vec<u8>>)>) -> Oid {
        self.tell_by(("Ann Ops", "ann@corp.example"), seconds, message, edits)
    }

    /// The same by anybody.
    pub(crate) fn tell_by(
        &self,
        (name, email): (&str, &str),
        seconds: i64,
        message: &str,
        edits: Vec<(String, Option<Vec<u8>>)>,
    ) -> Oid {
        let repository = self.repository();
        let git = repository.git2();
        let tip = repository.ref_commit(BRANCH).unwrap().map(|tip| git.find_commit(tip).unwrap());
        let tree = match &tip {
            Some(tip) => tip.tree().unwrap(),
            None => git.find_tree(git.treebuilder(None).unwrap().write().unwrap()).unwrap(),
        };
        let mut update = TreeUpdateBuilder::new();
        for (path, bytes) in edits {
            match bytes {
                Some(bytes) => {
                    update.upsert(path, git.blob(&bytes).unwrap(), FileMode::Blob);
                }
                None => {
                    update.remove(path);
                }
            }
        }
        let tree = git.find_tree(update.create_updated(git, &tree).unwrap()).unwrap();
        let who = Signature::new(name, email, &Time::new(START + seconds, 0)).unwrap();
        let parents: Vec<_> = tip.iter().collect();
        git.commit(Some(BRANCH), &who, &who, message, &tree, &parents).unwrap()
    }

    /// An operation begins: with what is planned, and with what stands there.
    pub(crate) fn begin(&self, seconds: i64, record: &Record, rollback: Option<&str>) -> Oid {
        let planned = definition(&record.name, "planned");
        let rollback = rollback.map(|text| definition(&record.name, text));
        let rollback = rollback.as_ref().map(|text| text.as_bytes());
        self.tell(seconds, Entry::begin(record, Some(planned.as_bytes()), rollback, None))
    }

    /// It ends well: the record, done and active; the one before is no longer.
    pub(crate) fn activate(&self, seconds: i64, record: &Record, previous: Option<&Record>) -> Record {
        let mut done = record.clone();
        (done.status, done.phase) = (Status::Active, Phase::Done);
        done.ended = DateTime::from_timestamp(START + seconds, 0).map(|time| time.fixed_offset());
        let deployed = definition(&done.name, "deployed");
        self.tell(seconds, Entry::activate(&done, deployed.as_bytes(), previous));
        done
    }

    /// It fails: nothing stands there that did not before.
    pub(crate) fn fail(&self, seconds: i64, record: &Record, reason: &str) -> Record {
        let mut failed = record.clone();
        (failed.status, failed.phase) = (Status::Failed, Phase::Done);
        failed.reason = Some(reason.to_owned());
        self.tell(seconds, Entry::ended(&failed));
        failed
    }

    /// A deployment from its beginning to its end.
    pub(crate) fn deployed(&self, seconds: i64, record: &Record, previous: Option<&Record>) -> Record {
        self.begin(seconds, record, previous.map(|_| "before"));
        self.activate(seconds + 30, record, previous)
    }
}

/// A definition that says what it is.
pub(crate) fn definition(name: &str, documentation: &str) -> String {
    let value = serde_json::json!({
        "scheduleList": [{ "name": name, "documentation": documentation, "jobList": [] }],
    });
    format!("{value}\n")
}
