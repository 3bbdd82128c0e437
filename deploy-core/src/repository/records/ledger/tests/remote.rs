//! With a remote, and a colleague's clone.

use git2::Oid;

use super::{active, assert_told, deploy, many};
use crate::repository::records::testing::{deployment, ended};
use crate::repository::records::{Entry, Ledger, LedgerError, Reach, Record, Records, RecordsError, Status};
use crate::repository::testing::Sandbox;

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

#[cfg(unix)]
#[tokio::test]
async fn an_answer_that_was_lost_is_looked_for_not_guessed() {
    let sandbox = Sandbox::new();
    let remote = sandbox.add_remote();
    let repository = sandbox.repository();
    let ledger = Ledger::start(&repository, Reach::Remote).unwrap();
    // The remote takes the commit and dies before it says so.
    remote.hook("post-update", "kill -9 $PPID");
    let first = deploy(&ledger, &repository, "PROD", "Payroll").await;
    assert_eq!(active(&Records::open(&repository).unwrap(), "PROD"), [first.id]);
    assert_eq!(remote.git(&["rev-parse", "deployments"]), ledger.tip().unwrap().to_string());
    // It dies before it takes it.
    remote.hook("pre-receive", "kill -9 $PPID");
    let before = ledger.tip();
    let entry = Entry::begin(&deployment("PROD", "X"), None, None, None);
    let error = ledger.write(entry).await.unwrap_err();
    assert!(matches!(error, LedgerError::Unreachable { .. }), "{error}");
    assert_eq!(ledger.tip(), before);
}
