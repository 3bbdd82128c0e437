//! `show`: one definition, readable.

use clap::Args;
use clap_complete::ArgValueCandidates;
use deploy_core::definition::{Definition, NamedValue, Overview, ScheduleView, overview};
use deploy_core::repository::layout::Kind;
use deploy_core::repository::resolve::resolve;

use super::{history, open};
use crate::cli::Global;
use crate::ui::{Table, Ui, count, one_line, style, styled};
use crate::{CommandResult, Exit};

/// Show a schedule: header, jobs, dependencies, properties
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy show Payroll\n  opcon-deploy show Payroll@3\n  opcon-deploy show Payroll --json > Payroll.json"
)]
pub struct ShowArgs {
    /// The schedule, with a version if not the latest
    #[arg(value_name = "NAME[@V]", add = ArgValueCandidates::new(super::completions::schedules))]
    name: String,
}

pub(super) fn run(args: ShowArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    let history = history(&repository, ui)?;
    let found = resolve(&repository, &history, Kind::Schedule, &args.name)?;
    let definition = repository.definition(&found)?;
    if ui.is_json() {
        ui.bytes(&definition.to_bytes());
        return Ok(Exit::Done);
    }
    ui.line(format!(
        "{}  {}",
        styled(style::HEADING, one_line(&found.label())),
        styled(style::DIM, &found.path)
    ));
    print(&definition, ui);
    Ok(Exit::Done)
}

fn print(definition: &Definition, ui: &Ui) {
    let overview = overview(definition);
    let known = |label: &str, value: &Option<String>| {
        if let Some(value) = value {
            ui.line(format!("  {label:12} {}", one_line(value)));
        }
    };
    known("OpCon", &overview.opcon_version);
    known("exported", &overview.export_date);
    known("description", &Some(overview.description.clone()).filter(|text| !text.is_empty()));
    overview.schedules.iter().for_each(|schedule| print_schedule(schedule, ui));
    print_rest(&overview, ui);
}

fn heading(ui: &Ui, text: impl AsRef<str>) {
    ui.line("");
    ui.line(styled(style::HEADING, text.as_ref()));
}

fn print_schedule(schedule: &ScheduleView, ui: &Ui) {
    let mut facts = Vec::new();
    facts.extend(schedule.start_time.as_ref().map(|time| format!("starts {time}")));
    match schedule.work_days.as_slice() {
        [] => {}
        days => facts.push(days.iter().map(|day| &day[..3]).collect::<Vec<_>>().join(" ")),
    }
    facts.extend(schedule.is_sub_schedule.then(|| "sub-schedule".to_owned()));
    facts.extend(schedule.is_multi_instance.then(|| "multi-instance".to_owned()));
    ui.line(format!("  {:12} {}", "schedule", facts.join(", ")));
    if !schedule.frequencies.is_empty() {
        ui.line(format!("  {:12} {}", "frequencies", schedule.frequencies.join(", ")));
    }
    if !schedule.documentation.is_empty() {
        ui.line(format!("  {:12} {}", "documented", one_line(&schedule.documentation)));
    }
    for (kind, jobs) in &schedule.jobs_by_type {
        heading(ui, format!("{kind}: {}", count(jobs.len(), "job")));
        let mut table = Table::new(["  JOB", "MACHINE", "FREQUENCIES"]);
        for job in jobs {
            let runs = job.sub_schedule.as_ref().map(|schedule| format!("runs {schedule}"));
            let group = job.machine_group.as_ref().map(|group| format!("group {group}"));
            let machine = runs.or_else(|| job.machine.clone()).or(group).unwrap_or_default();
            let disabled = if job.is_disabled { " (disabled)" } else { "" };
            table.row([&format!("  {}{disabled}", job.name), &machine, &job.frequencies.join(", ")]);
        }
        ui.print(&table.to_string());
    }
    lines(ui, "Dependencies", schedule.dependencies.iter().map(|dependency| dependency.words.clone()));
}

fn print_rest(overview: &Overview, ui: &Ui) {
    let words = |list: &[deploy_core::definition::DependencyView]| {
        list.iter().map(|dependency| dependency.words.clone()).collect::<Vec<_>>()
    };
    lines(ui, "External dependencies", words(&overview.external_dependencies));
    lines(ui, "Other schedules depend on it", words(&overview.dependencies_on_it));
    let values = |list: &[NamedValue]| {
        list.iter().map(|item| format!("{} = {}", item.name, item.value)).collect::<Vec<_>>()
    };
    lines(ui, "Properties", values(&overview.properties));
    lines(ui, "Resources", values(&overview.resources));
    lines(ui, "Thresholds", values(&overview.thresholds));
    lines(ui, "Calendars", overview.calendars.clone());
    lines(ui, "Scripts", overview.scripts.clone());
}

fn lines(ui: &Ui, title: &str, items: impl IntoIterator<Item = String>) {
    let mut items = items.into_iter().peekable();
    if items.peek().is_some() {
        heading(ui, title);
    }
    items.for_each(|item| ui.line(format!("  {}", one_line(&item))));
}
