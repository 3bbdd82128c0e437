//! What leaves the lists and what stays, over a repository with records.

use std::num::NonZeroUsize;

use git2::Oid;

use super::{ArchiveError, ArchivePlan, Leaving, plan, plan_one};
use crate::repository::change::Destination;
use crate::repository::history::History;
use crate::repository::layout::Kind;
use crate::repository::package::{Action, CommitOptions, change};
use crate::repository::records::log::RecordLog;
use crate::repository::records::log::testing::record;
use crate::repository::records::testing::{person, time};
use crate::repository::records::{Phase, Record, RecordId, Records, Source};
use crate::repository::testing::Sandbox;

/// Seven versions of Payroll.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    (1..=7).for_each(|version| drop(sandbox.commit_schedule("Payroll", &format!("0{version}:00"))));
    sandbox
}

fn with<T>(sandbox: &Sandbox, act: impl FnOnce(&History, &Records<'_>, &RecordLog) -> T) -> T {
    let repository = sandbox.repository();
    let history = History::load(&repository).unwrap();
    let records = Records::open(&repository).unwrap();
    let log = RecordLog::load(&repository, records.tip()).unwrap();
    act(&history, &records, &log)
}

fn planned(sandbox: &Sandbox, retain: usize) -> ArchivePlan {
    let retain = NonZeroUsize::new(retain).unwrap();
    let repository = sandbox.repository();
    with(sandbox, |history, records, log| plan(&repository, history, records, log, retain).unwrap())
}

fn labels(plan: &ArchivePlan) -> Vec<String> {
    plan.leaving.iter().map(|one| format!("{}@{}", one.name, one.version)).collect()
}

fn kept(plan: &ArchivePlan) -> Vec<String> {
    plan.kept
        .iter()
        .map(|kept| format!("{}@{} {}", kept.version.name, kept.version.version, kept.by))
        .collect()
}

fn archive(sandbox: &Sandbox, plan: &ArchivePlan) {
    sandbox.tell(900, plan.entry(&person("Ann"), time()));
}

/// The blob of a version of a schedule.
fn blob(sandbox: &Sandbox, version: usize) -> Oid {
    let repository = sandbox.repository();
    let versions = History::load(&repository).unwrap().versions(Kind::Schedule, "Payroll");
    versions[version - 1].blob.unwrap()
}

/// A record of a version's deployment.
fn of_version(sandbox: &Sandbox, number: u8, server: &str, version: usize) -> Record {
    let blob = blob(sandbox, version).to_string();
    let source = Source { version: Some(version), commit: None, blob: Some(blob) };
    Record { source, ..record(number, server, "Payroll", version) }
}

fn one(sandbox: &Sandbox, version: usize) -> Result<ArchivePlan, ArchiveError> {
    let repository = sandbox.repository();
    let found = History::load(&repository).unwrap().versions(Kind::Schedule, "Payroll")[version - 1].clone();
    let leaving = Leaving {
        kind: Kind::Schedule,
        name: "Payroll".to_owned(),
        version,
        commit: found.commit,
        blob: found.blob.unwrap(),
    };
    with(sandbox, |history, records, log| plan_one(&repository, history, records, log, leaving))
}

#[test]
fn the_newest_are_retained_and_the_rest_leaves_once() {
    let sandbox = sandbox();
    let plan = planned(&sandbox, 5);
    assert_eq!(labels(&plan), ["Payroll@1", "Payroll@2"]);
    archive(&sandbox, &plan);
    assert!(planned(&sandbox, 5).leaving.is_empty());
    // What is archived does not count any more.
    assert_eq!(labels(&planned(&sandbox, 4)), ["Payroll@3"]);
    let repository = sandbox.repository();
    let archived = Records::open(&repository).unwrap().archived(Kind::Schedule, "Payroll").unwrap();
    assert_eq!(archived.versions.len(), 2);
    assert_eq!(
        (archived.versions[1].version, archived.versions[1].by.as_str()),
        (2, "Ann <ann@example.org>")
    );
    assert_eq!(archived.versions[1].blob, blob(&sandbox, 2).to_string());
    archive(&sandbox, &planned(&sandbox, 4));
    let archived = Records::open(&repository).unwrap().archived(Kind::Schedule, "Payroll").unwrap();
    assert_eq!(archived.versions.iter().map(|one| one.version).collect::<Vec<_>>(), [1, 2, 3]);
}

#[test]
fn what_stands_somewhere_or_is_under_way_stays() {
    let sandbox = sandbox();
    let first = of_version(&sandbox, 1, "QA", 1);
    sandbox.deployed(10, &first, None);
    let old = of_version(&sandbox, 2, "PROD", 2);
    let old = sandbox.deployed(20, &old, None);
    let new = of_version(&sandbox, 3, "PROD", 3);
    sandbox.deployed(30, &new, Some(&old));
    let mut scheduled = of_version(&sandbox, 4, "TEST", 4);
    scheduled.phase = Phase::Scheduled;
    sandbox.begin(40, &scheduled, None);
    let plan = planned(&sandbox, 2);
    assert_eq!(labels(&plan), ["Payroll@2", "Payroll@5"]);
    assert_eq!(
        kept(&plan),
        ["Payroll@1 stands on `QA`", "Payroll@3 stands on `PROD`", "Payroll@4 is on its way to `TEST`"]
    );
    // The record of what left leaves with it, and no other.
    assert_eq!(plan.records, [old.id]);
    archive(&sandbox, &plan);
    let shown: Vec<(RecordId, bool)> =
        with(&sandbox, |_, _, log| log.rows().map(|row| (row.id(), row.is_archived())).collect());
    let expected = [(first.id, false), (old.id, true), (new.id, false), (scheduled.id, false)];
    assert_eq!(shown, expected);
    // The log tells of it as of something that was done.
    let told =
        with(&sandbox, |_, _, log| log.events().last().map(|event| event.change.subject.to_owned()).unwrap());
    assert_eq!(told, "Archived: 2 versions, 1 record");
}

#[test]
fn what_a_listed_package_pins_stays() {
    let sandbox = sandbox();
    let repository = sandbox.repository();
    let commit = |action: &Action| {
        let options = CommitOptions { destination: Destination::Head, message: None, push: false };
        change(&repository, "FIN", action, &options, &|| {}).unwrap();
    };
    let schedules = vec!["Payroll@1".to_owned()];
    commit(&Action::Create { description: String::new(), rules: Vec::new(), schedules });
    for version in [2, 3] {
        let schedules = vec![format!("Payroll@{version}")];
        commit(&Action::Add { schedules, rules: Vec::new() });
    }
    let plan = planned(&sandbox, 2);
    assert_eq!(labels(&plan), ["FIN@1", "Payroll@1", "Payroll@4", "Payroll@5"]);
    assert_eq!(
        kept(&plan),
        ["Payroll@2 is pinned by package `FIN@2`", "Payroll@3 is pinned by package `FIN@3`"]
    );
}

#[test]
fn a_rule_that_is_named_with_its_version_stays() {
    let sandbox = Sandbox::new();
    for version in 1..=4 {
        sandbox.write("rules/to-qa.rhai", format!("// {version}\n"));
        sandbox.commit("A rule");
    }
    let server = "type = \"Test\"\naddress = \"qa\"\ncredential = \"qa\"\nrules = [\"to-qa@2\"]\n";
    sandbox.write("servers/QA.toml", server);
    sandbox.commit("A server");
    let plan = planned(&sandbox, 1);
    assert_eq!(labels(&plan), ["to-qa@1", "to-qa@3"]);
    assert_eq!(kept(&plan), ["to-qa@2 is named by server `QA`"]);
}

#[test]
fn one_version_leaves_by_hand_unless_it_is_in_use() {
    let sandbox = sandbox();
    let standing = of_version(&sandbox, 1, "PROD", 3);
    sandbox.deployed(10, &standing, None);
    assert_eq!(
        one(&sandbox, 3).unwrap_err().to_string(),
        "version 3 of schedule `Payroll` stands on `PROD`: it is not archived"
    );
    let plan = one(&sandbox, 7).unwrap();
    assert_eq!(labels(&plan), ["Payroll@7"]);
    archive(&sandbox, &plan);
    let again = one(&sandbox, 7).unwrap_err().to_string();
    assert_eq!(again, "version 7 of schedule `Payroll` is archived already");
}
