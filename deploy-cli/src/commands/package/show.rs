//! `package show`: what is in a package, at which versions.

use clap::Args;
use clap_complete::ArgValueCandidates;
use deploy_core::definition::encode;
use deploy_core::repository::history::{History, Version};
use deploy_core::repository::layout::Kind;
use deploy_core::repository::package::{Package, Pin};
use deploy_core::repository::resolve::{ResolveError, resolve};
use serde_json::json;

use super::super::completions::packages;
use super::super::{history, open};
use crate::cli::Global;
use crate::ui::{Table, Ui, count, one_line, style, styled};
use crate::{CommandResult, Exit};

/// Show a package: its schedules, their versions, its rules
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy package show FINANCE\n  opcon-deploy package show FINANCE@2\n  opcon-deploy package show FINANCE@quarter-end --json"
)]
pub(super) struct ShowArgs {
    /// The package: NAME, NAME@3 or NAME@REF
    #[arg(value_name = "PACKAGE", add = ArgValueCandidates::new(packages))]
    name: String,
}

pub(super) fn run(args: ShowArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    let history = history(&repository, ui)?;
    let name = args.name.strip_prefix("package:").unwrap_or(&args.name);
    let found = resolve(&repository, &history, Kind::Package, name).or_else(|error| match error {
        // Not on main; it may be on the branch that is checked out.
        ResolveError::Unknown { .. } => {
            resolve(&repository, &history, Kind::Package, &format!("{name}@HEAD")).map_err(|_| error)
        }
        error => Err(error),
    })?;
    let package = Package::of_blob(repository.git2(), &found.path, found.blob)?;
    let rows: Vec<Row> = package.schedules.iter().map(|pin| row(pin, &history)).collect();
    if ui.is_json() {
        let schedules: Vec<_> = package
            .schedules
            .iter()
            .zip(&rows)
            .map(|(pin, row)| {
                json!({
                    "name": pin.name, "version": row.version, "commit": pin.commit, "blob": pin.blob,
                    "latest": row.latest,
                })
            })
            .collect();
        let value = json!({
            "name": found.name, "version": found.number, "commit": found.commit.to_string(), "path": found.path,
            "description": package.description, "rules": package.rules, "formerly": package.formerly,
            "schedules": schedules,
        });
        ui.json("package", &value)?;
        return Ok(Exit::Done);
    }
    let version =
        found.number.map_or_else(|| found.commit.to_string()[..8].to_owned(), |n| format!("version {n}"));
    ui.line(format!("{}  {version}", styled(style::HEADING, one_line(&found.name))));
    let said = [
        ("Description", package.description.clone()),
        ("Rules", package.rules.join(", ")),
        ("Formerly", package.formerly.join(", ")),
    ];
    for (label, text) in said.iter().filter(|(_, text)| !text.is_empty()) {
        ui.line(format!("{label}: {}", one_line(text)));
    }
    let mut table = Table::new(["SCHEDULE", "VERSION", "LATEST", "BLOB"]).right(1).right(2);
    let number = |number: Option<usize>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
    for (pin, row) in package.schedules.iter().zip(&rows) {
        let blob: String = pin.blob.chars().take(8).collect();
        table.row([&pin.name, &number(row.version), &number(row.latest), &blob]);
    }
    if !table.is_empty() {
        ui.line("");
        ui.print(&table.to_string());
    }
    let behind = rows.iter().filter(|row| row.version.is_some() && row.version < row.latest).count();
    if behind > 0 {
        ui.hint(format!(
            "{} behind the latest version: `opcon-deploy package update \"{}\"` moves the pins",
            count(behind, "schedule"),
            found.name
        ));
    }
    Ok(Exit::Done)
}

/// What main says of a pinned schedule.
struct Row {
    version: Option<usize>,
    latest: Option<usize>,
}

fn row(pin: &Pin, history: &History) -> Row {
    let versions = history.versions(Kind::Schedule, &encode(&pin.name));
    let of_blob = |version: &&Version| version.blob.is_some_and(|blob| blob.to_string() == pin.blob);
    Row {
        // A pin made on another branch may have become a version.
        version: pin.version.or_else(|| versions.iter().rev().find(of_blob).map(|version| version.number)),
        latest: versions.last().map(|version| version.number),
    }
}
