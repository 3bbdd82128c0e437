//! Answering for a difference: one commit of drift-accepted.toml. What people
//! wrote beside the values stays.

use chrono::NaiveDate;
use toml_edit::{ArrayOfTables, Date, Datetime, DocumentMut, Item, Table, Value};

use super::{Acceptance, DriftAccepted, FILE, is_pointer, not_a_pointer, same_name};
use crate::repository::Repository;
use crate::repository::change::{Change, CommitError, Committed, Content, Interrupted};
use crate::repository::package::CommitOptions;
use crate::repository::toml_file::{TomlError, read_toml, set};

const KEY: &str = "accepted";

/// What a new file begins with.
const NEW: &str =
    "# Differences that somebody answers for: `opcon-deploy schema drift-accepted` describes the keys.\n\n";

/// A difference was accepted, or had been already.
#[derive(Debug)]
pub struct Accepted {
    /// What took the place of another acceptance of the same difference.
    pub replaced: Option<Acceptance>,
    /// The commit; none where nothing changed.
    pub committed: Option<Committed>,
    /// What a killed command had left and this one has finished.
    pub recovered: Option<Interrupted>,
}

/// Why a difference was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// The pointer is none.
    #[error("{}", not_a_pointer(.0))]
    Pointer(String),
    /// Nobody can know why.
    #[error("an accepted difference needs a reason")]
    NoReason,
    /// It would not count any more.
    #[error("{until} has passed already")]
    Passed {
        /// The last day on which it would have counted.
        until: NaiveDate,
    },
    /// The file is wrong.
    #[error(transparent)]
    Toml(#[from] TomlError),
    /// The file could not be written.
    #[error("cannot write {FILE}: {0}")]
    Write(#[source] toml_edit::TomlError),
    /// The commit was not made.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The repository could not be read.
    #[error("cannot read the repository: {}", .0.message())]
    Object(#[from] git2::Error),
}

/// Accepts a difference; one acceptance of the same difference is replaced.
pub fn accept(
    repository: &Repository,
    entry: &Acceptance,
    today: NaiveDate,
    options: &CommitOptions,
    waiting: &dyn Fn(),
) -> Result<Accepted, AcceptError> {
    if let Some(pointer) = entry.pointer.as_deref().filter(|pointer| !is_pointer(pointer)) {
        return Err(AcceptError::Pointer(pointer.to_owned()));
    }
    if entry.reason.trim().is_empty() {
        return Err(AcceptError::NoReason);
    }
    if entry.until < today {
        return Err(AcceptError::Passed { until: entry.until });
    }
    let mut commit = Change::begin(repository, &options.destination, waiting)?;
    let text = commit.read(FILE)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let before: DriftAccepted = match &text {
        Some(text) => read_toml(FILE, text)?,
        None => DriftAccepted::default(),
    };
    let mut after = before.clone();
    let known = after.entries.iter_mut().find(|known| is_about_the_same(known, entry));
    let replaced = match known {
        Some(known) => Some(std::mem::replace(known, entry.clone())),
        None => {
            after.entries.push(entry.clone());
            None
        }
    };
    let recovered = commit.recovered().cloned();
    let committed = match before == after {
        true => None,
        false => {
            let text = after.write(text.as_deref()).map_err(AcceptError::Write)?;
            commit.put(FILE, Content::Bytes(text.into_bytes()));
            commit.commit(&message(options, entry), options.push)?
        }
    };
    Ok(Accepted { replaced, committed, recovered })
}

fn is_about_the_same(one: &Acceptance, other: &Acceptance) -> bool {
    same_name(&one.server, &other.server)
        && same_name(&one.schedule, &other.schedule)
        && one.pointer == other.pointer
}

fn message(options: &CommitOptions, entry: &Acceptance) -> String {
    let Acceptance { server, schedule, until, reason, .. } = entry;
    let pointer = entry.pointer.as_deref().map(|pointer| format!(" at {pointer}")).unwrap_or_default();
    let what = format!("Drift of {schedule} on {server}{pointer} accepted until {until}: {reason}");
    let what = what.escape_debug();
    match options.message.as_deref().map(str::trim).filter(|message| !message.is_empty()) {
        Some(message) => format!("{message}\n\n{what}\n"),
        None => format!("{what}\n"),
    }
}

impl DriftAccepted {
    /// The text of the file with every entry, made from the text it replaces.
    fn write(&self, before: Option<&str>) -> Result<String, toml_edit::TomlError> {
        let mut document: DocumentMut = before.unwrap_or(NEW).parse()?;
        let mut head = None;
        if !document.contains_array_of_tables(KEY) {
            let mut comment = document.trailing().as_str().unwrap_or_default().to_owned();
            if !comment.is_empty() && !comment.ends_with("\n\n") {
                comment.push('\n');
            }
            head = Some(comment);
            document.set_trailing("");
            document.remove(KEY);
            document.insert(KEY, Item::ArrayOfTables(ArrayOfTables::new()));
        }
        if let Some(Item::ArrayOfTables(tables)) = document.get_mut(KEY) {
            for entry in &self.entries {
                let at = tables.iter().position(|table| is_table_of(table, entry));
                match at.and_then(|at| tables.get_mut(at)) {
                    Some(table) => write(table, entry),
                    None => {
                        let mut table = Table::new();
                        write(&mut table, entry);
                        if let Some(head) = head.take() {
                            table.decor_mut().set_prefix(head);
                        }
                        tables.push(table);
                    }
                }
            }
        }
        Ok(document.to_string())
    }
}

fn is_table_of(table: &Table, entry: &Acceptance) -> bool {
    let text = |key: &str| table.get(key).and_then(Item::as_str);
    let is = |key: &str, name: &str| text(key).is_some_and(|text| same_name(text, name));
    is("server", &entry.server)
        && is("schedule", &entry.schedule)
        && text("pointer") == entry.pointer.as_deref()
}

fn write(table: &mut Table, entry: &Acceptance) {
    let Acceptance { server, schedule, pointer, reason, owner, .. } = entry;
    let texts = [("server", Some(server)), ("schedule", Some(schedule)), ("pointer", pointer.as_ref())];
    let texts = texts.into_iter().chain([("reason", Some(reason)), ("owner", Some(owner))]);
    for (key, text) in texts {
        if let Some(text) = text {
            set(table, key, text.as_str().into());
        }
    }
    set(table, "until", day(entry.until));
}

fn day(day: NaiveDate) -> Value {
    use chrono::Datelike as _;
    let part = |number: u32| u8::try_from(number).unwrap_or_default();
    match u16::try_from(day.year()) {
        Ok(year) => {
            let date = Date { year, month: part(day.month()), day: part(day.day()) };
            Datetime { date: Some(date), time: None, offset: None }.into()
        }
        Err(_) => day.to_string().into(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::repository::change::Destination;
    use crate::repository::testing::Sandbox;

    fn entry(pointer: Option<&str>, until: &str) -> Acceptance {
        Acceptance {
            server: "PROD".into(),
            schedule: "Payroll".into(),
            pointer: pointer.map(str::to_owned),
            reason: "the new \"machine\"".into(),
            owner: "Ann <ann@corp.example>".into(),
            until: until.parse().unwrap(),
        }
    }

    fn accepted(sandbox: &Sandbox, entry: &Acceptance) -> Result<Accepted, AcceptError> {
        let options = CommitOptions { destination: Destination::Head, message: None, push: false };
        let today = "2026-11-20".parse().unwrap();
        accept(&sandbox.repository(), entry, today, &options, &|| {})
    }

    #[test]
    fn entries_come_and_are_replaced_and_comments_stay() {
        let sandbox = Sandbox::new();
        let whole = entry(None, "2026-12-31");
        accepted(&sandbox, &whole).unwrap();
        let first = format!(
            "{NEW}[[accepted]]\nserver = \"PROD\"\nschedule = \"Payroll\"\nreason = 'the new \"machine\"'\nowner = \"Ann <ann@corp.example>\"\nuntil = 2026-12-31\n"
        );
        assert_eq!(sandbox.read(FILE), first);
        assert_eq!(
            sandbox.git(&["log", "-1", "--format=%s"]),
            "Drift of Payroll on PROD accepted until 2026-12-31: the new \\\"machine\\\""
        );
        assert!(accepted(&sandbox, &whole).unwrap().committed.is_none());
        sandbox.write(FILE, first.replace("2026-12-31", "2026-12-31 # ask Bob") + "\n# the end\n");
        sandbox.commit("Comments");
        let at = entry(Some("/scheduleList/0/startTime"), "2027-01-31");
        assert!(accepted(&sandbox, &at).unwrap().replaced.is_none());
        let longer = Acceptance { schedule: "PAYROLL".into(), ..entry(None, "2027-02-28") };
        assert_eq!(accepted(&sandbox, &longer).unwrap().replaced, Some(whole));
        let text = sandbox.read(FILE);
        assert!(text.starts_with(NEW) && text.contains("until = 2027-02-28 # ask Bob\n"), "{text}");
        assert!(text.contains("# the end"), "{text}");
        let read: DriftAccepted = read_toml(FILE, &text).unwrap();
        assert_eq!(read.entries, [longer, at]);
    }

    #[test]
    fn what_cannot_count_is_refused() {
        let sandbox = Sandbox::new();
        let refused = |entry: &Acceptance| accepted(&sandbox, entry).unwrap_err().to_string();
        assert_eq!(refused(&entry(None, "2026-11-19")), "2026-11-19 has passed already");
        assert_eq!(
            refused(&entry(Some("startTime"), "2026-11-20")),
            "`startTime` is not a JSON pointer such as `/scheduleList/0/startTime`"
        );
        let no_reason = Acceptance { reason: " ".into(), ..entry(None, "2026-11-20") };
        assert_eq!(refused(&no_reason), "an accepted difference needs a reason");
    }
}
