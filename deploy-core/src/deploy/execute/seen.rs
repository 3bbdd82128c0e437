//! What stands on a target, judged by what was before and what shall be.

use std::sync::Arc;

use futures_util::future::try_join_all;

use super::readback::mismatch;
use super::scripts;
use super::target::standing;
use super::transaction::{Piece, Transaction};
use crate::definition::{Definition, Purpose, equal, information};
use crate::opcon::{ImportRules, OpConError, OpConSystem};

/// What was seen of one schedule.
#[derive(Debug)]
pub struct Seen {
    /// What it is.
    pub verdict: Verdict,
    /// The canonical bytes of what stands there; none where nothing does.
    pub bytes: Option<Vec<u8>>,
}

/// What stands there is one of these.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// What was to stand there.
    AsWanted,
    /// What stood there before.
    AsBefore,
    /// Neither; what differs from what was to stand there, in lines.
    Neither(Vec<String>),
}

impl Seen {
    /// Whether it is neither what was nor what should be.
    pub(super) fn is_neither(&self) -> bool {
        matches!(self.verdict, Verdict::Neither(_))
    }
}

/// Looks at all schedules of a transaction.
pub(super) async fn look(
    system: &Arc<dyn OpConSystem>,
    transaction: &Transaction,
) -> Result<Vec<Seen>, OpConError> {
    let looks = transaction.pieces.iter().map(|piece| {
        let (system, piece, rules) = (Arc::clone(system), Arc::clone(piece), transaction.rules.clone());
        async move {
            if piece.is_script() {
                return scripts::look(&*system, &piece, &rules).await;
            }
            let stands = standing(&*system, piece.name()).await?;
            let judged = tokio::task::spawn_blocking(move || judge(&piece, stands, &rules)).await;
            Ok(judged.unwrap_or_else(|stopped| std::panic::resume_unwind(stopped.into_panic())))
        }
    });
    try_join_all(looks).await
}

fn judge(piece: &Piece, stands: Option<Definition>, rules: &ImportRules) -> Seen {
    let bytes = stands.as_ref().map(Definition::to_bytes);
    // What was committed was canonical; if it cannot be read any more, it equals nothing.
    let (wanted, found) = (piece.wanted().unwrap_or_default(), piece.found().unwrap_or_default());
    let verdict = match (&wanted, &stands) {
        (None, None) if piece.wanted.is_none() => Verdict::AsWanted,
        (Some(wanted), Some(stands)) => {
            let differs = mismatch(wanted, stands, rules);
            // Where what was sent equals what stood there, the record's name in it tells them apart.
            match differs.is_empty() && (carries(piece, stands) || !is_before(&found, stands)) {
                true => Verdict::AsWanted,
                false if is_before(&found, stands) => Verdict::AsBefore,
                false => Verdict::Neither(differs),
            }
        }
        (_, Some(stands)) if is_before(&found, stands) => Verdict::AsBefore,
        (_, None) if piece.found.is_none() => Verdict::AsBefore,
        (_, Some(_)) => {
            Verdict::Neither(vec!["it stands there still, and is not what stood there before".to_owned()])
        }
        (_, None) => Verdict::Neither(vec!["nothing stands there".to_owned()]),
    };
    Seen { verdict, bytes }
}

fn is_before(found: &Option<Definition>, stands: &Definition) -> bool {
    found.as_ref().is_some_and(|found| equal(found.value(), stands.value(), Purpose::Target))
}

/// Whether what stands there says that this very operation brought it.
fn carries(piece: &Piece, stands: &Definition) -> bool {
    let information = stands.schedules().first().and_then(information::of_schedule);
    information.is_some_and(|information| information.record == piece.record.id.to_string())
}

/// What is not as it was sent, by schedule.
pub(super) fn differences(transaction: &Transaction, seen: &[Seen]) -> Vec<(String, Vec<String>)> {
    let pairs = transaction.pieces.iter().zip(seen);
    pairs
        .filter_map(|(piece, seen)| match &seen.verdict {
            Verdict::AsWanted => None,
            Verdict::AsBefore => {
                Some((piece.name().to_owned(), vec!["what stood there before stands there still".to_owned()]))
            }
            Verdict::Neither(lines) => Some((piece.name().to_owned(), lines.clone())),
        })
        .collect()
}
