//! The vendor's JSON form of transformation rules.

mod locate;

use serde_json::{Map, Value};

use locate::{Step, locate};

use super::diagnostic::{Diagnostic, nearest};
use super::replace::{At, Options, Request, Wildcard};
use super::settings::Settings;
use super::tags::TagKind;
use crate::definition::{ReadError, read_json};

/// A file of the vendor's form, ready to be applied.
#[derive(Debug, Clone)]
pub(crate) struct VendorRule {
    pub(crate) environment: Option<String>,
    pub(crate) entries: Vec<(Request, At)>,
    /// Keys that were passed over.
    pub(crate) remarks: Vec<Diagnostic>,
}

/// Keys of an entry: ours, and the spellings seen in the wild.
const KEYS: &[(&str, &str)] = &[
    ("tagId", "tagId"),
    ("tagID", "tagId"),
    ("tag_id", "tagId"),
    ("scheduleName", "scheduleName"),
    ("schedule_name", "scheduleName"),
    ("jobName", "jobName"),
    ("job_name", "jobName"),
    ("currentValue", "currentValue"),
    ("current_value", "currentValue"),
    ("currentValueContents", "currentValueContents"),
    ("current_value_contents", "currentValueContents"),
    ("newValue", "newValue"),
    ("new_value", "newValue"),
    ("newValueContents", "newValueContents"),
    ("new_value_contents", "newValueContents"),
    ("partialUpdate", "partialUpdate"),
    ("partial_update", "partialUpdate"),
];

const LISTS: &[&str] = &["transformationsList", "transformationList"];

/// Reads a file; all that is wrong with it is told at once.
pub(crate) fn read(rule: &str, text: &str, settings: &Settings) -> Result<VendorRule, Vec<Diagnostic>> {
    let root = match read_json(text.as_bytes()) {
        Ok(root) => root,
        Err(error) => return Err(vec![json_error(rule, text, &error)]),
    };
    let mut reader = Reader { rule, text, settings, errors: Vec::new(), remarks: Vec::new() };
    let vendor = reader.file(&root);
    match (vendor, reader.errors.is_empty()) {
        (Some(vendor), true) => Ok(vendor),
        _ => Err(reader.errors),
    }
}

fn json_error(rule: &str, text: &str, error: &ReadError) -> Diagnostic {
    let ReadError::Json { message, line, column } = error else {
        return Diagnostic::at(rule, text, 0, 0, error.to_string());
    };
    let here = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    let rest: String = here.chars().skip(column.saturating_sub(1)).collect();
    let is_comment = rest.starts_with("//") || rest.starts_with("/*");
    let message = if is_comment { "JSON takes no comments".to_owned() } else { message.clone() };
    Diagnostic::at(rule, text, *line, *column, message)
}

struct Reader<'r> {
    rule: &'r str,
    text: &'r str,
    settings: &'r Settings,
    errors: Vec<Diagnostic>,
    remarks: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn place(&self, path: &[Step<'_>]) -> At {
        locate(self.text, path).unwrap_or_default()
    }

    fn diagnostic(&self, path: &[Step<'_>], message: impl Into<String>) -> Diagnostic {
        let at = self.place(path);
        Diagnostic::at(self.rule, self.text, at.line, at.column, message)
    }

    fn error(&mut self, path: &[Step<'_>], message: impl Into<String>) {
        let error = self.diagnostic(path, message);
        self.errors.push(error);
    }

    fn file(&mut self, root: &Value) -> Option<VendorRule> {
        let Some(map) = root.as_object() else {
            self.error(&[], "a file of transformation rules is a JSON object with a `transformationsList`");
            return None;
        };
        let mut environment = None;
        let mut entries = Vec::new();
        let mut lists = 0;
        for (key, value) in map {
            let path = [Step::Key(key)];
            match key.as_str() {
                "environment" => environment = self.text_of(value, &path).filter(|text| !text.is_empty()),
                list if LISTS.contains(&list) => {
                    lists += 1;
                    match value {
                        Value::Array(items) => {
                            for (at, item) in items.iter().enumerate() {
                                entries.extend(self.entry(item, key, at));
                            }
                        }
                        Value::Null => {}
                        _ => self.error(&path, format!("`{key}` is a list of entries")),
                    }
                }
                other => self.unknown_key(other, &path, LISTS.iter().copied().chain(["environment"])),
            }
        }
        if lists == 0 && environment.is_none() {
            self.error(&[], "neither a `transformationsList` nor an `environment` in it");
        }
        let remarks = std::mem::take(&mut self.remarks);
        Some(VendorRule { environment, entries, remarks })
    }

    /// A near miss is an error; a key of another purpose is a remark.
    fn unknown_key<'n>(&mut self, key: &str, path: &[Step<'_>], known: impl Iterator<Item = &'n str>) {
        let near = nearest(key, known);
        let found = self.diagnostic(path, format!("unknown key `{key}`")).with_near(near);
        if found.near.is_empty() { self.remarks.push(found) } else { self.errors.push(found) }
    }

    fn text_of(&mut self, value: &Value, path: &[Step<'_>]) -> Option<String> {
        match value {
            Value::Null => Some(String::new()),
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(flag) => Some(flag.to_string()),
            _ => {
                self.error(path, "this has to be a text");
                None
            }
        }
    }

    fn entry(&mut self, item: &Value, list: &str, at: usize) -> Option<(Request, At)> {
        let here = [Step::Key(list), Step::Index(at)];
        let Some(map) = item.as_object() else {
            self.error(&here, "an entry is an object with a `tagId`");
            return None;
        };
        let before = self.errors.len();
        let fields = self.fields(map, &here);
        let text = |key: &str| fields.get(key).map(String::as_str).unwrap_or_default();
        let partial = match text("partialUpdate") {
            "" => false,
            flag if flag.eq_ignore_ascii_case("true") => true,
            flag if flag.eq_ignore_ascii_case("false") => false,
            _ => {
                self.error(&path_of(&here, map, "partialUpdate"), "`partialUpdate` is true or false");
                false
            }
        };
        let id = text("tagId");
        let id_path = path_of(&here, map, "tagId");
        if id.is_empty() {
            self.error(&here, "this entry has no `tagId`");
            return None;
        }
        let tags = std::sync::Arc::clone(&self.settings.tags);
        let Some(tag) = tags.get(id.trim()) else {
            let error = self.diagnostic(&id_path, format!("unknown tag `{id}`")).with_near(tags.nearest(id));
            self.errors.push(error);
            return None;
        };
        let some = |key: &str| Some(text(key).to_owned()).filter(|text| !text.is_empty());
        let mut options = Options {
            partial,
            job: Wildcard::new(text("jobName")),
            schedule: Wildcard::new(text("scheduleName")),
            current_contents: some("currentValueContents"),
            new_contents: some("newValueContents"),
            ..Options::default()
        };
        // The vendor's editor writes every field for every tag.
        if !tag.takes_contents() {
            (options.current_contents, options.new_contents) = (None, None);
        }
        let means_nothing = matches!(
            tag.kind,
            TagKind::MovePackage
                | TagKind::Mask
                | TagKind::RoleAdd
                | TagKind::Time
                | TagKind::UseExistingFrequencies
        );
        options.partial &= !means_nothing;
        let ignored = [("jobName", tag.takes_job()), ("scheduleName", tag.takes_schedule())];
        for (key, _) in ignored.into_iter().filter(|(key, takes)| !takes && !text(key).is_empty()) {
            let message = format!("`{}` takes no `{key}`: it is passed over", tag.name);
            let remark = self.diagnostic(&path_of(&here, map, key), message);
            self.remarks.push(remark);
        }
        if !tag.takes_job() {
            options.job = None;
        }
        if !tag.takes_schedule() {
            options.schedule = None;
        }
        let request = Request {
            tag: std::sync::Arc::clone(tag),
            current: text("currentValue").to_owned(),
            new: text("newValue").to_owned(),
            options,
        };
        if let Err(message) = request.check() {
            self.error(&here, message);
        }
        (self.errors.len() == before).then(|| (request, self.place(&id_path)))
    }

    /// The fields of an entry as text, by the vendor's usual spelling.
    fn fields(
        &mut self,
        map: &Map<String, Value>,
        here: &[Step<'_>],
    ) -> std::collections::HashMap<&'static str, String> {
        let mut fields = std::collections::HashMap::new();
        for (key, value) in map {
            let path: Vec<Step<'_>> = here.iter().copied().chain([Step::Key(key)]).collect();
            match KEYS.iter().find(|(spelling, _)| spelling == key) {
                Some((_, usual)) => {
                    if let Some(text) = self.text_of(value, &path) {
                        fields.insert(*usual, text);
                    }
                }
                None => self.unknown_key(key, &path, KEYS.iter().map(|(spelling, _)| *spelling)),
            }
        }
        fields
    }
}

/// The path to a field, in the spelling that this entry uses.
fn path_of<'p>(here: &[Step<'p>], map: &'p Map<String, Value>, usual: &str) -> Vec<Step<'p>> {
    let key = map.keys().find(|key| KEYS.iter().any(|(s, u)| s == key && *u == usual));
    here.iter().copied().chain(key.map(|key| Step::Key(key))).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<VendorRule, Vec<Diagnostic>> {
        read("vendor", text, &Settings::new().unwrap())
    }

    #[test]
    fn entries_are_read_in_every_spelling() {
        let text = "\u{feff}{ \"environment\": \"TST\", \"transformationList\": [\n\
            {\"tagID\": \"Job_Machine_Name\", \"jobName\": \"JOB01*\", \"currentValue\": 5, \"newValue\": null,\n\
             \"partialUpdate\": \"TRUE\", \"currentValueContents\": \"\"},\n\
            {\"tag_id\": \"MCP_User_Code\", \"current_value\": \"a\", \"new_value\": \"b\", \"comment\": \"x\"} ] }";
        let rule = parse(text).unwrap();
        assert_eq!(rule.environment.as_deref(), Some("TST"));
        let (first, at) = &rule.entries[0];
        assert_eq!((first.current.as_str(), first.new.as_str(), first.options.partial), ("5", "", true));
        assert_eq!(first.options.job.as_ref().unwrap().as_str(), "JOB01*");
        assert_eq!((at.line, at.column), (2, 2));
        assert_eq!(rule.entries[1].0.tag.name, "MCP_User");
        assert_eq!(rule.remarks[0].message, "unknown key `comment`");
    }

    #[test]
    fn wrong_files_are_told_where_and_why() {
        let entry = |body: &str| format!("{{\n \"transformationsList\": [\n  {{{body}}}\n ]\n}}");
        let cases = [
            ("[]".to_owned(), 1, 1, "is a JSON object"),
            ("{}".to_owned(), 1, 1, "neither a `transformationsList`"),
            ("{\n // no\n}".to_owned(), 2, 2, "JSON takes no comments"),
            (entry("\"tagId\": \"Job_Machin_Name\""), 3, 4, "did you mean `Job_Machine_Name`"),
            (entry("\"newValue\": \"x\""), 3, 3, "has no `tagId`"),
            (entry("\"tagId\": \"Job_Name\", \"curentValue\": \"x\""), 3, 25, "did you mean `currentValue`"),
            (entry("\"tagId\": \"Job_Name\", \"currentValue\": [1]"), 3, 25, "has to be a text"),
            (
                entry("\"tagId\": \"Job_Name\", \"currentValue\": \"x\", \"partialUpdate\": \"si\""),
                3,
                46,
                "true or false",
            ),
            (entry("\"tagId\": \"Schedule_Start_Time\", \"currentValue\": \"6\""), 3, 3, "`HH:MM`"),
            ("{\"transformationsList\": {}}".to_owned(), 1, 2, "list of entries"),
            ("{\"transformationsList\": [7]}".to_owned(), 1, 26, "an entry is an object"),
        ];
        for (text, line, column, message) in cases {
            let errors = parse(&text).unwrap_err();
            let error = &errors[0];
            assert!(error.to_string().contains(message), "{text}\n{error}");
            assert_eq!((error.line, error.column), (line, column), "{text}\n{error}");
        }
    }
}
