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
    /// What was to stand there, which is what stood there before; nothing tells them apart.
    AsBoth,
    /// Neither; what differs from what was to stand there, in lines.
    Neither(Vec<String>),
}

impl Seen {
    /// Whether it is what was to be.
    pub(super) fn is_wanted(&self) -> bool {
        matches!(self.verdict, Verdict::AsWanted | Verdict::AsBoth)
    }

    /// Whether it is what was.
    pub(super) fn is_before(&self) -> bool {
        matches!(self.verdict, Verdict::AsBefore | Verdict::AsBoth)
    }

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
    let wanted = piece.wanted().unwrap_or_default();
    let verdict = match (&wanted, &stands) {
        (None, None) if piece.wanted.is_none() => Verdict::AsWanted,
        (Some(wanted), Some(stands)) => {
            let differs = mismatch(wanted, stands, rules);
            // Where what was sent equals what stood there, the record's name in it tells them apart.
            match differs.is_empty() {
                true if carries(piece, stands) => Verdict::AsWanted,
                true if is_before(piece, stands) => Verdict::AsBoth,
                true => Verdict::AsWanted,
                false if is_before(piece, stands) => Verdict::AsBefore,
                false => Verdict::Neither(differs),
            }
        }
        (_, Some(stands)) if is_before(piece, stands) => Verdict::AsBefore,
        (_, None) if piece.found.is_none() => Verdict::AsBefore,
        (_, Some(_)) => {
            Verdict::Neither(vec!["it stands there still, and is not what stood there before".to_owned()])
        }
        (_, None) => Verdict::Neither(vec!["nothing stands there".to_owned()]),
    };
    Seen { verdict, bytes }
}

fn is_before(piece: &Piece, stands: &Definition) -> bool {
    piece
        .found()
        .unwrap_or_default()
        .is_some_and(|found| equal(found.value(), stands.value(), Purpose::Target))
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
            Verdict::AsWanted | Verdict::AsBoth => None,
            Verdict::AsBefore => {
                Some((piece.name().to_owned(), vec!["what stood there before stands there still".to_owned()]))
            }
            Verdict::Neither(lines) => Some((piece.name().to_owned(), lines.clone())),
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::repository::records::testing::deployment;

    fn starting(time: &str, documentation: &str) -> Definition {
        let schedule = json!({"name": "P", "startTime": time, "documentation": documentation});
        Definition::from_value(json!({"scheduleList": [schedule]})).unwrap()
    }

    #[test]
    fn what_stands_there_is_told_apart() {
        let record = deployment("QA", "P");
        let ours = format!("{{\"opcon-deploy\":{{\"record\":\"{}\"}}}}", record.id);
        let judged = |wanted: Option<&str>, found: Option<&str>, stands: Option<(&str, &str)>| {
            let bytes = |time: Option<&str>| time.map(|time| starting(time, "").to_bytes());
            let (wanted, found) = (bytes(wanted), bytes(found));
            let piece = Piece { record: record.clone(), wanted, found, standing: None, pin: None };
            let stands = stands.map(|(time, documentation)| starting(time, documentation));
            judge(&piece, stands, &ImportRules::default()).verdict
        };
        let neither = |verdict| matches!(verdict, Verdict::Neither(_));
        let (six, seven) = (Some("06:00"), Some("07:00"));
        assert_eq!(judged(seven, six, Some(("07:00", &ours))), Verdict::AsWanted);
        assert_eq!(judged(seven, six, Some(("07:00", ""))), Verdict::AsWanted);
        assert_eq!(judged(seven, six, Some(("06:00", ""))), Verdict::AsBefore);
        assert_eq!(judged(seven, seven, Some(("07:00", &ours))), Verdict::AsWanted);
        assert_eq!(judged(seven, seven, Some(("07:00", ""))), Verdict::AsBoth);
        assert!(neither(judged(seven, six, Some(("08:00", &ours)))));
        assert!(neither(judged(seven, six, None)));
        assert_eq!(judged(seven, None, None), Verdict::AsBefore);
        assert_eq!(judged(None, six, None), Verdict::AsWanted);
        assert_eq!(judged(None, six, Some(("06:00", ""))), Verdict::AsBefore);
        assert!(neither(judged(None, six, Some(("07:00", "")))));
    }
}
