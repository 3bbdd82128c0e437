//! Reading what OpCon sends: fields under several names, in any case, numbers
//! and booleans as strings, unknown fields ignored; and both forms of errors.

use serde::Serialize;
use serde_json::Value;

/// One JSON object of an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wire<'a>(pub(crate) &'a Value);

impl<'a> Wire<'a> {
    /// The first of the names that is there and not null; the case of letters is free.
    pub(crate) fn get(self, names: &[&str]) -> Option<&'a Value> {
        let map = self.0.as_object()?;
        names
            .iter()
            .filter_map(|name| {
                map.get(*name).or_else(|| {
                    map.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
                })
            })
            .find(|value| !value.is_null())
    }

    pub(crate) fn text(self, names: &[&str]) -> Option<String> {
        text(self.get(names)?)
    }

    pub(crate) fn integer(self, names: &[&str]) -> Option<i64> {
        let value = self.get(names)?;
        value.as_i64().or_else(|| text(value)?.trim().parse().ok())
    }

    pub(crate) fn boolean(self, names: &[&str]) -> Option<bool> {
        match text(self.get(names)?)?.trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "y" => Some(true),
            "false" | "0" | "no" | "n" => Some(false),
            _ => None,
        }
    }

    pub(crate) fn object(self, names: &[&str]) -> Option<Wire<'a>> {
        self.get(names).filter(|value| value.is_object()).map(Wire)
    }

    pub(crate) fn items(self, names: &[&str]) -> impl Iterator<Item = Wire<'a>> {
        self.get(names).and_then(Value::as_array).into_iter().flatten().map(Wire)
    }

    /// The texts of an array whose items are texts or objects with one of the names.
    pub(crate) fn texts(self, names: &[&str], of_item: &[&str]) -> Vec<String> {
        self.items(names).filter_map(|item| text(item.0).or_else(|| item.text(of_item))).collect()
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

/// What can be read from one object of an answer.
pub(crate) trait FromWire: Sized {
    /// For messages: "a machine".
    const WHAT: &'static str;

    /// `None` if what makes it usable (its name) is missing.
    fn from_wire(wire: Wire<'_>) -> Option<Self>;
}

/// One complaint of an OpCon system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ErrorItem {
    /// The kind of thing it is about: "machine", "batchUser", "token".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// Which one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// OpCon's number for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<i64>,
    /// What is wrong, in OpCon's words.
    pub message: String,
}

impl std::fmt::Display for ErrorItem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.resource, &self.name) {
            (Some(resource), Some(name)) if !self.message.contains(name.as_str()) => {
                write!(f, "{resource} `{name}`: {}", self.message)
            }
            _ => f.write_str(&self.message),
        }
    }
}

/// The complaints in the body of a refusal: an array of `{resource,name,code,message}`,
/// or the ProblemDetails of newer controllers; empty if it is neither.
pub(crate) fn error_items(body: &[u8]) -> Vec<ErrorItem> {
    match serde_json::from_slice(body) {
        Ok(Value::Array(items)) => items.iter().filter_map(|item| api_error(Wire(item))).collect(),
        Ok(object @ Value::Object(_)) => {
            let wire = Wire(&object);
            let nested: Vec<_> = wire.items(&["errors"]).filter_map(api_error).collect();
            if nested.is_empty() { problem_details(wire) } else { nested }
        }
        _ => Vec::new(),
    }
}

fn api_error(wire: Wire<'_>) -> Option<ErrorItem> {
    let filled = |name| wire.text(&[name]).filter(|text| !text.trim().is_empty());
    Some(ErrorItem {
        resource: filled("resource"),
        name: filled("name"),
        code: wire.integer(&["code"]),
        message: filled("message")?,
    })
}

fn problem_details(wire: Wire<'_>) -> Vec<ErrorItem> {
    let code = wire.integer(&["status", "code"]);
    let fields = wire.object(&["errors"]).and_then(|errors| errors.0.as_object());
    if let Some(fields) = fields.filter(|fields| !fields.is_empty()) {
        let complaints = fields.iter().flat_map(|(field, messages)| {
            let messages = messages.as_array().into_iter().flatten().filter_map(text);
            messages.map(move |message| ErrorItem {
                resource: Some(field.clone()),
                name: None,
                code,
                message,
            })
        });
        return complaints.collect();
    }
    let message = match (wire.text(&["title"]), wire.text(&["detail", "message"])) {
        (Some(title), Some(detail)) => format!("{title}: {detail}"),
        (Some(only), None) | (None, Some(only)) => only,
        (None, None) => return Vec::new(),
    };
    vec![ErrorItem { resource: wire.text(&["resource"]), name: wire.text(&["name"]), code, message }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_are_found_however_they_are_written() {
        let value = json!({"Id": "17", "name": null, "jobName": "LOAD", "onHold": "True", "n": 4, "no": 0, "big": "x"});
        let wire = Wire(&value);
        assert_eq!(wire.integer(&["id"]), Some(17));
        assert_eq!(wire.text(&["name", "jobName"]).as_deref(), Some("LOAD"));
        assert_eq!(wire.boolean(&["onHold"]), Some(true));
        assert_eq!(wire.text(&["n"]).as_deref(), Some("4"));
        assert_eq!(wire.boolean(&["no"]), Some(false));
        assert_eq!(wire.integer(&["big"]), None);
        assert_eq!(wire.text(&["absent"]), None);
    }

    proptest::proptest! {
        #[test]
        fn any_refusal_can_be_read(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..80)) {
            error_items(&bytes);
            crate::opcon::error::first_words(&bytes);
        }
    }

    #[test]
    fn both_forms_of_errors() {
        let cases = [
            (
                json!([{"resource":"machine","name":"SRV1","code":"4","message":"does not exist"}]),
                vec!["machine `SRV1`: does not exist"],
            ),
            (
                json!([{"message":"Invalid token specified","resource":null,"code":0}]),
                vec!["Invalid token specified"],
            ),
            (json!({"title":"Not Found","status":404,"traceId":"x"}), vec!["Not Found"]),
            (json!({"title":"Bad","detail":"worse","status":"400"}), vec!["Bad: worse"]),
            (json!({"title":"invalid","errors":{"dates":["missing","empty"]}}), vec!["missing", "empty"]),
            (json!({"errors":[{"message":"first"},{"message":"second"}]}), vec!["first", "second"]),
            (json!({"id":1}), vec![]),
            (json!("text"), vec![]),
        ];
        for (body, expected) in cases {
            let items = error_items(body.to_string().as_bytes());
            assert_eq!(items.iter().map(ToString::to_string).collect::<Vec<_>>(), expected, "{body}");
        }
        assert_eq!(error_items(b"<html>"), []);
    }
}
