//! Ledgers on real repositories: alone, with a remote, with a colleague's clone.

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

/// Begins of many operations that are under way at the same time.
async fn begin_all(ledger: &Ledger, records: &[Record]) -> Vec<Result<(), LedgerError>> {
    let tasks = records.iter().map(|record| {
        let (ledger, record) = (ledger.clone(), record.clone());
        let participant = ledger.join();
        tokio::spawn(async move {
            let written = ledger.write(Entry::begin(&record, Some(b"planned"), None, None)).await;
            drop(participant);
            written.map(|_| ())
        })
    });
    let tasks: Vec<_> = tasks.collect();
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.unwrap());
    }
    results
}

fn many(server: &str, count: usize) -> Vec<Record> {
    (0..count).map(|n| deployment(server, &format!("S{n}"))).collect()
}

#[tokio::test]
async fn entries_that_wait_together_share_a_commit_and_a_push() {
    let sandbox = Sandbox::new();
    let remote = sandbox.add_remote();
    let repository = sandbox.repository();
    let ledger = Ledger::start(&repository, Reach::of(&repository, false)).unwrap();
    let records = many("PROD", 40);
    let participants: Vec<_> = records.iter().map(|_| ledger.join()).collect();
    assert!(begin_all(&ledger, &records).await.iter().all(Result::is_ok));
    drop(participants);
    // Where they stand is the remote; a branch of that name here there is none.
    let tip = remote.git(&["rev-parse", "deployments"]);
    assert_eq!(ledger.tip().unwrap().to_string(), tip);
    assert_eq!(sandbox.git(&["rev-parse", "origin/deployments"]), tip);
    assert_eq!(sandbox.git(&["branch", "--list", "deployments"]), "");
    let stats = ledger.finish();
    assert_eq!(stats.entries, 40);
    // The first may go alone while the others are being prepared.
    assert!(stats.pushes <= 3 && stats.commits == stats.pushes, "{stats:?}");
    assert_eq!(assert_told(&repository, Oid::from_str(&tip).unwrap()), stats.commits);
    assert_eq!(Records::open(&repository).unwrap().open_operations().unwrap().len(), 40);
    remote.git(&["fsck", "--full", "--strict", "--no-dangling"]);
    sandbox.git(&["fsck", "--full", "--strict", "--no-dangling"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn ledgers_of_two_clones_interleave_and_lose_nothing() {
    let sandbox = Sandbox::new();
    let remote = sandbox.add_remote();
    let colleague = remote.clone_of("Carl");
    let ledgers = [&sandbox, &colleague].map(|clone| {
        let repository = clone.repository();
        Ledger::start(&repository, Reach::Remote).unwrap()
    });
    let tasks = ledgers.iter().zip(["PROD", "TEST"]).map(|(ledger, server)| {
        let ledger = ledger.clone();
        tokio::spawn(async move {
            for record in many(server, 8) {
                ledger.write(Entry::begin(&record, Some(b"planned"), None, None)).await.unwrap();
                let record = ended(&record, Status::Active);
                ledger.write(Entry::activate(&record, b"deployed", None)).await.unwrap();
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    let [ann, carl] = ledgers.map(Ledger::finish);
    assert_eq!((ann.commits, carl.commits), (16, 16));
    let repository = sandbox.repository();
    let records = Records::fetch(&repository).unwrap();
    assert_eq!(records.servers().unwrap(), ["PROD", "TEST"]);
    for server in ["PROD", "TEST"] {
        assert_eq!(active(&records, server).len(), 8);
    }
    assert_eq!(records.open_operations().unwrap(), []);
    assert_eq!(assert_told(&repository, records.tip().unwrap()), 32);
}

#[tokio::test]
async fn an_entry_whose_ground_moved_fails_alone() {
    let sandbox = Sandbox::new();
    let remote = sandbox.add_remote();
    let colleague = remote.clone_of("Carl");
    let (here, there) = (sandbox.repository(), colleague.repository());
    let ours = Ledger::start(&here, Reach::Remote).unwrap();
    let theirs = Ledger::start(&there, Reach::Remote).unwrap();
    let first = deploy(&theirs, &there, "PROD", "S1").await;
    let results = begin_all(&ours, &many("PROD", 4)).await;
    for (at, result) in results.iter().enumerate() {
        match (at, result) {
            (1, Err(LedgerError::Moved { what, path, who, when })) => {
                assert_eq!((what.as_str(), who.as_str()), ("`S1` on `PROD`", "Carl"));
                assert!(path.starts_with("active/PROD/"), "{path}");
                assert!(*when > 1_700_000_000);
            }
            (1, other) => panic!("{other:?}"),
            (_, result) => assert!(result.is_ok(), "{result:?}"),
        }
    }
    // Seen as it is now, it can be deployed; seen as it was before, it cannot.
    let records = Records::fetch(&here).unwrap();
    let standing = records.active_of("PROD", "S1").unwrap().unwrap();
    assert_eq!(standing.record.id, first.id);
    deploy(&theirs, &there, "PROD", "S1").await;
    let stale = ours.write(Entry::begin(&deployment("PROD", "S1"), None, None, Some(&standing))).await;
    assert!(matches!(stale, Err(LedgerError::Moved { .. })), "{stale:?}");
    // The end of an operation rests on its beginning still being open.
    let closed = deployment("PROD", "S9");
    let end = ours.write(Entry::ended(&ended(&closed, Status::Failed))).await.unwrap_err();
    assert!(end.to_string().starts_with(&format!("the operation `{}` was changed by", closed.id)), "{end}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_hook_of_the_remote_is_heard_and_nothing_is_ahead_of_it() {
    let sandbox = Sandbox::new();
    let remote = sandbox.add_remote();
    let repository = sandbox.repository();
    let ledger = Ledger::start(&repository, Reach::Remote).unwrap();
    deploy(&ledger, &repository, "PROD", "Payroll").await;
    let before = ledger.tip().unwrap();
    remote.hook("pre-receive", "echo 'No records on Fridays' >&2; exit 1");
    let record = deployment("PROD", "Close");
    let error = ledger.write(Entry::begin(&record, None, None, None)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the remote refused the records on `deployments`: pre-receive hook declined (No records on Fridays)"
    );
    for reference in ["refs/remotes/origin/deployments", "refs/opcon-deploy/seen/remotes/origin/deployments"]
    {
        assert_eq!(sandbox.git(&["rev-parse", reference]), before.to_string());
    }
    assert_eq!(ledger.tip(), Some(before));
    // When it lets them through again, so does the ledger.
    remote.hook("pre-receive", "exit 0");
    ledger.write(Entry::begin(&record, None, None, None)).await.unwrap();
    assert_eq!(Records::open(&repository).unwrap().open_operations().unwrap().len(), 1);
}

#[tokio::test]
async fn without_the_remote_nothing_happens_unless_it_is_left_out() {
    let sandbox = Sandbox::new();
    let remote = sandbox.add_remote();
    let repository = sandbox.repository();
    let ledger = Ledger::start(&repository, Reach::Remote).unwrap();
    deploy(&ledger, &repository, "PROD", "Payroll").await;
    drop(ledger);
    let gone = remote.dir.path().with_extension("gone");
    std::fs::rename(remote.dir.path(), &gone).unwrap();
    let refs = sandbox.git(&["for-each-ref"]);
    assert!(matches!(Records::fetch(&repository), Err(RecordsError::Unreachable { .. })));
    let ledger = Ledger::start(&repository, Reach::Remote).unwrap();
    let entry = Entry::begin(&deployment("PROD", "Close"), None, None, None);
    let error = ledger.write(entry).await.unwrap_err();
    assert!(matches!(error, LedgerError::Unreachable { .. }), "{error}");
    assert!(error.to_string().starts_with("cannot push the records to `origin`: "), "{error}");
    drop(ledger);
    assert_eq!(sandbox.git(&["for-each-ref"]), refs);

    // Left out in so many words it is done without; what was read of it is built on.
    let offline = Ledger::start(&repository, Reach::Offline).unwrap();
    deploy(&offline, &repository, "PROD", "Payroll").await;
    deploy(&offline, &repository, "PROD", "Close").await;
    drop(offline);
    assert_eq!(Records::open(&repository).unwrap().active("PROD").unwrap().len(), 2);

    // Back again, it gets what was recorded without it before anything else.
    std::fs::rename(&gone, remote.dir.path()).unwrap();
    let ledger = Ledger::start(&repository, Reach::Remote).unwrap();
    assert_eq!(remote.git(&["rev-list", "--count", "deployments"]), "6");
    assert_eq!(sandbox.git(&["branch", "--list", "deployments"]), "");
    deploy(&ledger, &repository, "PROD", "Payroll").await;
    assert_eq!(assert_told(&repository, tip(&repository)), 8);
}

#[tokio::test]
async fn what_was_recorded_without_the_remote_goes_on_top_of_what_it_has_meanwhile() {
    let sandbox = Sandbox::new();
    let remote = sandbox.add_remote();
    let colleague = remote.clone_of("Carl");
    let (here, there) = (sandbox.repository(), colleague.repository());
    let theirs = Ledger::start(&there, Reach::Remote).unwrap();
    deploy(&theirs, &there, "PROD", "Payroll").await;
    Records::fetch(&here).unwrap();
    let offline = Ledger::start(&here, Reach::Offline).unwrap();
    deploy(&offline, &here, "TEST", "Close").await;
    drop(offline);
    deploy(&theirs, &there, "PROD", "Payroll").await;
    // Known here, it is in the way of going on without the remote.
    Records::fetch(&here).unwrap();
    let error = Ledger::start(&here, Reach::Offline).unwrap_err();
    assert!(matches!(error, LedgerError::Behind { .. }), "{error}");
    drop(Ledger::start(&here, Reach::Remote).unwrap());
    let records = Records::open(&here).unwrap();
    assert_eq!((active(&records, "PROD").len(), active(&records, "TEST").len()), (1, 1));
    assert_eq!(remote.git(&["rev-parse", "deployments"]), tip(&here).to_string());
    assert_eq!(assert_told(&here, tip(&here)), 6);

    // The same schedule on both sides is for a person to look at; nothing is lost of either.
    let offline = Ledger::start(&here, Reach::Offline).unwrap();
    deploy(&offline, &here, "PROD", "Payroll").await;
    let held = offline.tip().unwrap();
    drop(offline);
    drop(theirs);
    let theirs = Ledger::start(&there, Reach::Remote).unwrap();
    deploy(&theirs, &there, "PROD", "Payroll").await;
    let error = Ledger::start(&here, Reach::Remote).unwrap_err();
    assert!(
        error.to_string().starts_with(
            "what was recorded here without the remote of `Payroll` on `PROD` cannot be brought to it: Carl changed"
        ),
        "{error}"
    );
    assert_eq!(sandbox.git(&["rev-parse", "deployments"]), held.to_string());
}

#[tokio::test]
async fn a_rewritten_branch_is_refused() {
    let sandbox = Sandbox::new();
    let remote = sandbox.add_remote();
    let repository = sandbox.repository();
    let ledger = Ledger::start(&repository, Reach::Remote).unwrap();
    deploy(&ledger, &repository, "PROD", "Payroll").await;
    let seen = ledger.tip().unwrap();
    let rewrite = |to: &str| remote.git(&["update-ref", "refs/heads/deployments", to]);
    rewrite(&remote.git(&["rev-parse", "deployments~1"]));
    // Also where it is noticed in the middle.
    let error = ledger.write(Entry::begin(&deployment("PROD", "X"), None, None, None)).await.unwrap_err();
    let LedgerError::Records(error) = error else { panic!("{error}") };
    assert!(matches!(*error, RecordsError::Rewritten { .. }), "{error}");
    drop(ledger);
    let error = Records::open(&repository).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the branch `origin/deployments` of the records was rewritten: {} was seen on it and is gone",
            &seen.to_string()[..8]
        )
    );
    let RecordsError::Rewritten { kept, .. } = error else { panic!("{error}") };
    assert!(matches!(Records::fetch(&repository), Err(RecordsError::Rewritten { .. })));
    assert!(matches!(
        Ledger::start(&repository, Reach::Offline),
        Err(LedgerError::Records(error)) if matches!(*error, RecordsError::Rewritten { .. })
    ));
    // Deleted is rewritten too.
    remote.git(&["update-ref", "-d", "refs/heads/deployments"]);
    let error = Records::fetch(&repository).unwrap_err();
    assert!(matches!(error, RecordsError::Rewritten { tip: None, .. }), "{error}");
    // Either what was seen is brought back, or it is forgotten in so many words.
    sandbox.git(&["push", "--quiet", "origin", &format!("{kept}:refs/heads/deployments")]);
    assert_eq!(Records::fetch(&repository).unwrap().tip(), Some(seen));
    remote.git(&["update-ref", "-d", "refs/heads/deployments"]);
    sandbox.git(&["update-ref", "-d", &kept]);
    assert_eq!(Records::fetch(&repository).unwrap().tip(), None);
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
async fn a_shallow_clone_is_refused() {
    let sandbox = Sandbox::new();
    let remote = sandbox.add_remote();
    sandbox.commit_schedule("Payroll", "01:00");
    sandbox.git(&["push", "--quiet"]);
    let clone = remote.clone_of("Carl");
    clone.git(&["fetch", "--quiet", "--depth=1"]);
    let repository = clone.repository();
    assert!(matches!(Records::fetch(&repository), Err(RecordsError::Shallow)));
}

#[tokio::test]
async fn main_and_records_are_fetched_in_one_go_whether_there_are_records_or_not() {
    let sandbox = Sandbox::new();
    let remote = sandbox.add_remote();
    let colleague = remote.clone_of("Carl");
    let (here, there) = (sandbox.repository(), colleague.repository());
    for starts in ["01:00", "02:00"] {
        let main = sandbox.commit_schedule("Payroll", starts);
        sandbox.git(&["push", "--quiet"]);
        let records = Records::fetch_with_main(&there).unwrap();
        assert_eq!(colleague.git(&["rev-parse", "origin/main"]), main);
        assert_eq!(records.tip().is_some(), starts == "02:00");
        let ledger = Ledger::start(&here, Reach::Remote).unwrap();
        deploy(&ledger, &here, "PROD", "Payroll").await;
    }
    sandbox.git(&["remote", "remove", "origin"]);
    assert_eq!(Records::fetch_with_main(&sandbox.repository()).unwrap().tip(), None);
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
