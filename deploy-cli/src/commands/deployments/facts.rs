//! A record in full, for people and for programs.

use deploy_core::repository::records::log::{Change, RecordLog, Row};
use deploy_core::repository::records::{Person, Phase, Record, RuleRef};
use serde_json::{Value, json};

use super::super::batch::told;
use super::super::records::{action_word, kind_word};
use crate::ui::{Table, Ui, local_time, one_line, style, styled, utc_time};

/// Prints what a record says; in a report with all of the ids.
pub(super) fn print(record: &Record, row: &Row<'_>, report: bool, ui: &Ui) {
    let title = format!("{} on {}", one_line(&record.name), one_line(&record.server));
    ui.line(styled(style::HEADING, title));
    let say = |label: &str, value: String| {
        if !value.is_empty() {
            ui.line(format!("  {label:12} {}", one_line(&value)));
        }
    };
    say("record", record.id.to_string());
    say("what", what(record));
    say("status", status(record, row));
    say("reason", record.reason.clone().unwrap_or_default());
    say("user", person(&record.user));
    say("run by", record.runner.as_ref().map(person).unwrap_or_default());
    if let Some(scheduled) = &record.scheduled {
        let then = if scheduled.as_then { ", the latest then" } else { "" };
        let by =
            format!("by {}, job {}", scheduled.server, scheduled.job.as_deref().unwrap_or("not added yet"));
        say("at", format!("{}{then}, {by}", told(&scheduled.at, &scheduled.zone)));
    }
    let begun = if record.scheduled.is_some() { "asked for" } else { "begun" };
    say(begun, local_time(record.begun.timestamp()));
    say("ended", record.ended.map(|ended| local_time(ended.timestamp())).unwrap_or_default());
    say("package", record.package.as_ref().map(|p| numbered(&p.name, p.version)).unwrap_or_default());
    say("tag", record.told.tag.clone().unwrap_or_default());
    say("description", record.told.description.clone());
    say("accepted", record.told.accepted.join(", "));
    say("environment", record.told.environment.clone().unwrap_or_default());
    say("offline", if record.offline { "the remote was left out".to_owned() } else { String::new() });
    let used: Vec<&RuleRef> = record.rules.iter().filter(|rule| report || rule.level != "import").collect();
    let rule = |rule: &&RuleRef| match report {
        true => format!("{} ({}, {})", numbered(&rule.name, rule.version), rule.level, rule.blob),
        false => format!("{} ({})", numbered(&rule.name, rule.version), rule.level),
    };
    for (at, words) in used.iter().map(rule).enumerate() {
        say(if at == 0 { "rules" } else { "" }, words);
    }
    if !report {
        return;
    }
    let id = |id: Option<String>| id.unwrap_or_default();
    if let Some(options) = &record.told.options {
        say("options", serde_json::to_string(options).unwrap_or_default());
    }
    say("source", id(record.source.blob.clone()));
    say("  commit", id(record.source.commit.clone()));
    say("settings", id(record.settings.clone()));
    say("found", id(record.found.as_ref().map(ToString::to_string)));
    say("planned", id(record.planned.as_ref().map(ToString::to_string)));
    say("deployed", id(record.deployed.as_ref().map(ToString::to_string)));
    say("previous", id(record.previous.map(|id| id.to_string())));
    say("undoes", id(record.undoes.map(|id| id.to_string())));
    say("transaction", id(record.transaction.map(|id| id.to_string())));
    for (label, change) in [("begun in", row.begun()), ("told in", row.told()), ("changed in", row.changed())]
    {
        say(label, change.map(commit).unwrap_or_default());
    }
}

fn commit(change: Change<'_>) -> String {
    let signed = if change.signed { ", signed" } else { "" };
    format!("{} by {}, {}{signed}", change.id, change.committer, local_time(change.time))
}

fn what(record: &Record) -> String {
    let source = match record.source.version {
        Some(version) => format!(", version {version}"),
        None => String::new(),
    };
    let original = match &record.original_name {
        Some(original) => format!(" (`{original}` in the repository)"),
        None => String::new(),
    };
    let kind = kind_word(Some(record.kind)).to_lowercase();
    format!("{} of {kind} `{}`{original}{source}", action_word(Some(record.action)), record.name)
}

fn status(record: &Record, row: &Row<'_>) -> String {
    let since = row.changed().map(|changed| format!(" since {}", local_time(changed.time)));
    let phase = match record.phase {
        Phase::Done => String::new(),
        phase => format!(", {}", word(&phase)),
    };
    format!("{}{}{phase}", word(&record.status), since.unwrap_or_default())
}

fn person(person: &Person) -> String {
    let mut words = person.to_string();
    if let Some(role) = &person.role {
        words.push_str(&format!(", role {role}"));
    }
    if let Some(user) = &person.opcon_user {
        words.push_str(&format!(", OpCon user {user}"));
    }
    words
}

fn numbered(name: &str, version: Option<usize>) -> String {
    version.map_or_else(|| name.to_owned(), |version| format!("{name}@{version}"))
}

/// The one word that an enum is in files.
fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}

/// Prints the records of a package's schedules.
pub(super) fn print_members(log: &RecordLog, members: &[Row<'_>], ui: &Ui) {
    ui.line("");
    ui.line(styled(style::HEADING, "Members"));
    let mut table = Table::new(["  ID", "NAME", "ORIGINAL", "VERSION", "STATUS"]).right(3);
    let length = log.id_length();
    for row in members {
        let id = row.id().to_string();
        table.row([
            &format!("  {}", &id[..length.min(id.len())]),
            row.name(),
            row.original_name().unwrap_or_default(),
            &row.version().map(|version| version.to_string()).unwrap_or_default(),
            row.status_word(),
        ]);
    }
    ui.print(&table.to_string());
}

/// A member for `--json`.
pub(super) fn member(row: &Row<'_>) -> Value {
    json!({
        "id": row.id(), "name": row.name(), "originalName": row.original_name(), "version": row.version(),
        "status": row.status_word(),
    })
}

/// All of a record for `--json`.
pub(super) fn as_json(record: &Record, row: &Row<'_>) -> Value {
    let person = |person: &Person| {
        json!({
            "name": person.name, "email": person.email, "opconUser": person.opcon_user, "role": person.role,
        })
    };
    let commit = |change: Option<Change<'_>>| {
        change.map(|change| {
            json!({
                "commit": change.id.to_string(), "date": utc_time(change.time), "committer": change.committer,
                "signed": change.signed,
            })
        })
    };
    let rule = |rule: &RuleRef| json!({ "name": rule.name, "level": rule.level, "version": rule.version, "blob": rule.blob });
    json!({
        "id": record.id, "type": kind_word(Some(record.kind)), "action": action_word(Some(record.action)),
        "name": record.name, "originalName": record.original_name, "server": record.server,
        "status": record.status, "phase": record.phase, "reason": record.reason,
        "user": person(&record.user), "runner": record.runner.as_ref().map(person),
        "begun": record.begun.to_rfc3339(), "ended": record.ended.map(|ended| ended.to_rfc3339()),
        "offline": record.offline, "transaction": record.transaction, "previous": record.previous,
        "undoes": record.undoes, "settings": record.settings,
        "version": record.source.version, "commit": record.source.commit, "blob": record.source.blob,
        "planned": record.planned, "found": record.found, "deployed": record.deployed,
        "description": record.told.description, "tag": record.told.tag, "accepted": record.told.accepted,
        "environment": record.told.environment, "options": record.told.options,
        "package": record.package.as_ref().map(|package| {
            json!({ "name": package.name, "version": package.version, "record": package.record })
        }),
        "members": record.members, "rules": record.rules.iter().map(rule).collect::<Vec<_>>(),
        "scheduled": record.scheduled, "report": record.report,
        "begunIn": commit(row.begun()), "toldIn": commit(row.told()), "changedIn": commit(row.changed()),
    })
}
