//! Events: `$COMMAND:ACTION,argument,…`, and which argument is whose name.

use super::tokens;

/// What a name is the name of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NameKind {
    /// A schedule.
    Schedule,
    /// A job.
    Job,
    /// A frequency.
    Frequency,
    /// A global property.
    Property,
    /// A resource.
    Resource,
    /// A threshold.
    Threshold,
    /// A calendar.
    Calendar,
    /// A machine.
    Machine,
    /// A script.
    Script,
    /// A role.
    Role,
    /// A department.
    Department,
    /// A named instance of a schedule.
    NamedInstance,
    /// A property of a schedule's instance.
    ScheduleInstanceProperty,
    /// A property of a job's instance.
    JobInstanceProperty,
}

/// A name found in a text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Named<'t> {
    pub(crate) kind: NameKind,
    pub(crate) name: &'t str,
    /// The schedule that a job's name belongs to, where the text says so.
    pub(crate) schedule: Option<&'t str>,
    /// Whether the position alone says what the name is the name of.
    pub(crate) certain: bool,
}

/// Answers the new name, or `None` where it stays.
pub(crate) type Mapping<'m> = dyn FnMut(Named<'_>) -> Option<String> + 'm;

/// What an argument of an event is.
#[derive(Clone, Copy)]
enum Argument {
    Name(NameKind),
    /// `A=b;C=d`
    Properties(NameKind),
    Other,
}

/// The arguments of an event, by its command and action.
fn arguments(command: &str) -> &'static [Argument] {
    use Argument::{Name, Other, Properties};
    use NameKind::{
        Calendar, Frequency, Job, JobInstanceProperty, Machine, NamedInstance, Property, Resource, Schedule,
        ScheduleInstanceProperty, Threshold,
    };
    let (group, action) = command.split_once(':').unwrap_or((command, ""));
    match (group.to_ascii_uppercase().as_str(), action.to_ascii_uppercase().as_str()) {
        ("$JOB", "ADD" | "ADDHLD") => {
            &[Other, Name(Schedule), Name(Job), Name(Frequency), Properties(JobInstanceProperty)]
        }
        ("$JOB", _) => &[Other, Name(Schedule), Name(Job)],
        ("$JOBMASTER", _) => &[Name(Schedule), Name(Job), Name(Frequency)],
        ("$SCHEDULE", "BUILD" | "BUILDHLD") => {
            &[Other, Name(Schedule), Other, Other, Properties(ScheduleInstanceProperty), Name(NamedInstance)]
        }
        ("$SCHEDULE", _) => &[Other, Name(Schedule)],
        ("$RESOURCE", "RENAME") => &[Name(Resource), Name(Resource)],
        ("$RESOURCE", "SET" | "DEL") => &[Name(Resource)],
        ("$THRESHOLD", "RENAME") => &[Name(Threshold), Name(Threshold)],
        ("$THRESHOLD", "SET" | "DEL") => &[Name(Threshold)],
        ("$PROPERTY", "ADD" | "SET" | "DELETE") => &[Name(Property)],
        ("$CALENDAR", "ADD" | "DEL") => &[Name(Calendar)],
        ("$MACHINE", "STATUS" | "MAXJOBS") => &[Name(Machine)],
        _ => &[],
    }
}

/// The command with its action, and the arguments as they are written.
pub(crate) fn parse(event: &str) -> (&str, Vec<&str>) {
    let mut pieces = tokens::split_outside(event, b',');
    let command = pieces.remove(0);
    (command, pieces)
}

/// The text of an event.
pub(crate) fn write(command: &str, arguments: &[impl AsRef<str>]) -> String {
    let mut text = command.to_owned();
    for argument in arguments {
        text.push(',');
        text.push_str(argument.as_ref());
    }
    text
}

/// Renames in an event: its arguments by position, and the tokens in all of them.
pub(crate) fn rename(event: &str, map: &mut Mapping<'_>) -> Option<String> {
    if !event.starts_with('$') {
        return rename_tokens(event, map);
    }
    let (command, pieces) = parse(event);
    let kinds = arguments(command.trim());
    let schedule = kinds
        .iter()
        .position(|kind| matches!(kind, Argument::Name(NameKind::Schedule)))
        .and_then(|at| pieces.get(at))
        .map(|name| name.trim());
    let mut changed = false;
    let mut new = Vec::with_capacity(pieces.len());
    for (at, piece) in pieces.iter().enumerate() {
        let renamed = match kinds.get(at).copied().unwrap_or(Argument::Other) {
            Argument::Name(kind) if !piece.contains("[[") && !piece.contains("{{") => {
                rename_argument(kind, piece, schedule, map)
            }
            Argument::Properties(kind) => rename_properties(kind, piece, map),
            _ => rename_tokens(piece, map),
        };
        changed |= renamed.is_some();
        new.push(renamed.unwrap_or_else(|| (*piece).to_owned()));
    }
    changed.then(|| write(command, &new))
}

fn rename_argument(
    kind: NameKind,
    piece: &str,
    schedule: Option<&str>,
    map: &mut Mapping<'_>,
) -> Option<String> {
    if kind == NameKind::Property {
        return tokens::rewrite_inner(piece, &mut |part| of_part(part, map));
    }
    let name = piece.trim();
    if name.is_empty() {
        return None;
    }
    let new = map(Named { kind, name, schedule, certain: true })?;
    let start = piece.len() - piece.trim_start().len();
    Some(format!("{}{new}{}", &piece[..start], &piece[start + name.len()..]))
}

/// Renames in a list of properties, `A=b;C=d`: the names, and the tokens in the values.
pub(crate) fn rename_properties(kind: NameKind, list: &str, map: &mut Mapping<'_>) -> Option<String> {
    let mut changed = false;
    let mut new = Vec::new();
    for piece in tokens::split_outside(list, b';') {
        let (name, value) = match piece.split_once('=') {
            Some((name, value)) if !name.contains("[[") && !name.contains("{{") => (name, Some(value)),
            _ => (piece, None),
        };
        let renamed_name = value.and_then(|_| map(Named { kind, name, schedule: None, certain: true }));
        let renamed_value = rename_tokens(value.unwrap_or(piece), map);
        changed |= renamed_name.is_some() || renamed_value.is_some();
        new.push(match value {
            Some(value) => format!(
                "{}={}",
                renamed_name.as_deref().unwrap_or(name),
                renamed_value.as_deref().unwrap_or(value)
            ),
            None => renamed_value.unwrap_or_else(|| piece.to_owned()),
        });
    }
    changed.then(|| new.join(";"))
}

/// Renames in the tokens of a text.
pub(crate) fn rename_tokens(text: &str, map: &mut Mapping<'_>) -> Option<String> {
    if !text.contains("[[") && !text.contains("{{") {
        return None;
    }
    tokens::rewrite(text, &mut |part| of_part(part, map))
}

fn of_part(part: tokens::Part<'_>, map: &mut Mapping<'_>) -> Option<String> {
    let mut ask = |kind, certain| map(Named { kind, name: part.name, schedule: None, certain });
    match (part.scope, part.index) {
        ("", _) => ask(NameKind::Property, true),
        ("SI" | "SSI", 0) => ask(NameKind::ScheduleInstanceProperty, true),
        ("JI" | "SJI", 0) => ask(NameKind::JobInstanceProperty, true),
        ("SI" | "SSI", _) => ask(NameKind::Schedule, false),
        ("JI" | "SJI", _) => ask(NameKind::Schedule, false).or_else(|| ask(NameKind::Job, false)),
        ("MI", index) if index > 0 => ask(NameKind::Machine, false),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_at_their_positions() {
        use NameKind::{Frequency, Job, JobInstanceProperty, Machine, Property, Schedule};
        let cases: &[(&str, &[(NameKind, &str)])] = &[
            (
                "$JOB:ADD,[[$DATE]],FIN,LOAD,Daily,A=1;B=[[ENV]]",
                &[
                    (Property, "$DATE"),
                    (Schedule, "FIN"),
                    (Job, "LOAD"),
                    (Frequency, "Daily"),
                    (JobInstanceProperty, "A"),
                    (JobInstanceProperty, "B"),
                    (Property, "ENV"),
                ],
            ),
            ("$JOB:CANCEL,,FIN, LOAD ,x", &[(Schedule, "FIN"), (Job, "LOAD")]),
            ("$JOBMASTER:REMOVE,FIN,LOAD,Daily", &[(Schedule, "FIN"), (Job, "LOAD"), (Frequency, "Daily")]),
            ("$PROPERTY:SET,SI.A,1", &[(NameKind::ScheduleInstanceProperty, "A")]),
            ("$PROPERTY:SET,ENV,[[X]]", &[(Property, "ENV"), (Property, "X")]),
            ("$MACHINE:STATUS,WIN01,UP", &[(Machine, "WIN01")]),
            ("$NOTIFY:EMAIL,a@b.c,,[[ENV]]", &[(Property, "ENV")]),
            ("$THRESHOLD:RENAME,A,B", &[(NameKind::Threshold, "A"), (NameKind::Threshold, "B")]),
            ("", &[]),
        ];
        for (event, want) in cases {
            let mut found = Vec::new();
            rename(event, &mut |named| {
                found.push((named.kind, named.name.to_owned()));
                None
            });
            let found: Vec<_> = found.iter().map(|(kind, name)| (*kind, name.as_str())).collect();
            assert_eq!(&found, want, "{event}");
        }
    }

    #[test]
    fn writing_back_is_what_was_read() {
        for event in ["$JOB:ADD,[[a,b]],x,,", "$X", "", "a,b", "$JOB:ADD, x ,y"] {
            let (command, arguments) = parse(event);
            assert_eq!(write(command, &arguments), event);
        }
        let renamed =
            rename("$JOB:ADD,, FIN ,LOAD", &mut |named| (named.name == "FIN").then(|| "TST".into()));
        assert_eq!(renamed.unwrap(), "$JOB:ADD,, TST ,LOAD");
    }
}
