//! `demo`: the product at work, on a small retailer's schedules.

mod deploying;
mod later;
mod rules;

use std::path::{Path, PathBuf};

use clap::{Args, Parser};
use deploy_core::definition::Definition;
use deploy_core::opcon::{ImportRules, OpConSystem as _};
use deploy_core::repository::Repository;
use deploy_core::repository::git::Git;
use deploy_sandbox::{Config, Running};
use serde_json::Value;

use crate::cli::{Cli, Global};
use crate::error::CommandError;
use crate::system::{Target, runtime};
use crate::ui::{Ui, style, styled};
use crate::{CommandResult, Exit};

/// Show the product at work in a new folder
///
/// Two OpCon systems of a small retailer run inside this program for as long as
/// it takes. Every command is printed before its output, so that it can be
/// tried again.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  opcon-deploy demo\n  opcon-deploy demo ./demo")]
pub struct DemoArgs {
    /// An empty or new folder; a temporary one if absent
    #[arg(value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

pub(super) fn run(args: DemoArgs, global: &Global, ui: &Ui) -> CommandResult {
    if ui.is_json() {
        return Err(CommandError::usage("`demo` is made for reading; it has no JSON form"));
    }
    let folder = match args.folder {
        Some(folder) => global.at(folder),
        None => std::env::temp_dir().join(format!("opcon-deploy-demo-{}", std::process::id())),
    };
    let in_use = folder.read_dir().is_ok_and(|mut entries| entries.next().is_some());
    if in_use || folder.is_file() {
        return Err(CommandError::refused(format!("`{}` is not an empty folder", folder.display()))
            .hint("name a folder that does not exist, or none"));
    }
    let demo = Demo { central: folder.join("central"), ui };
    demo.tell(&folder)
}

/// What somebody changes in OpCon while the demo looks away.
const CHANGED: &str = "Store Closing";
/// The rule that adapts it to production.
const RULE: &str = "to-production";

struct Demo<'u> {
    central: PathBuf,
    ui: &'u Ui,
}

impl Demo<'_> {
    fn tell(&self, folder: &Path) -> CommandResult {
        self.prepare_identity()?;
        self.say("A new central repository: an ordinary git repository with a few files.");
        self.run(&["init"])?;
        self.say("Two OpCon systems of a retailer, as `opcon-deploy sandbox` runs them.");
        let runtime = runtime()?;
        let running = runtime.block_on(start_systems())?;
        super::sandbox::publish(&Repository::open(&self.central)?, &running, self.ui)?;
        self.run(&["server", "list"])?;
        self.run(&["server", "check", "DEV"])?;
        self.say("Its schedules become versions, in one commit.");
        self.run(&["import", "DEV", "*", "--app", "Retail"])?;
        self.run(&["list"])?;
        self.say("Somebody changes a schedule in OpCon; imported again it is a second version.");
        runtime.block_on(self.edit_in_opcon("DEV", half_an_hour_later))?;
        self.run(&["import", "DEV", "Store*", "-m", "Store Closing: half an hour later"])?;
        self.run(&["versions", CHANGED])?;
        self.say("What changed, in OpCon's words; the order of jobs and numeric ids never do.");
        self.run(&["diff", &format!("{CHANGED}@1"), &format!("{CHANGED}@2")])?;
        self.run(&["show", CHANGED])?;
        self.say("Schedules that belong together, each pinned to a version.");
        self.run(&["package", "create", "STORES", "Sales Upload", "Store Price Push"])?;
        self.run(&["package", "show", "STORES"])?;
        rules::tell(self)?;
        deploying::tell(self)?;
        later::tell(self, &running)?;
        deploying::audit(self)?;
        self.say("Is everything sound? A continuous integration job asks the same.");
        self.run(&["check"])?;
        runtime.block_on(running.shutdown());
        let ui = self.ui;
        ui.line("");
        ui.line(format!("The repository is in {}", styled(style::COMMAND, self.central.display())));
        ui.line("Try next, in that folder:");
        let next = [
            "git log --stat --all                        # the history is git's own",
            "opcon-deploy show \"Store Closing@1\" --json  # any version, as it was",
            "opcon-deploy export \"Store Closing\" -o -    # back to OpCon",
            "opcon-deploy sandbox                        # the two systems again, until Ctrl-C",
            "opcon-deploy import DEV '*'                 # in another terminal",
        ];
        next.iter().for_each(|command| ui.line(format!("  {command}")));
        ui.line(format!("Remove `{}` when you have seen enough.", folder.display()));
        Ok(Exit::Done)
    }

    /// Does what a person does in Solution Manager, through the system's own services.
    async fn edit_in_opcon(&self, server: &str, change: impl Fn(&mut Value)) -> Result<(), CommandError> {
        let repository = Repository::open(&self.central)?;
        let target = Target::open(&repository, server, self.ui)?;
        let mut value = target.system.extract(CHANGED).await?.into_definition()?.into_value();
        change(&mut value["scheduleList"][0]);
        let changed = Definition::from_value(value)?;
        target.system.insert(&changed, &ImportRules::default()).await?;
        target.sign_off().await;
        Ok(())
    }

    fn say(&self, text: &str) {
        self.ui.line("");
        self.ui.line(styled(style::HEADING, text));
    }

    /// Prints a command and runs it in the repository.
    fn run(&self, args: &[&str]) -> Result<(), CommandError> {
        self.run_to(args, Exit::Done)
    }

    /// Prints a command and runs it; it must end with this exit code.
    fn run_to(&self, args: &[&str], expected: Exit) -> Result<(), CommandError> {
        let quoted: Vec<String> = args
            .iter()
            .map(|arg| if arg.contains([' ', '*']) { format!("\"{arg}\"") } else { (*arg).to_owned() })
            .collect();
        self.ui.line(styled(style::COMMAND, format!("$ opcon-deploy {}", quoted.join(" "))));
        let central = self.central.to_string_lossy().into_owned();
        let words = ["opcon-deploy".to_owned(), "-C".to_owned(), central].into_iter();
        let words = words.chain(args.iter().map(|arg| (*arg).to_owned()));
        let cli = Cli::try_parse_from(words).map_err(|error| CommandError::failed(error.to_string()))?;
        let ui = Ui::new(&cli.global).unattended();
        let exit = match super::run(cli.command, &cli.global, &ui) {
            Err(error) if error.code == expected => {
                error.report(&ui);
                expected
            }
            ended => ended?,
        };
        match exit == expected {
            true if exit == Exit::Done => {}
            true => self.ui.line(styled(style::DIM, format!("(exit code {})", exit as u8))),
            false => {
                let message = format!("the command ended with exit code {}", exit as u8);
                return Err(CommandError::failed(message));
            }
        }
        Ok(())
    }

    /// A machine on which git knows no name yet still gets its demo.
    fn prepare_identity(&self) -> Result<(), CommandError> {
        std::fs::create_dir_all(&self.central)
            .map_err(|error| CommandError::io("create", &self.central, &error))?;
        let git = Git::new(&self.central);
        git.run(&["init", "--quiet", "--initial-branch=main"])?;
        if git.run(&["var", "GIT_COMMITTER_IDENT"]).is_err() {
            git.run(&["config", "--local", "user.name", "Demo"])?;
            git.run(&["config", "--local", "user.email", "demo@retail.example"])?;
        }
        Ok(())
    }
}

/// A later start, and two changes to a job.
fn half_an_hour_later(schedule: &mut Value) {
    schedule["startTime"] = Value::from("22:00");
    let jobs = schedule["jobList"].as_array_mut().into_iter().flatten();
    for job in jobs.filter(|job| job["name"] == "Collect tills") {
        job["frequencyList"][0]["maximumAttempts"] = Value::from("3");
        job["windowsData"]["jobPriority"] = Value::from("High");
    }
}

/// A development and a production system, on free ports of this machine.
async fn start_systems() -> Result<Running, CommandError> {
    let system = |text: &str| text.parse().map_err(|error| CommandError::failed(format!("{error}")));
    let systems = vec![system("DEV:Development")?, system("PROD:Production")?];
    super::sandbox::start(Config { systems, run_jobs: true, ..Config::default() }).await
}
