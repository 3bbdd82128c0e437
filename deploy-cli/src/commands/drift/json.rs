//! Drift for programs.

use deploy_core::deploy::drift::Drifted;
use serde_json::{Value, json};

use super::{Looked, word};

/// One server.
pub(super) fn server(looked: &Looked) -> Value {
    match &looked.outcome {
        Err(error) => json!({ "name": looked.server, "error": error.message() }),
        Ok(drift) => json!({
            "name": drift.server,
            "type": drift.server_type,
            "compared": drift.compared.len(),
            "schedules": drift.drifted.iter().map(schedule).collect::<Vec<_>>(),
            "notCompared": drift.failed.iter().map(|(name, error)| {
                json!({ "name": name, "error": error.to_string() })
            }).collect::<Vec<_>>(),
            "unmanaged": drift.unmanaged,
        }),
    }
}

fn schedule(drifted: &Drifted) -> Value {
    let record = &drifted.record;
    json!({
        "name": record.name,
        "originalName": record.original_name,
        "outcome": word(drifted),
        "record": record.id,
        "version": record.source.version,
        "package": record.package.as_ref().map(|package| &package.name),
        "user": record.user.to_string(),
        "deployed": record.ended.unwrap_or(record.begun),
        "changes": drifted.changes,
        "acceptedBy": drifted.accepted_by,
    })
}
