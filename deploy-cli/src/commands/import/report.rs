//! What came of an import, a line for each schedule.

use deploy_core::repository::import::{Imported, Item, Outcome};
use serde_json::json;

use super::super::commit_words;
use crate::ui::{Ui, count, one_line, style, styled};
use crate::{CommandResult, Exit};

/// Says beside another result what became of each schedule.
pub(in super::super) fn tell(imported: &Imported, ui: &Ui) {
    for item in &imported.items {
        ui.note(format!("{}  {}", one_line(&item.name), words(item, imported)));
    }
}

/// Shows what became of each schedule.
pub(in super::super) fn show(imported: &Imported, ui: &Ui) -> CommandResult {
    let exit = if failed(imported) > 0 { Exit::Failed } else { Exit::Done };
    if let Some(recovered) = &imported.recovered {
        ui.note(format!(
            "Brought the work tree to the commit {} on `{}`, which an earlier command had left to do",
            &recovered.commit.to_string()[..8],
            recovered.branch
        ));
    }
    if imported.rewritten {
        ui.warning(
            "the history of main was rewritten since this clone last looked: versions are counted anew",
        );
    }
    if ui.is_json() {
        ui.json("schedules", &imported.items.iter().map(|item| as_json(item, imported)).collect::<Vec<_>>())?;
        return Ok(exit);
    }
    let width = imported.items.iter().map(|item| item.name.chars().count()).max().unwrap_or(0).min(40);
    for item in &imported.items {
        let text = words(item, imported);
        let name = one_line(&item.name);
        ui.line(format!("{name:width$}  {text}"));
    }
    let text = summary(imported);
    match &imported.committed {
        Some(committed) => ui.note(format!("{text}; commit {}", commit_words(committed))),
        None => ui.note(format!("{text}; nothing to commit")),
    }
    Ok(exit)
}

/// What became of each schedule, for a record.
pub(super) fn lines(imported: &Imported) -> String {
    let line = |item: &Item| {
        let words = words(item, imported);
        format!("{}  {}\n", one_line(&item.name), anstream::adapter::strip_str(&words))
    };
    imported.items.iter().map(line).collect()
}

/// What became of one schedule.
fn words(item: &Item, imported: &Imported) -> String {
    match &item.outcome {
        Outcome::Imported { number, what, stays_in } => {
            let version = match imported.on_main {
                true => format!("version {number}"),
                false => format!("will be version {number} when merged"),
            };
            let stays = stays_in.as_ref().map(|app| match app.as_str() {
                "" => "; stays directly under schedules/".to_owned(),
                app => format!("; stays in `{app}`"),
            });
            format!("{}  {}{}", styled(style::ADDED, version), one_line(what), stays.unwrap_or_default())
        }
        Outcome::Equal { number: Some(number) } => styled(style::DIM, format!("equals version {number}")),
        Outcome::Equal { number: None } => styled(style::DIM, "equals what is stored on the branch"),
        Outcome::Failed(error) => {
            let from = if item.source == item.name { String::new() } else { format!(" (`{}`)", item.source) };
            let error = one_line(&error.to_string());
            format!("{} {error}{from}", styled(style::REMOVED, "not imported:"))
        }
    }
}

/// How many of them became versions.
pub(super) fn summary(imported: &Imported) -> String {
    let new = imported.items.iter().filter(|item| matches!(item.outcome, Outcome::Imported { .. })).count();
    let failed = failed(imported);
    let equal = imported.items.len() - new - failed;
    let mut parts = vec![format!("{new} imported")];
    if equal > 0 {
        parts.push(format!("{equal} unchanged"));
    }
    if failed > 0 {
        parts.push(format!("{failed} failed"));
    }
    format!("{}: {}", count(imported.items.len(), "schedule"), parts.join(", "))
}

fn failed(imported: &Imported) -> usize {
    imported.items.iter().filter(|item| matches!(item.outcome, Outcome::Failed(_))).count()
}

fn as_json(item: &Item, imported: &Imported) -> serde_json::Value {
    let mut value = json!({ "name": item.name, "source": item.source });
    let (outcome, more) = match &item.outcome {
        Outcome::Imported { number, what, .. } => (
            "imported",
            json!({
                "version": number, "onMain": imported.on_main, "what": what,
                "commit": imported.committed.as_ref().map(|committed| committed.commit.to_string()),
                "branch": imported.committed.as_ref().map(|committed| committed.branch.clone()),
            }),
        ),
        Outcome::Equal { number } => ("equal", json!({ "version": number })),
        Outcome::Failed(error) => ("failed", json!({ "error": error.to_string() })),
    };
    value["outcome"] = outcome.into();
    if let (Some(value), serde_json::Value::Object(more)) = (value.as_object_mut(), more) {
        value.extend(more);
    }
    value
}
