//! Ledgers on real repositories: alone here, with a remote and a colleague's clone beside.

mod offline;
mod remote;

use std::collections::BTreeSet;

use git2::Oid;

use super::{Ledger, LedgerError};
use crate::repository::Repository;
use crate::repository::records::testing::{deployment, ended, person, pin};
use crate::repository::records::{
    Entry, Kind, Reach, Record, RecordId, Records, RecordsError, Status, parse_blocks,
};
use crate::repository::testing::Sandbox;
/// A deployment from its beginning to its end.
async fn deploy(ledger: &Ledger, repository: &Repository, server: &str, name: &str) -> Record {
    let standing = ledger.records(repository).active_of(server, name).unwrap();
    let previous = standing.as_ref().map(|standing| standing.record.clone());
    let record = deployment(server, name);
    ledger.write(Entry::begin(&record, Some(b"planned"), None, standing.as_ref())).await.unwrap();
    let record = ended(&record, Status::Active);
    ledger.write(Entry::activate(&record, name.as_bytes(), previous.as_ref())).await.unwrap();
    record
}

fn active(records: &Records<'_>, server: &str) -> Vec<RecordId> {
    records.active(server).unwrap().iter().map(|standing| standing.record.id).collect()
}

/// Every commit is a line of one parent, and its blocks name every record whose files it changes.
fn assert_told(repository: &Repository, tip: Oid) -> usize {
    let git = repository.git2();
    let mut walk = git.revwalk().unwrap();
    walk.push(tip).unwrap();
    let mut commits = 0;
    for id in walk {
        let commit = git.find_commit(id.unwrap()).unwrap();
        commits += 1;
        assert!(commit.parent_count() <= 1);
        let told: BTreeSet<RecordId> =
            parse_blocks(commit.message().unwrap()).iter().map(|block| block.id).collect();
        let before = commit.parents().next().map(|parent| parent.tree().unwrap());
        let diff = git.diff_tree_to_tree(before.as_ref(), Some(&commit.tree().unwrap()), None).unwrap();
        let mut touched = BTreeSet::new();
        for delta in diff.deltas() {
            for file in [delta.old_file(), delta.new_file()] {
                let path = file.path().unwrap().display().to_string();
                if file.id().is_zero() || path.ends_with(".json") {
                    continue;
                }
                let text = String::from_utf8(git.find_blob(file.id()).unwrap().content().to_vec()).unwrap();
                let value: toml::Value = toml::from_str(&text).unwrap();
                let key = if path.starts_with("pins/") { "record" } else { "id" };
                touched.insert(value[key].as_str().unwrap().parse().unwrap());
            }
        }
        assert_eq!(touched, told, "{}", commit.message().unwrap());
        assert!(!touched.is_empty());
    }
    commits
}

fn tip(repository: &Repository) -> Oid {
    Records::open(repository).unwrap().tip().unwrap()
}

#[tokio::test]
async fn a_deployment_is_a_begin_and_an_end() {
    let sandbox = Sandbox::new();
    let repository = sandbox.repository();
    let empty = Records::open(&repository).unwrap();
    assert_eq!((empty.tip(), empty.servers().unwrap()), (None, Vec::<String>::new()));
    assert_eq!(empty.who_moved("active").unwrap(), None);
    let ledger = Ledger::start(&repository, Reach::of(&repository, false)).unwrap();
    let first = deployment("PROD", "Nightly/Close");
    ledger.write(Entry::begin(&first, Some(b"planned"), Some(b"before"), None)).await.unwrap();
    let records = ledger.records(&repository);
    let open = records.open_operations().unwrap();
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].record, first);
    assert_eq!(records.content(open[0].planned.unwrap()).unwrap(), b"planned");
    assert_eq!(records.content(open[0].rollback.unwrap()).unwrap(), b"before");
    assert_eq!(records.active("PROD").unwrap(), []);

    let first = ended(&first, Status::Active);
    ledger.write(Entry::progress(&first)).await.unwrap();
    ledger.write(Entry::activate(&first, b"deployed", None)).await.unwrap();
    let records = ledger.records(&repository);
    assert_eq!(records.open_operations().unwrap(), []);
    let standing = records.active_of("PROD", "Nightly/Close").unwrap().unwrap();
    assert_eq!(standing.record, first);
    assert_eq!(records.content(standing.deployed.unwrap()).unwrap(), b"deployed");
    assert_eq!(records.servers().unwrap(), ["PROD"]);

    // The next one takes its place, and says so of both.
    let second = deploy(&ledger, &repository, "PROD", "Nightly/Close").await;
    let records = ledger.records(&repository);
    assert_eq!(active(&records, "PROD"), [second.id]);
    let message = repository.git2().find_commit(records.tip().unwrap()).unwrap();
    let blocks = parse_blocks(message.message().unwrap());
    assert_eq!(blocks[0].get("Status"), Some("Active"));
    assert_eq!((blocks[1].id, blocks[1].get("Status")), (first.id, Some("Inactive")));
    let (who, _) = records.who_moved("active/PROD").unwrap().unwrap();
    assert_eq!(who, "Ann");

    let stats = ledger.finish();
    assert_eq!((stats.entries, stats.commits, stats.pushes), (5, 5, 0));
    assert_eq!(assert_told(&repository, tip(&repository)), 5);
    sandbox.git(&["fsck", "--full", "--strict", "--no-dangling"]);
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
}

#[tokio::test]
async fn everything_that_can_happen_has_its_files() {
    let sandbox = Sandbox::new();
    let repository = sandbox.repository();
    let ledger = Ledger::start(&repository, Reach::Local).unwrap();
    let adopted = ended(&deployment("PROD", "Payroll"), Status::Active);
    ledger.write(Entry::adopt(&adopted, b"as it stood")).await.unwrap();

    // A package and its member are one entry.
    let mut package = deployment("PROD", "FINANCE");
    package.kind = Kind::Package;
    let member = deployment("PROD", "Close");
    let both = Entry::begin(&package, None, None, None).and(Entry::begin(&member, Some(b"p"), None, None));
    ledger.write(both).await.unwrap();
    assert_eq!(ledger.records(&repository).open_operations().unwrap().len(), 2);
    let (package, member) = (ended(&package, Status::Active), ended(&member, Status::Active));
    ledger.write(Entry::activate(&member, b"d", None).and(Entry::package(&package))).await.unwrap();
    let records = ledger.records(&repository);
    assert_eq!(records.package("PROD", "FINANCE").unwrap(), Some(package.clone()));
    assert_eq!(records.open_operations().unwrap(), []);

    // A rollback pins, and the undone record is rolled back.
    let undone = ended(&member, Status::Rolledback);
    let rollback = deployment("PROD", "Close");
    let standing = records.active_of("PROD", "Close").unwrap();
    ledger.write(Entry::begin(&rollback, None, Some(b"d"), standing.as_ref())).await.unwrap();
    let done = ended(&rollback, Status::Deleted);
    let entry = Entry::removed(&done, Some(&undone)).and(Entry::pin("PROD", "Close", &pin(&rollback)));
    let written = ledger.write(entry).await.unwrap();
    let records = ledger.records(&repository);
    assert_eq!(records.pin("PROD", "Close").unwrap(), Some(pin(&rollback)));
    assert_eq!(records.active_of("PROD", "Close").unwrap(), None);
    let commit = repository.git2().find_commit(written.commit).unwrap();
    let blocks = parse_blocks(commit.message().unwrap());
    assert_eq!(blocks[1].get("Status"), Some("Rolledback"));
    assert_eq!(blocks[2].get("Pinned"), Some(pin(&rollback).blob.as_str()));
    ledger.write(Entry::unpin("PROD", "Close", &pin(&rollback), &person("Bob"))).await.unwrap();
    assert_eq!(ledger.records(&repository).pin("PROD", "Close").unwrap(), None);

    let mut script = ended(&deployment("PROD", "check.ps1"), Status::Deployed);
    script.kind = Kind::Script;
    ledger.write(Entry::script(&script)).await.unwrap();
    let failing = deployment("PROD", "Payroll");
    let standing = ledger.records(&repository).active_of("PROD", "Payroll").unwrap();
    ledger.write(Entry::begin(&failing, Some(b"x"), None, standing.as_ref())).await.unwrap();
    ledger.write(Entry::ended(&ended(&failing, Status::Failed))).await.unwrap();
    ledger.write(Entry::package_removed(&package)).await.unwrap();
    let records = ledger.records(&repository);
    assert_eq!(records.script("PROD", "check.ps1").unwrap(), Some(script));
    assert_eq!(records.package("PROD", "FINANCE").unwrap(), None);
    assert_eq!(active(&records, "PROD"), [adopted.id]);
    assert_eq!(records.open_operations().unwrap(), []);
    // Git keeps no empty folders, and neither does the ledger.
    let tip = records.tip().unwrap().to_string();
    let files = sandbox.git(&["ls-tree", "-r", "-t", "--name-only", &tip]);
    assert_eq!(
        files.lines().collect::<Vec<_>>(),
        [
            "active",
            "active/PROD",
            "active/PROD/53",
            "active/PROD/53/Payroll",
            "active/PROD/53/Payroll/deployed.json",
            "active/PROD/53/Payroll/record.toml",
            "scripts",
            "scripts/PROD",
            "scripts/PROD/check.ps1.toml",
        ]
    );
    assert_told(&repository, ledger.tip().unwrap());
    drop(ledger);
    sandbox.git(&["fsck", "--full", "--strict", "--no-dangling"]);
}

fn many(server: &str, count: usize) -> Vec<Record> {
    (0..count).map(|n| deployment(server, &format!("S{n}"))).collect()
}

#[tokio::test]
async fn a_local_branch_is_watched_too() {
    let sandbox = Sandbox::new();
    let repository = sandbox.repository();
    let ledger = Ledger::start(&repository, Reach::Local).unwrap();
    deploy(&ledger, &repository, "PROD", "Payroll").await;
    drop(ledger);
    sandbox.git(&["update-ref", "refs/heads/deployments", "deployments~1"]);
    assert!(matches!(Records::open(&repository), Err(RecordsError::Rewritten { .. })));
    sandbox.git(&["update-ref", "-d", "refs/opcon-deploy/seen/heads/deployments"]);
    assert_eq!(Records::open(&repository).unwrap().open_operations().unwrap().len(), 1);
    // Checked out, it would go stale under somebody's feet.
    sandbox.git(&["switch", "--quiet", "deployments"]);
    sandbox.git(&["checkout", "main", "--", "deploy.toml"]);
    let error = Ledger::start(&repository, Reach::Local).unwrap_err();
    assert!(matches!(error, LedgerError::CheckedOut { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_commands_in_one_clone_take_turns() {
    let sandbox = Sandbox::new();
    let tasks = ["PROD", "TEST"].map(|server| {
        let repository = sandbox.repository();
        let ledger = Ledger::start(&repository, Reach::Local).unwrap();
        tokio::spawn(async move {
            for record in many(server, 15) {
                ledger.write(Entry::begin(&record, None, None, None)).await.unwrap();
            }
            ledger.finish()
        })
    });
    for task in tasks {
        assert_eq!(task.await.unwrap().entries, 15);
    }
    let repository = sandbox.repository();
    assert_eq!(Records::open(&repository).unwrap().open_operations().unwrap().len(), 30);
    assert_eq!(assert_told(&repository, tip(&repository)), 30);
}

#[tokio::test]
async fn killed_before_the_branch_moves_nothing_has_happened() {
    let sandbox = Sandbox::new();
    let repository = sandbox.repository();
    let ledger = Ledger::start(&repository, Reach::Local).unwrap();
    deploy(&ledger, &repository, "PROD", "Payroll").await;
    let before = ledger.tip().unwrap();
    // What a process leaves that is killed between its commit and the ref: objects, and a
    // lock that the ref's transaction held.
    let tree = repository.git2().find_commit(before).unwrap().tree_id();
    repository.write_commit(tree, &[before], "never to be seen").unwrap();
    assert_eq!(Records::open(&repository).unwrap().tip(), Some(before));
    let lock = sandbox.path(".git/refs/heads/deployments.lock");
    std::fs::write(&lock, "").unwrap();
    let error = ledger.write(Entry::begin(&deployment("PROD", "X"), None, None, None)).await.unwrap_err();
    assert!(error.to_string().contains("deployments.lock"), "{error}");
    std::fs::remove_file(&lock).unwrap();
    ledger.write(Entry::begin(&deployment("PROD", "X"), None, None, None)).await.unwrap();
    // Between the branch and what is remembered of it: the next command sees further.
    sandbox.git(&["update-ref", "refs/opcon-deploy/seen/heads/deployments", &before.to_string()]);
    let tip = Records::open(&repository).unwrap().tip().unwrap();
    assert_eq!(sandbox.git(&["rev-parse", "refs/opcon-deploy/seen/heads/deployments"]), tip.to_string());
    sandbox.git(&["fsck", "--full", "--strict", "--no-dangling"]);
}

#[tokio::test]
async fn a_signature_that_fails_is_told_as_git_tells_it() {
    let sandbox = Sandbox::new();
    sandbox.git(&["config", "commit.gpgSign", "true"]);
    sandbox.git(&["config", "gpg.format", "ssh"]);
    sandbox.git(&["config", "user.signingKey", "/nowhere/key"]);
    let repository = sandbox.repository();
    let ledger = Ledger::start(&repository, Reach::Local).unwrap();
    let error = ledger.write(Entry::begin(&deployment("PROD", "X"), None, None, None)).await.unwrap_err();
    assert!(error.to_string().contains("/nowhere/key"), "{error}");
    assert_eq!(Records::open(&repository).unwrap().tip(), None);
}

#[tokio::test]
async fn a_finished_ledger_takes_nothing_more() {
    let sandbox = Sandbox::new();
    let repository = sandbox.repository();
    let ledger = Ledger::start(&repository, Reach::Local).unwrap();
    let other = ledger.clone();
    ledger.finish();
    let error = other.write(Entry::begin(&deployment("PROD", "X"), None, None, None)).await.unwrap_err();
    assert!(matches!(error, LedgerError::Closed));
}
