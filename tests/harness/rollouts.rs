//! Worlds for rollouts: systems without schedules, files of rollouts, how far their jobs are.

use deploy_sandbox::SystemType;
use serde_json::Value;

use super::{Run, Systems, World, starting};

/// Production systems without schedules.
pub fn production(names: &[&str]) -> Systems {
    let systems: Vec<(&str, SystemType)> = names.iter().map(|name| (*name, SystemType::Production)).collect();
    Systems::empty(&systems)
}

/// Three production systems without schedules, and a package of two schedules.
pub fn finance() -> (Systems, World) {
    let systems = production(&["PROD-A", "PROD-B", "PROD-C"]);
    let world = World::with_systems(&systems);
    world.import("central", &starting("Ledger", "06:00"), &[]).ok();
    world.import("central", &starting("Payroll", "07:00"), &[]).ok();
    world.central(&["package", "create", "FINANCE", "Ledger", "Payroll"]).ok();
    (systems, world)
}

/// What a run said; servers that are worked on side by side end in any order.
pub fn said(run: &Run) -> String {
    let text = run.to_string();
    let (stdout, rest) = text.split_at(text.find("--- stderr").unwrap_or(0));
    let mut lines: Vec<&str> = stdout.split_inclusive('\n').collect();
    lines.sort_unstable();
    lines.concat() + rest
}

/// Somebody makes a schedule in OpCon.
pub fn make(systems: &Systems, system: &str, schedule: &str) {
    systems.put(system, &serde_json::from_str(&starting(schedule, "01:00")).unwrap());
}

/// How many inserts the systems were asked for.
pub fn inserts(systems: &Systems) -> usize {
    systems
        .requests()
        .iter()
        .filter(|one| one.method == "POST" && one.path.contains("/schedules") && one.path.contains("impex"))
        .count()
}

impl World {
    pub fn run_due(&self) -> Run {
        self.central(&["rollout", "run", "--due"])
    }

    /// As waiting for the end of the leases of a killed command would.
    pub fn forget_leases(&self) {
        let folders: &[&str] = match self.git("central", &["remote"]).is_empty() {
            true => &["central"],
            false => &["central", "remote.git"],
        };
        for folder in folders {
            let refs = self.git(folder, &["for-each-ref", "--format=%(refname)", "refs/opcon-deploy/locks/"]);
            refs.lines().for_each(|name| drop(self.git(folder, &["update-ref", "-d", name])));
        }
    }

    /// One line for each job of a rollout: server, what, state and code.
    #[track_caller]
    pub fn jobs(&self, id: &str) -> Vec<String> {
        let json = self.central(&["rollout", "show", id, "--json"]).ok().json();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let job = |job: &Value| {
            let code = job["code"].as_i64().map(|code| format!(" {code}")).unwrap_or_default();
            format!(
                "{} {} {} {}{code}",
                text(&job["server"]),
                text(&job["does"]),
                text(&job["what"]),
                text(&job["state"])
            )
        };
        json["rollout"]["jobs"].as_array().unwrap().iter().map(job).collect()
    }

    /// Commits a rollout, and pushes it where there is a remote.
    pub fn propose(&self, id: &str, text: &str) {
        self.write(&format!("central/rollouts/{id}.toml"), text);
        self.commit("central", &format!("Rollout {id}"));
        if !self.git("central", &["remote"]).is_empty() {
            self.git("central", &["push", "--quiet", "origin", "main"]);
        }
    }

    /// The states of the jobs of a rollout as a clone knows them, with their codes.
    #[track_caller]
    pub fn states(&self, folder: &str, id: &str) -> Vec<String> {
        let json = self.run(folder, &["rollout", "show", id, "--json", "--fetch"]).ok().json();
        let job = |job: &Value| {
            let code = job["code"].as_i64().map(|code| format!(" {code}")).unwrap_or_default();
            format!("{}{code}", job["state"].as_str().unwrap())
        };
        json["rollout"]["jobs"].as_array().unwrap().iter().map(job).collect()
    }
}
