//! The reference of rules, made from the tables that the engine itself uses.

use std::fmt::Write as _;

use super::convert::quote;
use super::engine::fields::{self, Kind, LISTS, Type};
use super::engine::functions::{FUNCTIONS, GIVEN};
use super::tags::{Tag, TagKind, TagTable};

/// The reference page: what scripts may call and read, and every tag.
pub fn reference_markdown(tags: &TagTable) -> String {
    let mut out =
        String::from("# Reference of rules\n\nGenerated from the program.\n\n## What scripts are given\n\n");
    for (word, about, properties) in GIVEN {
        let list: Vec<String> = properties.iter().map(|name| format!("`{word}.{name}`")).collect();
        let _ = writeln!(out, "- `{word}`: {about} {}", list.join(", "));
    }
    out.push_str("\n## Functions\n\n");
    for function in FUNCTIONS {
        let (signature, about, example) = (function.signature, function.about, function.example);
        let _ = writeln!(out, "### `{signature}`\n\n{about}\n\n```rhai\n{example}\n```\n");
    }
    out.push_str("## Items\n\n| call | answers |\n|---|---|\n");
    for list in LISTS {
        let of = list.owner.map(|owner| format!("{}.", owner.word())).unwrap_or_default();
        let _ = writeln!(out, "| `{of}{}([pattern])` | every {} |", list.name, list.kind.word());
        if !list.one.is_empty() {
            let _ = writeln!(out, "| `{of}{}(name)` | the {} of that name |", list.one, list.kind.word());
        }
    }
    for kind in Kind::ALL {
        let _ = writeln!(
            out,
            "\n### Properties of a {}\n\n| property | | stands at |\n|---|---|---|",
            kind.word()
        );
        for field in fields::of(*kind) {
            let places: Vec<String> = field.pointers.iter().map(|pointer| format!("`{pointer}`")).collect();
            let about = match field.of {
                Type::Texts => format!("{} A list; read only.", field.about),
                _ => field.about.to_owned(),
            };
            let _ =
                writeln!(out, "| `{}` | {} | {} |", field.name, about.replace('|', "\\|"), places.join(", "));
        }
    }
    out.push_str("\n## Tags\n");
    for tag in tags.iter() {
        let _ = write!(out, "\n{}", tag_markdown(tag, tags));
    }
    out
}

/// The part of the reference about one tag.
pub fn tag_markdown(tag: &Tag, tags: &TagTable) -> String {
    let mut out = format!("### {}\n\n{}\n\n", tag.name, tag.about);
    if !tag.spellings.is_empty() {
        let _ = writeln!(out, "- also spelled: {}", tag.spellings.join(", "));
    }
    let options = options(tag);
    if !options.is_empty() {
        let _ = writeln!(out, "- options: {}", options.join(", "));
    }
    let places: Vec<String> = tag.places().map(|place| format!("`{place}`")).collect();
    if !places.is_empty() {
        let _ = writeln!(out, "- places: {}", places.join(", "));
    }
    if tag.follows_references() {
        let more = tags.event_places.iter().chain(&tags.token_places);
        let more: Vec<String> = more.map(|place| format!("`{place}`")).collect();
        let _ = writeln!(out, "- followed through events and tokens: {}", more.join(", "));
    }
    for example in &tag.examples {
        let options =
            if example.options.is_empty() { String::new() } else { format!(", {}", example.options) };
        let (name, current, new) = (quote(&tag.name), quote(&example.current), quote(&example.new));
        let _ = writeln!(out, "\n```rhai\nreplace({name}, {current}, {new}{options});\n```");
    }
    out
}

fn options(tag: &Tag) -> Vec<&'static str> {
    let mut options = Vec::new();
    if tag.takes_partial() {
        options.push("`partial`");
    }
    if tag.takes_job() {
        options.push("`job`");
    }
    if tag.takes_schedule() {
        options.push("`schedule`");
    }
    if tag.takes_contents() {
        options.push("`current_contents`");
        options.push("`new_contents`");
    }
    if tag.kind != TagKind::Environment {
        options.push("`optional`");
        options.push("`strict`");
    }
    options
}
