//! The pipelines of `templates/ci/`, as far as they can be run without a host; and every
//! command line that the page on unattended work and the templates show.

use std::path::Path;
use std::process::Command;

use clap::Parser as _;
use deploy_cli::cli::Cli;
use deploy_sandbox::SystemType;
use yaml_rust2::{Yaml, YamlLoader};

use crate::batch_templates::shipped;
use crate::harness::vendor_table::spans;
use crate::harness::{Run, Systems, World, starting};

fn pipeline(name: &str) -> Yaml {
    YamlLoader::load_from_str(&shipped(&format!("templates/ci/{name}"))).unwrap().remove(0)
}

/// The scripts of a pipeline by the names of their steps.
fn scripts(name: &str) -> Vec<(String, String)> {
    let yaml = pipeline(name);
    let text = |yaml: &Yaml| yaml.as_str().unwrap_or_default().to_owned();
    let lines = |yaml: &Yaml| yaml.as_vec().unwrap().iter().map(text).collect::<Vec<_>>().join("\n");
    match name {
        "github.yml" => {
            let jobs = yaml["jobs"].as_hash().unwrap().values();
            let steps = jobs.flat_map(|job| job["steps"].as_vec().unwrap());
            let scripted = steps.filter(|step| !step["run"].is_badvalue());
            scripted.map(|step| (text(&step["name"]), text(&step["run"]))).collect()
        }
        "gitlab.yml" => ["check", "deploy"]
            .map(|job| (job.to_owned(), lines(&yaml[job]["script"])))
            .into_iter()
            .chain([("before".to_owned(), lines(&yaml["default"]["before_script"]))])
            .collect(),
        _ => {
            let steps = yaml["steps"].as_vec().unwrap().iter();
            let scripted = steps.filter(|step| !step["bash"].is_badvalue());
            scripted.map(|step| (text(&step["displayName"]), text(&step["bash"]))).collect()
        }
    }
}

const PIPELINES: [&str; 3] = ["github.yml", "gitlab.yml", "azure-pipelines.yml"];

/// The command lines of this program in a text.
fn command_lines(text: &str) -> Vec<String> {
    let joined = text.replace("\\\n", " ");
    joined
        .lines()
        .flat_map(|line| {
            // What stands before and behind the command in a script.
            let from = line.find("opcon-deploy ").map(|at| &line[at..]);
            from.map(|line| line.split([';', '|', '>', '`']).next().unwrap_or_default().trim().to_owned())
        })
        .collect()
}

#[track_caller]
fn assert_parses(line: &str) {
    // A variable is one word.
    let words = shell_words::split(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    if let Err(error) = Cli::try_parse_from(words) {
        panic!("{line}\n{error}");
    }
}

#[test]
fn every_command_line_of_pipelines_templates_and_the_page_is_understood() {
    let mut known = 0;
    for name in PIPELINES {
        let scripts = scripts(name);
        assert!(scripts.len() >= 3, "{name}");
        for (_, script) in scripts {
            for line in command_lines(&script) {
                assert_parses(&line);
                known += 1;
            }
        }
    }
    assert!(known >= 12, "{known}");
    let page = shipped("docs/batch.md");
    let prose = page.lines().filter(|line| !line.starts_with("    "));
    let shown: Vec<&str> = prose.flat_map(spans).filter(|span| span.starts_with("opcon-deploy ")).collect();
    assert!(shown.len() >= 40, "{}", shown.len());
    // Placeholders in capitals are words, too.
    shown.iter().for_each(|line| assert_parses(line));
    for template in ["BATCH_DEPLOY", "DEPLOY_UTILITIES"] {
        let text = shipped(&format!("templates/{template}.json"));
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        for job in value["scheduleList"][0]["jobList"].as_array().unwrap() {
            let Some(line) = job["windowsData"]["commandLine"].as_str() else { continue };
            let line = line.replace("[[JI.DEPLOY_RECORD]]", "0198d3a0-53c1-7abc-8def-0123456789ab");
            assert_parses(&line.replace('\\', "/"));
        }
    }
}

/// A host: a remote, what a runner has cloned, and a test system to deploy to.
struct Host {
    world: World,
    systems: Systems,
}

impl Host {
    fn new() -> Self {
        let systems = Systems::of(&[("QA", SystemType::Test)]);
        let world = World::with_systems(&systems);
        for name in ["Payroll", "Billing"] {
            world.import("central", &starting(name, "06:00"), &[]).ok();
        }
        world.central(&["package", "create", "MONTH", "Billing"]).ok();
        world.central(&["rules", "new", "tag-jobs"]).ok();
        world.commit("central", "A rule");
        world.add_remote();
        for what in ["Payroll", "package:MONTH"] {
            world.central(&["deploy", what, "--to", "QA"]).ok();
        }
        for (name, script) in [
            ("gh", "cat \"$5\" > ../posted.txt; echo \"$@\" > ../gh.txt"),
            ("jq", "cat \"$4\""),
            ("curl", "cat > ../posted.txt; echo \"$@\" > ../curl.txt"),
        ] {
            world.write(&format!("bin/{name}"), format!("#!/bin/sh\n{script}\n"));
            let path = world.path(format!("bin/{name}"));
            assert!(Command::new("chmod").arg("+x").arg(path).status().unwrap().success());
        }
        Self { world, systems }
    }

    /// A branch with a changed schedule and a changed package, pushed; its clone as a runner has it.
    fn propose(&self) {
        let world = &self.world;
        world.git("central", &["switch", "--quiet", "--create", "feature"]);
        for name in ["Payroll", "Billing"] {
            world.import("central", &starting(name, "07:00"), &[]).ok();
        }
        world.central(&["package", "add", "MONTH", "Billing@feature"]).ok();
        world.git("central", &["push", "--quiet", "--set-upstream", "origin", "feature"]);
        world.git("", &["clone", "--quiet", "remote.git", "runner"]);
        world.git("runner", &["checkout", "--quiet", "--detach", "origin/feature"]);
    }

    /// The branch merged; the runner's clone at the tip of main.
    fn merge(&self) {
        let world = &self.world;
        world.git("central", &["switch", "--quiet", "main"]);
        world.git("central", &["merge", "--quiet", "--no-ff", "-m", "Merge feature", "feature"]);
        world.git("central", &["push", "--quiet"]);
        world.git("runner", &["fetch", "--quiet"]);
        world.git("runner", &["checkout", "--quiet", "--detach", "origin/main"]);
    }

    /// Runs a script as the host does.
    fn run(&self, name: &str, step: &str, variables: &[(&str, &str)]) -> Run {
        let (_, script) = scripts(name).into_iter().find(|(found, _)| found == step).unwrap();
        let program = Path::new(env!("CARGO_BIN_EXE_opcon-deploy")).parent().unwrap();
        let path = format!(
            "{}:{}:{}",
            self.world.path("bin").display(),
            program.display(),
            std::env::var("PATH").unwrap()
        );
        let mut command = self.world.command("bash", "runner");
        command.args(["-e", "-c", &script]).env("PATH", path);
        let system = self.systems.system("QA").unwrap();
        command.env("OPCON_DEPLOY_CREDENTIAL_QA", format!("{}:{}", system.user, system.password));
        command.envs(variables.iter().copied());
        self.world.finish(&mut command)
    }

    fn base(&self) -> String {
        self.world.git("remote.git", &["rev-parse", "main"])
    }
}

/// The steps of a pipeline from the proposal to the deployment.
fn whole_story(name: &str, check: &str, simulate: &str, deploy: &str) {
    let host = Host::new();
    host.propose();
    let base = host.base();
    let variables = [
        ("BASE", base.as_str()),
        ("BRANCH", "feature"),
        ("NUMBER", "7"),
        ("CI_MERGE_REQUEST_DIFF_BASE_SHA", &base),
        ("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "feature"),
        ("SYSTEM_PULLREQUEST_SOURCEBRANCH", "refs/heads/feature"),
    ];
    host.run(name, check, &variables).ok();
    let simulated = host.run(name, simulate, &variables);
    assert!([Some(0), Some(3)].contains(&simulated.output.status.code()), "{name}\n{simulated}");
    let posted = host.world.read("posted.txt");
    for part in ["Payroll", "Billing", "07:00"] {
        assert!(posted.contains(part), "{name}: {part} is not in\n{posted}\n{simulated}");
    }
    host.merge();
    let variables = [
        ("BEFORE", base.as_str()),
        ("CI_COMMIT_BEFORE_SHA", &base),
        ("GITHUB_SHA", "5c0ffee"),
        ("GITHUB_RUN_NUMBER", "12"),
        ("CI_COMMIT_SHORT_SHA", "5c0ffee"),
        ("CI_PIPELINE_IID", "12"),
        ("BUILD_BUILDNUMBER", "20261120.1"),
        ("BUILD_BUILDID", "12"),
    ];
    host.run(name, deploy, &variables).ok();
    for schedule in ["Payroll", "Billing"] {
        let stands = host.systems.stands("QA", schedule);
        assert_eq!(stands["scheduleList"][0]["startTime"], "07:00", "{name}: {schedule}");
    }
    // What a later push did not touch is left alone.
    let before = host.base();
    host.world.import("central", &starting("Payroll", "08:00"), &["--push"]).ok();
    host.world.git("runner", &["pull", "--quiet", "--ff-only", "origin", "main"]);
    let later = [("BEFORE", before.as_str()), ("CI_COMMIT_BEFORE_SHA", &before)];
    let again = host.run(name, deploy, &[&variables[2..], &later].concat()).ok().to_string();
    assert!(again.contains("Payroll") && !again.contains("Billing"), "{name}\n{again}");
}

#[test]
fn github_checks_simulates_and_deploys() {
    whole_story("github.yml", "Check", "Simulate", "Deploy");
}

#[test]
fn gitlab_checks_simulates_and_deploys() {
    whole_story("gitlab.yml", "check", "check", "deploy");
}

#[test]
fn azure_checks_simulates_and_deploys() {
    whole_story("azure-pipelines.yml", "Check and simulate", "Check and simulate", "Deploy");
}
