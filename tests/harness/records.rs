//! A records branch written by hand: what the ledger would write, at any time.

use std::path::Path;

use deploy_core::repository::records::{
    Action, Entry, Kind, PackageRef, Person, Phase, Pin, Record, RecordId, RuleRef, Source, Status, Told,
};
use git2::build::TreeUpdateBuilder;
use git2::{FileMode, Repository, Signature, Time};

use super::{START, World, definition, starting};

/// A record of a deployment that begins.
pub fn record(number: u16, server: &str, name: &str, version: usize) -> Record {
    Record {
        id: record_id(number),
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
            role: Some("Administration".into()),
        },
        runner: None,
        begun: time(0),
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
        told: Told::default(),
        package: None,
        members: Vec::new(),
        rules: Vec::new(),
        scheduled: None,
        report: None,
    }
}

/// A name by number, later for higher numbers.
pub fn record_id(number: u16) -> RecordId {
    format!("0198d3a0-{number:04x}-7abc-8def-0123456789ab").parse().unwrap()
}

fn rule(name: &str, level: &str, version: usize) -> RuleRef {
    RuleRef { name: name.into(), level: level.into(), version: Some(version), blob: "b".repeat(40) }
}

fn time(seconds: i64) -> chrono::DateTime<chrono::FixedOffset> {
    chrono::DateTime::from_timestamp(START as i64 + seconds, 0).unwrap().fixed_offset()
}

impl World {
    /// Payroll in three versions and what became of them on PROD; a package on QA.
    pub fn with_records() -> Self {
        let world = Self::with_central();
        for time in ["01:00", "02:00", "03:00"] {
            world
                .import("central", &starting("Payroll", time), &["--message", &format!("Starts at {time}")])
                .ok();
        }
        world.import("central", &starting("Billing", "05:00"), &["--app", "Finance"]).ok();

        let mut adopted = record(1, "PROD", "Payroll", 1);
        (adopted.action, adopted.status, adopted.phase) = (Action::Adopt, Status::Active, Phase::Done);
        world.tell("central", 10_000, Entry::adopt(&adopted, starting("Payroll", "01:00").as_bytes()));

        let mut second = record(2, "PROD", "Payroll", 2);
        second.previous = Some(adopted.id);
        second.rules = vec![rule("machines", "server", 3), rule("rules/tags.toml", "import", 1)];
        second.told.tag = Some("REL-7".into());
        second.told.description = "Two o'clock,\nas agreed".into();
        second.told.accepted = vec!["drift".into()];
        let before = starting("Payroll", "01:00");
        world.begin(20_000, &mut second, &starting("Payroll", "02:00"), Some(&before));
        let second = world.activate(20_060, &second, &starting("Payroll", "02:00"), Some(&adopted));

        let mut package = record(3, "QA", "FINANCE", 4);
        package.kind = Kind::Package;
        package.members = vec![record_id(4)];
        let mut member = record(4, "QA", "Billing_QA", 1);
        member.original_name = Some("Billing".into());
        member.package = Some(PackageRef { name: "FINANCE".into(), version: Some(4), record: package.id });
        package.begun = member.begun;
        world.tell("central", 29_990, Entry::begin(&package, None, None, None));
        world.begin(30_000, &mut member, &definition("Billing_QA", &["LOAD"]), None);
        world.activate(30_010, &member, &definition("Billing_QA", &["LOAD"]), None);
        (package.status, package.phase) = (Status::Active, Phase::Done);
        world.tell("central", 30_020, Entry::package(&package));

        let mut third = record(5, "PROD", "Payroll", 3);
        third.user.name = "Bob".into();
        third.user.email = "bob@corp.example".into();
        world.begin(40_000, &mut third, &starting("Payroll", "03:00"), Some(&starting("Payroll", "02:00")));
        (third.status, third.phase) = (Status::Failed, Phase::Done);
        third.reason = Some("the system answered 500".into());
        world.tell("central", 40_030, Entry::ended(&third));

        let mut open = record(6, "PROD", "Payroll", 3);
        world.begin(50_000, &mut open, &starting("Payroll", "03:00"), Some(&starting("Payroll", "02:00")));
        let pin = Pin {
            blob: "c".repeat(40),
            version: Some(3),
            record: second.id,
            user: second.user.clone(),
            since: second.begun,
        };
        world.tell("central", 50_010, Entry::pin("PROD", "Payroll", &pin));
        world
    }

    /// A commit on the records branch of a clone, so many seconds after the beginning of time.
    pub fn tell(&self, folder: &str, seconds: i64, entry: Entry) {
        let git = Repository::open(self.path(folder)).unwrap();
        let tip = git.find_reference("refs/heads/deployments").ok().map(|tip| tip.peel_to_commit().unwrap());
        let tree = match &tip {
            Some(tip) => tip.tree().unwrap(),
            None => git.find_tree(git.treebuilder(None).unwrap().write().unwrap()).unwrap(),
        };
        let mut update = TreeUpdateBuilder::new();
        for (path, bytes) in entry.edits {
            match bytes {
                Some(bytes) => {
                    update.upsert(path, git.blob(&bytes).unwrap(), FileMode::Blob);
                }
                None if tree.get_path(Path::new(&path)).is_ok() => {
                    update.remove(path);
                }
                None => {}
            }
        }
        let tree = git.find_tree(update.create_updated(&git, &tree).unwrap()).unwrap();
        let time = Time::new(START as i64 + seconds, 0);
        let who = Signature::new("Ann Ops", "ann@corp.example", &time).unwrap();
        let mut message = format!("{}\n\n", entry.subject);
        entry.blocks.iter().for_each(|block| block.write_to(&mut message));
        let parents: Vec<_> = tip.iter().collect();
        git.commit(Some("refs/heads/deployments"), &who, &who, &message, &tree, &parents).unwrap();
    }

    /// An operation begins; what is planned and what stands there are definitions.
    pub fn begin(&self, seconds: i64, record: &mut Record, planned: &str, rollback: Option<&str>) {
        record.begun = time(seconds);
        let rollback = rollback.map(str::as_bytes);
        self.tell("central", seconds, Entry::begin(record, Some(planned.as_bytes()), rollback, None));
    }

    /// It ends: the record as it is then.
    pub fn activate(
        &self,
        seconds: i64,
        record: &Record,
        deployed: &str,
        previous: Option<&Record>,
    ) -> Record {
        let done = Record {
            status: Status::Active,
            phase: Phase::Done,
            ended: Some(time(seconds)),
            ..record.clone()
        };
        self.tell("central", seconds, Entry::activate(&done, deployed.as_bytes(), previous));
        done
    }
}
