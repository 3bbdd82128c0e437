//! The vendor's JSON form as a readable script that does the same.

use std::fmt::Write as _;

use super::compile::RuleErrors;
use super::replace::Request;
use super::settings::Settings;
use super::vendor;

/// The script for a file of the vendor's form.
pub fn convert(name: &str, text: &str, settings: &Settings) -> Result<String, RuleErrors> {
    let rule = vendor::read(name, text, settings).map_err(RuleErrors)?;
    let mut out = format!("//! Converted from the transformation rules `{}`.\n", one_line(name));
    for remark in &rule.remarks {
        let _ = writeln!(out, "//! Passed over: {} (line {})", one_line(&remark.message), remark.line);
    }
    out.push('\n');
    let mut last = "";
    for (request, _) in &rule.entries {
        if !last.is_empty() && last != request.tag.name {
            out.push('\n');
        }
        last = &request.tag.name;
        let _ = writeln!(out, "{}", call(request));
    }
    if let Some(prefix) = &rule.environment {
        let _ = writeln!(out, "\nreplace(\"environment\", \"\", {});", quote(prefix));
    }
    Ok(out)
}

fn one_line(text: &str) -> String {
    text.replace(['\r', '\n'], " ")
}

fn call(request: &Request) -> String {
    let mut options = Vec::new();
    let given = &request.options;
    if given.partial {
        options.push("partial: true".to_owned());
    }
    for (key, name) in [("job", &given.job), ("schedule", &given.schedule)] {
        if let Some(name) = name {
            options.push(format!("{key}: {}", quote(name.as_str())));
        }
    }
    for (key, text) in [("current_contents", &given.current_contents), ("new_contents", &given.new_contents)]
    {
        if let Some(text) = text {
            options.push(format!("{key}: {}", quote(text)));
        }
    }
    let arguments = [&request.tag.name, &request.current, &request.new].map(|text| quote(text)).join(", ");
    match options.is_empty() {
        true => format!("replace({arguments});"),
        false => format!("replace({arguments}, #{{ {} }});", options.join(", ")),
    }
}

/// A text as a script writes it.
pub(crate) fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out.push('"');
    out
}
