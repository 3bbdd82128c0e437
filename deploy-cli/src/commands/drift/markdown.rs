//! Drift for a page.

use deploy_core::deploy::drift::{Drift, Drifted};

use super::text::{answers, line, why};
use super::{Looked, summary, word};
use crate::ui::markdown::{code, folded};
use crate::ui::one_line;

/// What came of one server.
pub(super) fn report(looked: &Looked) -> String {
    let title = format!("### Drift: {}", code(&one_line(&looked.server)));
    match &looked.outcome {
        Err(error) => format!("{title}\n\n**not compared:** {}\n\n", code(&one_line(error.message()))),
        Ok(drift) => {
            let mut out = format!("{title} ({})\n\n**{}**\n", drift.server_type, summary(drift));
            schedules(drift, &mut out);
            let changes = |one: &Drifted| -> Vec<String> {
                let name = one_line(&one.record.name);
                let changes = one.changes.iter().filter(|change| !change.accepted && !one.gone);
                changes.map(|change| format!("{name}  {}", line(change))).collect()
            };
            let lines: Vec<String> = drift.drifted.iter().flat_map(changes).collect();
            out.push_str(&folded("What was changed there", "text", &lines));
            let unmanaged = drift.unmanaged.iter().flatten().map(|name| one_line(name));
            out.push_str(&folded("What was never deployed", "text", &unmanaged.collect::<Vec<_>>()));
            out.push('\n');
            out
        }
    }
}

fn schedules(drift: &Drift, out: &mut String) {
    out.push('\n');
    for drifted in &drift.drifted {
        let name = code(&one_line(&drifted.record.name));
        let what = match word(drifted) {
            "accepted" => code(&answers(drifted)),
            "values" => "holds other values".to_owned(),
            word => format!("{word} since it was {}", code(&one_line(&drifted.told()))),
        };
        out.push_str(&format!("- {name}: {what}\n"));
    }
    for (name, error) in &drift.failed {
        out.push_str(&format!("- {}: not compared: {}\n", code(&one_line(name)), code(&why(error))));
    }
}
