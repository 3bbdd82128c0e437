//! A plan for a pull request. Everything that comes from a definition or a
//! target stands in code, where only backticks have a meaning.

use deploy_core::deploy::{Check, Plan, Severity, Stands};

use super::text::{place, title};
use crate::ui::markdown::{code, folded};
use crate::ui::one_line;

/// The report.
pub(super) fn report(plan: &Plan) -> String {
    let (errors, warnings) = (plan.count(Severity::Error), plan.count(Severity::Warning));
    let verdict = match (errors, warnings) {
        (0, 0) => "every check passed".to_owned(),
        (errors, warnings) => format!("errors: {errors}, warnings: {warnings}"),
    };
    let mut out = format!("### Simulation: {}\n\n**{verdict}**\n", code(&title(plan)));
    checks(plan, &mut out);
    local_changes(plan, &mut out);
    let mut lines: Vec<String> = plan
        .schedules
        .iter()
        .filter(|schedule| schedule.stands == Stands::Nothing)
        .map(|schedule| format!("+ new: {}", one_line(&schedule.name)))
        .collect();
    let differing = plan.schedules.iter().flat_map(|schedule| &schedule.difference);
    lines.extend(differing.map(|line| as_diff(&line.text)));
    out.push_str(&folded("What differs from what stands there", "diff", &lines));
    let rules: Vec<String> = plan
        .explained
        .iter()
        .map(|line| format!("{}{}", "  ".repeat(line.depth), one_line(&line.text)))
        .collect();
    out.push_str(&folded("What the rules do", "text", &rules));
    out
}

fn checks(plan: &Plan, out: &mut String) {
    out.push('\n');
    let passed: Vec<&str> = plan
        .sections
        .iter()
        .filter(|section| section.findings.is_empty() && section.check != Check::Selection)
        .map(|section| section.check.title())
        .collect();
    for section in plan.sections.iter().filter(|section| !section.findings.is_empty()) {
        out.push_str(&format!("- **{}**\n", section.check.title()));
        for finding in &section.findings {
            out.push_str(&format!("  - {}: {}\n", finding.severity, code(&one_line(&place(finding)))));
        }
    }
    if !passed.is_empty() {
        out.push_str(&format!("- passed: {}\n", passed.join(", ")));
    }
}

fn local_changes(plan: &Plan, out: &mut String) {
    let mut lines = Vec::new();
    for schedule in &plan.schedules {
        let Stands::Known { local_changes, .. } = &schedule.stands else { continue };
        for change in local_changes.iter().filter(|change| !change.accepted) {
            let (name, words) = (one_line(&schedule.name), one_line(&change.words));
            lines.push(format!("{name}  {} {}  {words}", change.op, one_line(&change.pointer)));
        }
    }
    out.push_str(&folded("What was changed on the target", "text", &lines));
}

/// A line with its sign at the beginning, where a page colours it.
fn as_diff(line: &str) -> String {
    let line = one_line(line);
    let text = line.trim_start();
    match text.chars().next().filter(|_| text.get(1..2) == Some(" ")) {
        Some(sign @ ('+' | '-')) => format!("{sign} {}{}", &line[..line.len() - text.len()], &text[2..]),
        Some('~') => format!("! {}{}", &line[..line.len() - text.len()], &text[2..]),
        _ => format!("  {line}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_stand_at_the_margin() {
        assert_eq!(as_diff("    ~ startTime 1 → 2"), "!     startTime 1 → 2");
        assert_eq!(as_diff("  + job LOAD"), "+   job LOAD");
        assert_eq!(as_diff("Payroll"), "  Payroll");
        assert_eq!(as_diff("é"), "  é");
    }
}
