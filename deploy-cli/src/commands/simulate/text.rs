//! A plan for people: the checks, what differs, what the rules do.

use deploy_core::definition::diff::render::Style as LineStyle;
use deploy_core::deploy::{Check, Finding, Plan, PlannedSchedule, Section, Severity, Stands};
use deploy_core::rules::LineKind;

use crate::ui::{one_line, style, styled};

/// The report, line by line.
pub(in super::super) fn report(plan: &Plan) -> Vec<String> {
    let mut out = vec![styled(style::HEADING, title(plan))];
    for section in &plan.sections {
        checked(plan, section, &mut out);
    }
    difference(plan, &mut out);
    rules(plan, &mut out);
    out
}

/// What goes where: `Payroll@3 → PROD (Production, OpCon 23.0.1)`.
pub(super) fn title(plan: &Plan) -> String {
    let what = match &plan.package {
        Some(package) => {
            let version = package.source.version.map(|version| format!("@{version}")).unwrap_or_default();
            format!("package:{}{version}", package.name)
        }
        None => {
            let names: Vec<String> = plan.schedules.iter().take(5).map(label).collect();
            let more = plan.schedules.len() - names.len();
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("{}{more}", names.join(", "))
        }
    };
    let target = &plan.target;
    one_line(&format!("{what} → {} ({}, OpCon {})", plan.server, plan.server_type, target.impex))
}

/// The schedule as it is in the repository, and under which name it goes there.
fn label(schedule: &PlannedSchedule) -> String {
    let original = schedule.original_name.as_ref().unwrap_or(&schedule.name);
    let version = match (schedule.source.version, &schedule.source.commit) {
        (Some(version), _) => version.to_string(),
        (None, Some(commit)) => commit.chars().take(8).collect(),
        (None, None) => "work tree".to_owned(),
    };
    match &schedule.original_name {
        Some(_) => format!("{original}@{version} as {}", schedule.name),
        None => format!("{original}@{version}"),
    }
}

/// A check: one line where it found nothing.
fn checked(plan: &Plan, section: &Section, out: &mut Vec<String>) {
    const WIDTH: usize = 22;
    if section.findings.is_empty() {
        // What has nothing to say of most plans.
        if section.check != Check::Selection {
            out.push(format!("{:WIDTH$}{}", section.check.title(), styled(style::DIM, "ok")));
        }
        return;
    }
    out.push(styled(style::HEADING, section.check.title()));
    for finding in &section.findings {
        let style = match finding.severity {
            Severity::Error => style::REMOVED,
            Severity::Warning => style::CHANGED,
            Severity::Note => style::DIM,
        };
        let severity = format!("{:8}", finding.severity.to_string());
        out.push(format!("  {} {}", styled(style, severity), one_line(&place(finding))));
    }
    if section.check == Check::Comparison {
        local_changes(plan, out);
    }
}

/// A finding with its place before it.
pub(super) fn place(finding: &Finding) -> String {
    match (&finding.schedule, &finding.job) {
        (Some(schedule), Some(job)) => format!("{schedule} / {job}: {}", finding.message),
        (Some(schedule), None) => format!("{schedule}: {}", finding.message),
        _ => finding.message.clone(),
    }
}

/// What somebody changed on the target.
fn local_changes(plan: &Plan, out: &mut Vec<String>) {
    for schedule in &plan.schedules {
        let Stands::Known { local_changes, .. } = &schedule.stands else { continue };
        for change in local_changes {
            let text = format!("{:8}{}  {}", change.op, one_line(&change.pointer), one_line(&change.words));
            let style = if change.accepted { style::DIM } else { style::CHANGED };
            out.push(format!("    {}", styled(style, text)));
        }
    }
}

/// What differs between what stands there and what will.
fn difference(plan: &Plan, out: &mut Vec<String>) {
    let new: Vec<&str> = plan
        .schedules
        .iter()
        .filter(|schedule| schedule.stands == Stands::Nothing)
        .map(|schedule| schedule.name.as_str())
        .collect();
    if !new.is_empty() {
        out.push(styled(style::HEADING, "New"));
        out.extend(
            new.iter().map(|name| format!("  {}", styled(style::ADDED, format!("+ {}", one_line(name))))),
        );
    }
    let mut lines = plan.schedules.iter().flat_map(|schedule| &schedule.difference).peekable();
    if lines.peek().is_some() {
        out.push(styled(style::HEADING, "Difference"));
    }
    for line in lines {
        let style = match line.style {
            LineStyle::Plain => anstyle::Style::new(),
            LineStyle::Heading => style::HEADING,
            LineStyle::Added => style::ADDED,
            LineStyle::Removed => style::REMOVED,
            LineStyle::Changed => style::CHANGED,
            LineStyle::Note => style::DIM,
        };
        out.push(format!("  {}", styled(style, &line.text)));
    }
}

/// What the rules do, in short.
fn rules(plan: &Plan, out: &mut Vec<String>) {
    if plan.explained.is_empty() {
        return;
    }
    out.push(styled(style::HEADING, "Rules applied"));
    for line in &plan.explained {
        let style = match line.kind {
            LineKind::Level => style::HEADING,
            LineKind::Rule => style::COMMAND,
            LineKind::Call => anstyle::Style::new(),
            LineKind::Hit => style::ADDED,
            LineKind::Nothing => style::CHANGED,
            LineKind::Ignored | LineKind::Note => style::DIM,
        };
        out.push(format!("  {}{}", "  ".repeat(line.depth), styled(style, one_line(&line.text))));
    }
}
