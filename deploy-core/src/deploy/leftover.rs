//! What killed or cut-off commands left behind: transactions that began and did not end.
//!
//! Whoever holds the lease of a server knows that nobody else is at work on it;
//! what is open there then has no owner any more. It is ended by what stands on
//! the target ([`Execution::resolve`](super::execute::Execution::resolve)).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::execute::{PackagePiece, Piece, Transaction};
use super::rollback::pin_of;
use crate::repository::records::{
    Action, Kind, OpenOperation, Phase, Record, RecordId, Records, RecordsError, Status,
};

/// The transactions that began on a server (or on any) and have not ended; what is
/// scheduled is left alone.
pub fn leftovers(records: &Records<'_>, server: Option<&str>) -> Result<Vec<Transaction>, RecordsError> {
    let mut groups: BTreeMap<RecordId, Vec<OpenOperation>> = BTreeMap::new();
    for operation in records.open_operations()? {
        let record = &operation.record;
        let is_elsewhere = server.is_some_and(|server| server != record.server);
        if is_elsewhere || matches!(record.phase, Phase::Scheduling | Phase::Scheduled) {
            continue;
        }
        groups.entry(record.transaction.unwrap_or(record.id)).or_default().push(operation);
    }
    groups.into_values().map(|group| transaction(records, group)).collect()
}

fn transaction(records: &Records<'_>, group: Vec<OpenOperation>) -> Result<Transaction, RecordsError> {
    let (mut pieces, mut package, mut rules, mut previous) = (Vec::new(), None, None, Status::Inactive);
    for operation in group {
        let record = operation.record;
        rules = rules.or_else(|| record.told.options.clone());
        previous = replaced_by(record.action);
        match record.kind {
            Kind::Package => {
                let previous = records.package(&record.server, &record.name)?;
                let stays = stays(&record);
                package = Some(PackagePiece { record, previous, stays });
            }
            Kind::Schedule | Kind::Script => {
                let content = |blob: Option<git2::Oid>| blob.map(|blob| records.content(blob)).transpose();
                let standing = records.active_of(&record.server, &record.name)?;
                let pin = match record.action {
                    Action::Rollback => {
                        standing.as_ref().and_then(|standing| pin_of(&standing.record, &record))
                    }
                    _ => records.pin(&record.server, &record.name)?,
                };
                let (wanted, found) = (content(operation.planned)?, content(operation.rollback)?);
                pieces.push(Arc::new(Piece { record, wanted, found, standing, pin }));
            }
        }
    }
    let rules = rules.unwrap_or_default();
    Ok(Transaction {
        pieces,
        scripts: Vec::new(),
        package,
        rules,
        previous,
        supersedes: Vec::new(),
        taken_up: Vec::new(),
    })
}

/// What becomes of a record whose place is taken by what an action brings.
pub(super) fn replaced_by(action: Action) -> Status {
    match action {
        Action::Deploy | Action::Adopt | Action::Simulate | Action::Import => Status::Inactive,
        Action::Rollback => Status::Rolledback,
        Action::Delete => Status::Deleted,
    }
}

/// Whether a package stands on its target after an operation.
fn stays(record: &Record) -> bool {
    record.action != Action::Delete && record.source.blob.is_some()
}
