//! The trailers of a commit on the records branch: one block for each record it changes.

use std::borrow::Cow;

use serde::Serialize;

use super::{Person, Record, RecordId, Status};

/// The key that begins a block.
pub(super) const RECORD_ID: &str = "Record-Id";

/// One block: what a commit says of one record. The first key is `Record-Id`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The record.
    pub id: RecordId,
    /// The other keys in their order, each value on one line.
    pub fields: Vec<(String, String)>,
}

impl Block {
    /// All that lists show of a record.
    pub fn of(record: &Record) -> Self {
        let mut block = Self { id: record.id, fields: Vec::new() };
        block.set("Action", word(&record.action));
        block.set("Kind", word(&record.kind));
        block.set("Server", record.server.clone());
        block.set("Name", record.name.clone());
        block.set_some("Original-Name", record.original_name.clone());
        block.set_some("Version", record.source.version.map(|version| version.to_string()));
        block.set_some("Blob", record.source.blob.clone());
        block.set("Status", word(&record.status));
        block.set("Phase", word(&record.phase));
        block.set("User", record.user.to_string());
        block.set_some("Runner", record.runner.as_ref().map(ToString::to_string));
        block.set_some("Role", record.user.role.clone());
        block.set_some(
            "Package",
            record.package.as_ref().map(|package| match package.version {
                Some(version) => format!("{}@{version}", package.name),
                None => package.name.clone(),
            }),
        );
        let rules: Vec<String> = record
            .rules
            .iter()
            .filter(|rule| rule.level != "import")
            .map(|rule| match rule.version {
                Some(version) => format!("{}@{version}", rule.name),
                None => rule.name.clone(),
            })
            .collect();
        block.set_some("Rules", (!rules.is_empty()).then(|| rules.join(", ")));
        block.set_some("Tag", record.told.tag.clone());
        let description = Some(record.told.description.clone()).filter(|text| !text.is_empty());
        block.set_some("Description", description);
        block.set_some("Transaction-Id", record.transaction.map(|id| id.to_string()));
        block.set_some("Undoes", record.undoes.map(|id| id.to_string()));
        block.set_some("Deployed", record.deployed.as_ref().map(ToString::to_string));
        block.set_some("Offline", record.offline.then(|| "yes".to_owned()));
        // What waited may end long after it was recorded, by other people's doing.
        let settings = record.scheduled.as_ref().and(record.settings.clone());
        block.set_some("Settings", settings);
        block.set_some("At", record.scheduled.as_ref().map(|scheduled| scheduled.at.to_rfc3339()));
        block.set_some("Reason", record.reason.clone());
        block
    }

    /// Only that a record's status changed: another record took its place.
    pub fn status(record: &Record) -> Self {
        let mut block = Self { id: record.id, fields: Vec::new() };
        block.set("Server", record.server.clone());
        block.set("Name", record.name.clone());
        block.set("Status", word(&record.status));
        block
    }

    /// Somebody says that it does not stand there; no other record took its place.
    pub fn forgotten(record: &Record, by: &Person, reason: &str) -> Self {
        let mut block = Self::status(&Record { status: Status::Inactive, ..record.clone() });
        block.set("By", by.to_string());
        block.set("Reason", reason.to_owned());
        block
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.fields.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// Appends its lines.
    pub fn write_to(&self, out: &mut String) {
        out.push_str(&format!("{RECORD_ID}: {}\n", self.id));
        for (key, value) in &self.fields {
            out.push_str(&format!("{key}: {}\n", one_line(value)));
        }
    }

    fn set(&mut self, key: &str, value: String) {
        self.fields.push((key.to_owned(), value));
    }

    fn set_some(&mut self, key: &str, value: Option<String>) {
        if let Some(value) = value {
            self.set(key, value);
        }
    }
}

/// The blocks of a commit message.
pub fn parse_blocks(message: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for line in message.lines() {
        let Some((key, value)) = line.split_once(": ") else { continue };
        if key == RECORD_ID {
            if let Ok(id) = value.trim().parse() {
                blocks.push(Block { id, fields: Vec::new() });
            }
        } else if let Some(block) = blocks.last_mut() {
            block.fields.push((key.to_owned(), many_lines(value).into_owned()));
        }
    }
    blocks
}

/// A trailer is one line, whatever is in the value.
fn one_line(value: &str) -> String {
    let mut line = String::with_capacity(value.len());
    for character in value.chars() {
        match character {
            '\\' => line.push_str("\\\\"),
            '\n' => line.push_str("\\n"),
            control if control.is_control() => line.extend(control.escape_unicode()),
            other => line.push(other),
        }
    }
    if line.ends_with(' ') {
        // Git prints messages without the blanks at the ends of lines.
        line.pop();
        line.push_str("\\u{20}");
    }
    line
}

/// A value as it was before it became one line.
pub(super) fn many_lines(line: &str) -> Cow<'_, str> {
    if !line.contains('\\') {
        return Cow::Borrowed(line);
    }
    let mut value = String::with_capacity(line.len());
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match (character, character == '\\') {
            (_, true) => match characters.next() {
                Some('n') => value.push('\n'),
                Some('u') => {
                    let code: String = characters.by_ref().skip(1).take_while(|c| *c != '}').collect();
                    value.extend(u32::from_str_radix(&code, 16).ok().and_then(char::from_u32));
                }
                Some(other) => value.push(other),
                None => {}
            },
            (other, false) => value.push(other),
        }
    }
    Cow::Owned(value)
}

/// The one word that an enum is in files.
fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_value_survives_one_line() {
        for text in ["plain", "two\nlines: a\\n", "\\", "bell\u{7}", "C:\\new\\users", "ends  ", ""] {
            let block = Block { id: RecordId::new(), fields: vec![("Reason".into(), text.into())] };
            let mut message = "Subject\n\n".to_owned();
            block.write_to(&mut message);
            assert_eq!(parse_blocks(&message), [block]);
        }
    }
}
