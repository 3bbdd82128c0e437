//! Deployment information: one line of JSON at the start of a schedule's
//! documentation field, by which a target tells what was deployed to it.
//!
//! The field is short. Where the whole line does not fit beside the text that
//! people wrote, it is reduced to the id of the record; only where even that
//! does not fit is text cut, and what is left of it counts as equal to the whole.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How the line begins; nothing else in a documentation field looks like it.
pub const PREFIX: &str = "{\"opcon-deploy\":";

/// How many characters OpCon takes in a documentation field.
pub const LIMIT: usize = 4000;

/// What stands at the end of a text that was cut.
const CUT: &str = " […cut by opcon-deploy]";

/// What a target tells of the deployment that brought a schedule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Information {
    /// The version in the repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The package, with its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    /// Why.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The id of the record.
    pub record: String,
    /// Who.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub user: String,
    /// When.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub date: String,
}

/// The line as it stands in the field.
#[derive(Serialize, Deserialize)]
struct Line {
    #[serde(rename = "opcon-deploy")]
    information: Information,
}

/// What became of the text that people wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Whether it had to be cut.
    pub cut: bool,
}

/// The documentation without the deployment information.
pub fn without(documentation: &str) -> &str {
    if !documentation.starts_with(PREFIX) {
        return documentation;
    }
    documentation.split_once('\n').map_or("", |(_, rest)| rest)
}

/// The deployment information of a documentation, where there is some that can be read.
pub fn read(documentation: &str) -> Option<Information> {
    let line = documentation.lines().next().filter(|line| line.starts_with(PREFIX))?;
    serde_json::from_str::<Line>(line).ok().map(|line| line.information)
}

/// The deployment information of a schedule.
pub fn of_schedule(schedule: &Value) -> Option<Information> {
    schedule.get("documentation").and_then(Value::as_str).and_then(read)
}

/// Writes deployment information into a schedule, in the place of what is there.
pub fn write(schedule: &mut Value, information: &Information, limit: usize) -> Written {
    let text = schedule.get("documentation").and_then(Value::as_str).map(without).unwrap_or_default();
    let (documentation, written) = with(text, information, limit);
    if let Some(schedule) = schedule.as_object_mut() {
        schedule.insert("documentation".to_owned(), Value::String(documentation));
    }
    written
}

/// A text of people with deployment information before it.
fn with(text: &str, information: &Information, limit: usize) -> (String, Written) {
    let reduced = Information { record: information.record.clone(), ..Information::default() };
    let (whole, reduced) = (line(information), line(&reduced));
    let (length, break_) = (text.chars().count(), usize::from(!text.is_empty()));
    let fits = |line: &str| line.chars().count() + break_ + length <= limit;
    let joined = |line: &str, text: &str| match text {
        "" => line.to_owned(),
        text => format!("{line}\n{text}"),
    };
    if let Some(line) = [&whole, &reduced].into_iter().find(|line| fits(line)) {
        return (joined(line, text), Written { cut: false });
    }
    let room = limit.saturating_sub(reduced.chars().count() + break_ + CUT.chars().count());
    let kept: String = text.chars().take(room).collect();
    (joined(&reduced, &format!("{kept}{CUT}")), Written { cut: true })
}

/// How many characters of a schedule's documentation have to go where deployment
/// information is written into it.
pub fn missing_room(schedule: &Value) -> usize {
    // Every id is as long as any other.
    const ID: &str = "00000000-0000-0000-0000-000000000000";
    let text = text_of(schedule.get("documentation"));
    let information = Information { record: ID.to_owned(), ..Information::default() };
    let (_, written) = with(text, &information, LIMIT);
    if !written.cut {
        return 0;
    }
    let room = LIMIT.saturating_sub(line(&information).chars().count() + 1 + CUT.chars().count());
    text.chars().count().saturating_sub(room)
}

/// Takes deployment information out of a schedule.
pub fn remove(schedule: &mut Value) {
    if let Some(Value::String(documentation)) = schedule.get_mut("documentation")
        && documentation.starts_with(PREFIX)
    {
        *documentation = without(documentation).to_owned();
    }
}

fn line(information: &Information) -> String {
    serde_json::to_string(&Line { information: information.clone() }).unwrap_or_default()
}

/// Whether two documentations say the same to people; none says what an empty one says.
pub(crate) fn same(a: Option<&Value>, b: Option<&Value>) -> bool {
    match (a, b) {
        (None | Some(Value::Null | Value::String(_)), None | Some(Value::Null | Value::String(_))) => {
            let (a, b) = (text_of(a), text_of(b));
            a == b || is_cut_of(a, b) || is_cut_of(b, a)
        }
        (a, b) => a == b,
    }
}

/// The text of people in a documentation.
pub(crate) fn text_of(documentation: Option<&Value>) -> &str {
    documentation.and_then(Value::as_str).map(without).unwrap_or_default()
}

/// Whether one text is what was left of another.
fn is_cut_of(cut: &str, whole: &str) -> bool {
    let whole = whole.strip_suffix(CUT).unwrap_or(whole);
    cut.strip_suffix(CUT).is_some_and(|kept| whole.starts_with(kept))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn information() -> Information {
        Information {
            version: Some("3".into()),
            package: Some("FINANCE@2".into()),
            description: "quarter\nend".into(),
            record: "01".into(),
            user: "Ann".into(),
            date: "2026-11-20T06:00:00Z".into(),
        }
    }

    fn written(text: &str, limit: usize) -> (String, bool) {
        let mut schedule = json!({"name": "P", "documentation": text});
        let written = write(&mut schedule, &information(), limit);
        (schedule["documentation"].as_str().unwrap().to_owned(), written.cut)
    }

    #[test]
    fn it_stands_before_the_text_and_takes_the_place_of_the_former() {
        let (once, cut) = written("Call Ann.", LIMIT);
        assert!(!cut);
        assert_eq!(
            once,
            "{\"opcon-deploy\":{\"version\":\"3\",\"package\":\"FINANCE@2\",\"description\":\"quarter\\nend\",\
             \"record\":\"01\",\"user\":\"Ann\",\"date\":\"2026-11-20T06:00:00Z\"}}\nCall Ann."
        );
        assert_eq!(written(&once, LIMIT).0, once);
        assert_eq!(read(&once), Some(information()));
        assert_eq!(without(&once), "Call Ann.");
        let mut schedule = json!({"name": "P"});
        write(&mut schedule, &information(), LIMIT);
        assert!(!schedule["documentation"].as_str().unwrap().contains('\n'));
        assert_eq!(of_schedule(&schedule), Some(information()));
    }

    #[test]
    fn it_makes_room_for_the_text() {
        let reduced = "{\"opcon-deploy\":{\"record\":\"01\"}}";
        let most = LIMIT - reduced.len() - 1;
        let (text, cut) = written(&"ä".repeat(most), LIMIT);
        assert!(!cut && text.starts_with(reduced), "{text}");
        assert_eq!(text.chars().count(), LIMIT);
        let whole = "ä".repeat(most + 1);
        let (text, cut) = written(&whole, LIMIT);
        assert!(cut && text.starts_with(reduced) && text.ends_with(CUT));
        assert_eq!(text.chars().count(), LIMIT);
        assert!(same(Some(&json!(text)), Some(&json!(whole))));
        assert!(same(Some(&json!(whole)), Some(&json!(text))));
        assert!(!same(Some(&json!(text)), Some(&json!(whole.replacen('ä', "x", 1)))));
        let room = |length: usize| missing_room(&json!({"documentation": "x".repeat(length)}));
        let most = LIMIT - "{\"opcon-deploy\":{\"record\":\"\"}}".len() - 36 - 1;
        assert_eq!((room(0), room(most)), (0, 0));
        assert_eq!(room(most + 1), 1 + CUT.chars().count());
    }

    #[test]
    fn none_says_what_an_empty_one_says() {
        let (line, _) = written("", LIMIT);
        for other in [None, Some(json!(null)), Some(json!(""))] {
            assert!(same(Some(&json!(line)), other.as_ref()));
        }
        assert!(!same(Some(&json!(line)), Some(&json!("x"))));
        assert!(!same(Some(&json!(["x"])), None));
    }

    #[test]
    fn what_is_no_information_is_text() {
        for text in ["{\"opcon-deploy\":{\"record\":\"01", "opcon-deploy", "", "{\"opcon-deploy\":7}"] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(without("plain\ntext"), "plain\ntext");
    }
}
