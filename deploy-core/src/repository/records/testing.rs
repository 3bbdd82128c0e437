//! A records branch made by hand, as the ledger would make it.

use chrono::DateTime;
use git2::{FileMode, Oid, Signature, Time, build::TreeUpdateBuilder};

use super::{Action, Block, Kind, Person, Phase, Place, Record, RecordId, RuleRef, Source, Status, Told};
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

/// What a commit changes: a path, and its new text if any.
pub(crate) type Edits = Vec<(String, Option<String>)>;

impl Sandbox {
    /// A commit on the records branch, so many seconds after the beginning.
    pub(crate) fn tell(&self, seconds: i64, blocks: &[Block], edits: Edits) -> Oid {
        let mut message = "Subject\n\n".to_owned();
        blocks.iter().for_each(|block| block.write_to(&mut message));
        self.tell_so(seconds, &message, edits)
    }

    /// The same with another message.
    pub(crate) fn tell_so(&self, seconds: i64, message: &str, edits: Edits) -> Oid {
        let repository = self.repository();
        let git = repository.git2();
        let tip = repository.ref_commit(BRANCH).unwrap().map(|tip| git.find_commit(tip).unwrap());
        let tree = match &tip {
            Some(tip) => tip.tree().unwrap(),
            None => git.find_tree(git.treebuilder(None).unwrap().write().unwrap()).unwrap(),
        };
        let mut update = TreeUpdateBuilder::new();
        for (path, text) in edits {
            match text {
                Some(text) => {
                    update.upsert(path, git.blob(text.as_bytes()).unwrap(), FileMode::Blob);
                }
                None => {
                    update.remove(path);
                }
            }
        }
        let tree = git.find_tree(update.create_updated(git, &tree).unwrap()).unwrap();
        let who = Signature::new("Ann Ops", "ann@corp.example", &Time::new(START + seconds, 0)).unwrap();
        let parents: Vec<_> = tip.iter().collect();
        git.commit(Some(BRANCH), &who, &who, message, &tree, &parents).unwrap()
    }

    /// An operation begins: with what is planned, and with what stands there.
    pub(crate) fn begin(&self, seconds: i64, record: &Record, rollback: Option<&str>) -> Oid {
        let place = Place::Open(record.id);
        let mut edits = vec![
            (place.file("record.toml"), Some(toml::to_string(record).unwrap())),
            (place.file("planned.json"), Some(definition(&record.name, "planned"))),
        ];
        edits
            .extend(rollback.map(|text| (place.file("rollback.json"), Some(definition(&record.name, text)))));
        self.tell(seconds, &[Block::of(record)], edits)
    }

    /// It ends well: the record, done and active; the one before is no longer.
    pub(crate) fn activate(&self, seconds: i64, record: &Record, previous: Option<&Record>) -> Record {
        let mut done = record.clone();
        (done.status, done.phase) = (Status::Active, Phase::Done);
        done.ended = DateTime::from_timestamp(START + seconds, 0).map(|time| time.fixed_offset());
        let mut blocks = vec![Block::of(&done)];
        blocks.extend(previous.map(|previous| {
            let status = match done.action {
                Action::Rollback => Status::Rolledback,
                _ => Status::Inactive,
            };
            Block::status(&Record { status, ..previous.clone() })
        }));
        let place = Place::Active(&done.server, &done.name);
        let mut edits = closed(&done);
        edits.push((place.file("record.toml"), Some(toml::to_string(&done).unwrap())));
        edits.push((place.file("deployed.json"), Some(definition(&done.name, "deployed"))));
        self.tell(seconds, &blocks, edits);
        done
    }

    /// It fails: nothing stands there that did not before.
    pub(crate) fn fail(&self, seconds: i64, record: &Record, reason: &str) -> Record {
        let mut failed = record.clone();
        (failed.status, failed.phase) = (Status::Failed, Phase::Done);
        failed.reason = Some(reason.to_owned());
        self.tell(seconds, &[Block::of(&failed)], closed(record));
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

/// What is open of a record is taken away.
fn closed(record: &Record) -> Edits {
    let files = ["record.toml", "planned.json", "rollback.json"];
    let open = Place::Open(record.id);
    // Only what is there can be removed.
    files
        .iter()
        .take(2 + usize::from(record.previous.is_some()))
        .map(|name| (open.file(name), None))
        .collect()
}
