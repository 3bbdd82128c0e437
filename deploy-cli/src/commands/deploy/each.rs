//! `deploy --each`: one transaction for each schedule, told as they end.

use deploy_core::deploy::Selected;
use deploy_core::deploy::execute::{EachError, ExecuteError, Outcome};
use serde_json::{Value, json};

use super::super::changing::{Held, telling};
use super::{Deploying, show};
use crate::error::CommandError;
use crate::ui::{Ui, count, one_line, style, styled};
use crate::{CommandResult, Exit};

pub(super) fn run(deploying: &Deploying<'_>, yes: bool, ui: &Ui) -> CommandResult {
    let changing = deploying.changing;
    if let Some(package) = &deploying.selection.package {
        return Err(CommandError::usage(format!(
            "package `{}` goes as a whole: leave out `--each`",
            one_line(&package.name)
        )));
    }
    let many = count(deploying.selection.items.len(), "schedule");
    let question = format!("Deploy {many} to `{}`, each by itself?", deploying.server());
    if !yes && ui.ask(&question) == Some(false) {
        return Ok(changing.declined(ui));
    }
    let held = changing.hold(&deploying.purpose(), ui)?;
    let done = carry_out(deploying, &held, ui);
    changing.release(held, ui);
    done
}

fn carry_out(deploying: &Deploying<'_>, held: &Held<'_>, ui: &Ui) -> CommandResult {
    let changing = deploying.changing;
    let items = &deploying.selection.items;
    let width = items.iter().map(|item| item.name.chars().count()).max().unwrap_or(0).min(40);
    let mut summary = Summary { width, ..Summary::default() };
    let bar = ui.progress(items.len(), "Deploying");
    let told = telling(ui, deploying.server());
    changing.runtime.block_on(async {
        let planner = deploying.planner(&held.records).await?;
        let asked = || deploying.asked(&deploying.accept);
        let execution = changing.execution(held, &told);
        let hear = |item: &Selected, outcome| {
            summary.add(item, &outcome, ui);
            bar.set(summary.all);
        };
        execution.each(&planner, &held.records, items, &deploying.accept, asked, hear).await;
        Ok::<(), CommandError>(())
    })?;
    summary.show(deploying.server(), ui)
}

/// What became of all of them.
#[derive(Default)]
struct Summary {
    width: usize,
    all: usize,
    deployed: usize,
    refused: usize,
    failed: usize,
    stopped: usize,
    options: Vec<&'static str>,
    left_open: bool,
    rows: Vec<Value>,
}

impl Summary {
    fn add(&mut self, item: &Selected, outcome: &Outcome, ui: &Ui) {
        self.all += 1;
        let (words, row) = match outcome {
            Outcome::Done(done) => {
                show::warn(done, ui);
                match done.mismatch.is_empty() {
                    true => self.deployed += 1,
                    false => self.failed += 1,
                }
                let lines = done.records.iter().map(|record| show::line(record, self.width));
                let rows = done.records.iter().map(|record| show::row(record, done));
                (lines.collect::<Vec<_>>().join("\n"), rows.collect())
            }
            Outcome::Refused(_, refusals) => {
                self.options.extend(refusals.iter().filter_map(|refusal| refusal.kind.option()));
                match refusals.iter().all(|refusal| refusal.kind.option().is_some()) {
                    true => self.refused += 1,
                    false => self.failed += 1,
                }
                let messages: Vec<&str> = refusals.iter().map(|refusal| refusal.message.as_str()).collect();
                let row = json!({ "name": item.name, "outcome": "refused", "refusals": refusals });
                (self.line(item, "refused:", &messages.join("; ")), vec![row])
            }
            Outcome::Failed(error) => {
                let is_stop = matches!(error, EachError::Execute(ExecuteError::Stopped { .. }));
                if is_stop {
                    self.stopped += 1
                } else {
                    self.failed += 1
                }
                self.left_open |= matches!(
                    error,
                    EachError::Execute(ExecuteError::Open { .. } | ExecuteError::NotEnded { .. })
                );
                let row = json!({ "name": item.name, "outcome": "failed", "error": error.to_string() });
                (self.line(item, "not deployed:", &error.to_string()), vec![row])
            }
            Outcome::NotTried => {
                self.stopped += 1;
                let row = json!({ "name": item.name, "outcome": "notTried" });
                (self.line(item, "not tried:", "stopped"), vec![row])
            }
        };
        match ui.is_json() {
            true => self.rows.extend(row),
            false => ui.line(words),
        }
    }

    fn line(&self, item: &Selected, word: &str, why: &str) -> String {
        let (name, width) = (one_line(&item.name), self.width);
        format!("{name:width$}  {} {}", styled(style::REMOVED, word), one_line(why))
    }

    fn show(mut self, server: &str, ui: &Ui) -> CommandResult {
        if ui.is_json() {
            ui.json("deployments", &self.rows)?;
        }
        let counts = [
            (self.deployed, "deployed"),
            (self.refused, "refused"),
            (self.failed, "failed"),
            (self.stopped, "stopped"),
        ];
        let parts: Vec<String> = counts
            .iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, word)| format!("{number} {word}"))
            .collect();
        ui.note(format!("{} to `{server}`: {}", count(self.all, "schedule"), parts.join(", ")));
        self.options.sort_unstable();
        self.options.dedup();
        if !self.options.is_empty() {
            ui.hint(format!("`{}` goes on nevertheless", self.options.join(" ")));
        }
        if self.left_open {
            ui.hint("`opcon-deploy doctor --repair` finishes what was left open");
        }
        Ok(match () {
            () if self.stopped > 0 => Exit::Interrupted,
            () if self.failed > 0 => Exit::Failed,
            () if self.refused > 0 => Exit::Refused,
            () => Exit::Done,
        })
    }
}
