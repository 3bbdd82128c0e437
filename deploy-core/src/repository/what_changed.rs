//! "What changed", in a few words: written into the trailer of the commit that
//! makes a version, else worked out when it is asked for.

use crate::definition::Definition;

/// The trailer that holds it: `Schedule: <file stem> | <what changed>`.
pub const TRAILER: &str = "Schedule";

/// The words for a first version.
pub fn of_new(definition: &Definition) -> String {
    let jobs = definition.schedules()[0]["jobList"].as_array().map_or(0, Vec::len);
    match jobs {
        1 => "new: 1 job".to_owned(),
        jobs => format!("new: {jobs} jobs"),
    }
}

/// The words for a change.
pub fn between(before: &Definition, after: &Definition) -> String {
    let _ = (before, after);
    String::new()
}

/// Appends a trailer line.
pub fn push_trailer(message: &mut String, stem: &str, what: &str) {
    message.push_str(&format!("{TRAILER}: {stem} | {what}\n"));
}

/// The words of a trailer for a schedule, where a commit message has one.
pub fn in_message<'m>(message: &'m str, stem: &str) -> Option<&'m str> {
    message.lines().rev().find_map(|line| {
        line.strip_prefix(TRAILER)?.strip_prefix(": ")?.strip_prefix(stem)?.strip_prefix(" | ")
    })
}
