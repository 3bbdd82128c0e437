//! The reference pages that are made from the program: a test checks that they
//! are current, `SNAPSHOTS=overwrite cargo test -p deploy-cli reference` writes them.

use clap::CommandFactory;
use deploy_core::repository::check::codes;
use deploy_core::rules::reference_markdown;
use deploy_core::rules::tags::TagTable;
use snapbox::{assert_data_eq, file};

use crate::cli::Cli;

const NOTE: &str =
    "<!-- Made from the program: `SNAPSHOTS=overwrite cargo test -p deploy-cli reference` -->\n";

/// The help of every command.
fn commands() -> String {
    let mut text = format!("# Commands\n\n{NOTE}");
    let mut root = Cli::command().term_width(100).disable_help_subcommand(true);
    root.build();
    section(&mut root, 2, &mut text);
    text
}

fn section(command: &mut clap::Command, depth: usize, text: &mut String) {
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name()).to_owned();
    let help = command.render_long_help().to_string();
    let help: Vec<&str> = help.lines().map(str::trim_end).collect();
    text.push_str(&format!(
        "\n{} `{name}`\n\n```text\n{}\n```\n",
        "#".repeat(depth),
        help.join("\n").trim_end()
    ));
    for sub in command.get_subcommands_mut().filter(|sub| !sub.is_hide_set()) {
        section(sub, depth.max(2) + usize::from(depth > 2 || name.contains(' ')), text);
    }
}

/// Everything `check` can find.
fn check_codes() -> String {
    let mut text = format!(
        "# What `check` can find\n\n{NOTE}\nErrors and warnings end `opcon-deploy check` with exit code 3; notes alone do not.\nThe codes are stable.\n\n| Code | Severity | Meaning |\n|---|---|---|\n"
    );
    for row in codes() {
        text.push_str(&format!("| `{}` | {} | {} |\n", row.code, row.severity, row.meaning));
    }
    text
}

/// Functions, properties and tags of rules.
fn rules() -> String {
    let tags = TagTable::built_in().unwrap_or_default();
    reference_markdown(&tags).replacen("Generated from the program.\n", NOTE, 1)
}

#[test]
fn the_reference_of_rules_is_current() {
    assert_data_eq!(rules(), file!["../../docs/reference/rules.md"].raw());
}

#[test]
fn the_reference_of_commands_is_current() {
    assert_data_eq!(commands(), file!["../../docs/reference/commands.md"].raw());
}

#[test]
fn the_reference_of_check_codes_is_current() {
    assert_data_eq!(check_codes(), file!["../../docs/reference/check-codes.md"].raw());
}

#[test]
fn every_command_that_does_something_has_examples() {
    fn walk(command: &clap::Command) {
        if command.get_subcommands().next().is_some() {
            command.get_subcommands().for_each(walk);
        } else {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            // What git runs says instead how git runs it.
            let says_how = help.starts_with("Examples:") || help.starts_with("Wired by");
            assert!(says_how, "{}", command.get_name());
        }
    }
    let mut root = Cli::command().disable_help_subcommand(true);
    root.build();
    walk(&root);
}
