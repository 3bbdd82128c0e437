//! Without a remote that there is, and what becomes of it when it is back.

use super::{active, assert_told, deploy, tip};
use crate::repository::records::testing::deployment;
use crate::repository::records::{Entry, Ledger, LedgerError, Reach, Records, RecordsError};
use crate::repository::testing::Sandbox;

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
            "what was recorded here without the remote cannot be brought to it: there `Payroll` on `PROD` was changed by Carl ("
        ),
        "{error}"
    );
    assert_eq!(sandbox.git(&["rev-parse", "deployments"]), held.to_string());
}
