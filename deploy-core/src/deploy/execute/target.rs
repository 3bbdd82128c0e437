//! What is asked of a target while it is changed.

use serde_json::Value;

use super::transaction::{Piece, Transaction};
use super::{ExecuteError, Touched};
use crate::definition::information::{self, Information, LIMIT};
use crate::definition::{Definition, ReadError, join};
use crate::opcon::{Cause, ImportRules, OpConError, OpConSystem};
use crate::repository::records::Record;

/// What stands on a target under a name; `None` where nothing does.
pub async fn standing(system: &dyn OpConSystem, name: &str) -> Result<Option<Definition>, OpConError> {
    let extract = match system.extract(name).await {
        Ok(extract) => extract,
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    match tokio::task::spawn_blocking(move || extract.into_definition()).await {
        Ok(read) => read.map(Some),
        Err(stopped) => std::panic::resume_unwind(stopped.into_panic()),
    }
}

fn is_absent(error: &OpConError) -> bool {
    matches!(*error.cause, Cause::NotFound { .. })
}

/// Changes the target: what shall stand there in one request, then what shall not.
pub(super) async fn touch(
    system: &dyn OpConSystem,
    transaction: &Transaction,
) -> Result<Touched, ExecuteError> {
    if !transaction.scripts.is_empty() {
        let reset = transaction.rules.reset_scripts;
        let sent = system.insert_scripts(&transaction.scripts, reset).await;
        return Ok(sent.map_or_else(told, |()| Touched::Taken));
    }
    let sent = joined(transaction, |piece| piece.wanted(), true)?;
    if let Some(definition) = sent
        && let Err(error) = system.insert(&definition, &transaction.rules).await
    {
        return Ok(told(error));
    }
    for piece in transaction.pieces.iter().filter(|piece| piece.wanted.is_none()) {
        match system.delete(piece.name()).await {
            Err(error) if !is_absent(&error) && transaction.pieces.len() == 1 => return Ok(told(error)),
            // Some of it is done: all of it, or none.
            Err(error) if !is_absent(&error) => {
                return Ok(match put_back(system, transaction).await {
                    Ok(()) => Touched::Refused(error),
                    Err(_) => Touched::Unsure(error),
                });
            }
            _ => {}
        }
    }
    Ok(Touched::Taken)
}

fn told(error: OpConError) -> Touched {
    if error.maybe_done() { Touched::Unsure(error) } else { Touched::Refused(error) }
}

/// Puts back what stood there before.
pub(super) async fn put_back(system: &dyn OpConSystem, transaction: &Transaction) -> Result<(), OpConError> {
    // What was found has been read before it was committed.
    if let Ok(Some(definition)) = joined(transaction, |piece| piece.found(), false) {
        let rules = ImportRules { do_not_overwrite: false, ..of_undoing(&transaction.rules) };
        system.insert(&definition, &rules).await?;
    }
    for piece in transaction.pieces.iter().filter(|piece| piece.found.is_none()) {
        match system.delete(piece.name()).await {
            Err(error) if !is_absent(&error) => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// The options with which something is undone that was done with others: what a
/// definition holds of auto build and auto delete is put back with it.
pub fn of_undoing(rules: &ImportRules) -> ImportRules {
    ImportRules {
        auto_build: None,
        auto_delete_days: None,
        do_not_overwrite: false,
        reset_scripts: false,
        ..rules.clone()
    }
}

/// One definition of all pieces that have one.
fn joined(
    transaction: &Transaction,
    which: impl Fn(&Piece) -> Result<Option<Definition>, ReadError>,
    informed: bool,
) -> Result<Option<Definition>, ExecuteError> {
    let mut parts = Vec::new();
    for piece in &transaction.pieces {
        let part = which(piece).map_err(|source| ExecuteError::Unreadable {
            server: transaction.server().to_owned(),
            name: piece.name().to_owned(),
            source,
        })?;
        parts.extend(part.map(|part| if informed { inform(part, &piece.record) } else { part }));
    }
    Ok(if parts.is_empty() { None } else { Some(join(parts).0) })
}

/// Lets a definition say which operation brought it.
fn inform(definition: Definition, record: &Record) -> Definition {
    let information = Information {
        version: record.source.version.map(|version| version.to_string()),
        package: record.package.as_ref().map(|package| match package.version {
            Some(version) => format!("{}@{version}", package.name),
            None => package.name.clone(),
        }),
        description: record.told.description.clone(),
        record: record.id.to_string(),
        user: record.user.to_string(),
        date: record.begun.to_rfc3339(),
    };
    let mut value = definition.into_value();
    for schedule in value.get_mut("scheduleList").and_then(Value::as_array_mut).into_iter().flatten() {
        information::write(schedule, &information, LIMIT);
    }
    Definition::from_sorted(value)
}
