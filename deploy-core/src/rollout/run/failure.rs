//! Why jobs fail: a code and a reason.

use crate::deploy::{PlanError, Refusal, RefusalKind, SelectError};
use crate::opcon::{Cause, OpConError};
use crate::rollout::OWN_FAILURE;

/// As the program exits where something failed, and where it was refused.
pub(super) const FAILED: i32 = 1;
pub(super) const REFUSED: i32 = 4;
/// Stands for [`FAILED`] while another job may still bring what is missing.
pub(super) const LACKS: i32 = 0;

/// Why a job failed.
pub(super) struct Failure(pub(super) i32, pub(super) String);

pub(super) fn of_select(error: SelectError) -> Failure {
    let refused = matches!(
        error,
        SelectError::Packaged { .. } | SelectError::OffMain { .. } | SelectError::NotPushed { .. }
    );
    Failure(if refused { REFUSED } else { FAILED }, error.to_string())
}

pub(super) fn of_plan(error: PlanError) -> Failure {
    match error {
        PlanError::System(error) => of_system(&error),
        error => Failure(FAILED, error.to_string()),
    }
}

/// That a server cannot be reached is not its fault.
pub(super) fn of_system(error: &OpConError) -> Failure {
    let unreachable = matches!(
        *error.cause,
        Cause::Settings { .. }
            | Cause::Dns { .. }
            | Cause::Refused { .. }
            | Cause::Unreachable { .. }
            | Cause::ConnectTimeout { .. }
            | Cause::Tls(_)
    );
    Failure(if unreachable { OWN_FAILURE } else { FAILED }, error.on_one_line())
}

/// What must be accepted, or cannot be: one reason, and everything that `accept` would have to name.
pub(super) fn of_refusals(refusals: &[Refusal]) -> Failure {
    let errors = refusals.iter().any(|refusal| refusal.kind == RefusalKind::Errors);
    let first = refusals.iter().min_by_key(|refusal| refusal.kind);
    let mut why = first.map(|refusal| refusal.message.clone()).unwrap_or_default();
    let mut words: Vec<String> = Vec::new();
    for option in refusals.iter().filter_map(|refusal| refusal.kind.option()) {
        let word = format!("\"{}\"", option.trim_start_matches("--accept-"));
        if !words.contains(&word) {
            words.push(word);
        }
    }
    if !errors && !words.is_empty() {
        why.push_str(&format!("; `accept = [{}]` in its file goes on nevertheless", words.join(", ")));
    }
    Failure(if errors { LACKS } else { REFUSED }, why)
}
