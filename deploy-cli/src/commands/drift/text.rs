//! Drift for people.

use deploy_core::deploy::LocalChange;
use deploy_core::deploy::drift::{CompareError, Drifted};

use super::{Looked, summary, word};
use crate::ui::{one_line, style, styled};

/// What came of one server, line by line.
pub(super) fn report(looked: &Looked) -> Vec<String> {
    let name = styled(style::HEADING, one_line(&looked.server));
    let drift = match &looked.outcome {
        Ok(drift) => drift,
        Err(error) => {
            let error = one_line(error.message());
            return vec![format!("{name}  {} {error}", styled(style::REMOVED, "not compared:"))];
        }
    };
    let mut lines = vec![format!("{name}  {}, {}", drift.server_type, summary(drift))];
    for drifted in &drift.drifted {
        lines.push(format!("  {}", title(drifted)));
        lines.extend(drifted.changes.iter().filter(|_| !drifted.gone).map(|change| {
            let style = if change.accepted { style::DIM } else { style::CHANGED };
            format!("    {}", styled(style, line(change)))
        }));
    }
    lines.extend(drift.failed.iter().map(|(schedule, error)| {
        format!("  {}  {} {}", one_line(schedule), styled(style::REMOVED, "not compared:"), why(error))
    }));
    let unmanaged = drift.unmanaged.iter().flatten();
    lines.extend(
        unmanaged.map(|name| format!("  {}  {}", one_line(name), styled(style::DIM, "never deployed"))),
    );
    lines
}

/// A schedule, and what it is to what was deployed.
fn title(drifted: &Drifted) -> String {
    let name = one_line(&drifted.record.name);
    let told = one_line(&drifted.told());
    match word(drifted) {
        "values" => {
            format!("{name}  {}", styled(style::DIM, format!("holds other values since it was {told}")))
        }
        "accepted" => format!("{name}  {}", styled(style::DIM, answers(drifted))),
        word => format!("{name}  {} since it was {told}", styled(style::CHANGED, word)),
    }
}

/// Who answers for what differs.
pub(super) fn answers(drifted: &Drifted) -> String {
    let words = drifted
        .accepted_by
        .iter()
        .map(|by| one_line(&format!("accepted until {} by {}: {}", by.until, by.owner, by.reason)));
    words.collect::<Vec<_>>().join("; ")
}

/// One difference: what was done, where, in words.
pub(super) fn line(change: &LocalChange) -> String {
    match change.pointer.is_empty() {
        true => one_line(&change.words),
        false => format!("{:8}{}  {}", change.op, one_line(&change.pointer), one_line(&change.words)),
    }
}

/// Why a schedule was not compared.
pub(super) fn why(error: &CompareError) -> String {
    one_line(&error.to_string())
}
