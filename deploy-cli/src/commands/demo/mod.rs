//! `demo`: the product at work, on a small retailer's schedules.

mod rules;

use std::path::{Path, PathBuf};

use clap::{Args, Parser};
use deploy_core::repository::git::Git;

use crate::cli::{Cli, Global};
use crate::error::CommandError;
use crate::ui::{Ui, style, styled};
use crate::{CommandResult, Exit};

/// What a small retailer exports from its OpCon system.
const EXPORTS: &[(&str, &str)] = &[
    ("Nightly Close.json", include_str!("exports/Nightly Close.json")),
    ("Payroll.json", include_str!("exports/Payroll.json")),
    ("Reconciliation.json", include_str!("exports/Reconciliation.json")),
    ("Store Polling.json", include_str!("exports/Store Polling.json")),
];

/// Payroll after someone has worked on it in OpCon.
const CHANGED: &str = include_str!("Payroll changed.json");

/// Show the product at work in a new folder
///
/// Every command is printed before its output, so that it can be tried again.
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
        Some(folder) => global.dir.join(folder),
        None => std::env::temp_dir().join(format!("opcon-deploy-demo-{}", std::process::id())),
    };
    let in_use = folder.read_dir().is_ok_and(|mut entries| entries.next().is_some());
    if in_use || folder.is_file() {
        return Err(CommandError::refused(format!("`{}` is not an empty folder", folder.display()))
            .hint("name a folder that does not exist, or none"));
    }
    let demo = Demo { exports: folder.join("exports"), central: folder.join("central"), ui };
    demo.tell(&folder)
}

struct Demo<'u> {
    exports: PathBuf,
    central: PathBuf,
    ui: &'u Ui,
}

impl Demo<'_> {
    fn tell(&self, folder: &Path) -> CommandResult {
        for (name, text) in EXPORTS {
            write(&self.exports.join(name), text)?;
        }
        self.prepare_identity()?;
        self.say("A new central repository: an ordinary git repository with a few files.");
        self.run(&["init"])?;
        self.say("Definitions exported from OpCon become versions, in one commit.");
        self.run(&["import", "--file", "../exports", "--app", "Retail"])?;
        self.run(&["list"])?;
        self.say("Payroll was changed in OpCon and exported again: a second version.");
        write(&self.exports.join("Payroll.json"), CHANGED)?;
        self.run(&["import", "--file", "../exports", "-m", "Payroll: new bank format"])?;
        self.run(&["versions", "Payroll"])?;
        self.say("What changed, in OpCon's words; the order of jobs and numeric ids never do.");
        self.run(&["diff", "Payroll@1", "Payroll@2"])?;
        self.run(&["show", "Payroll"])?;
        self.say("Four schedules that belong together, each pinned to a version.");
        self.run(&[
            "package",
            "create",
            "RETAIL",
            "Nightly Close",
            "Payroll",
            "Reconciliation",
            "Store Polling",
        ])?;
        self.run(&["package", "show", "RETAIL"])?;
        rules::tell(self)?;
        self.say("Is everything sound? A continuous integration job asks the same.");
        self.run(&["check"])?;
        let ui = self.ui;
        ui.line("");
        ui.line(format!("The repository is in {}", styled(style::COMMAND, self.central.display())));
        ui.line("Try next, in that folder:");
        let next = [
            "git log --stat                      # the history is git's own",
            "git show HEAD~1                     # definitions compare readably",
            "opcon-deploy show Payroll@1 --json  # any version, as it was",
            "opcon-deploy export Payroll -o -    # back to OpCon",
        ];
        next.iter().for_each(|command| ui.line(format!("  {command}")));
        ui.line(format!("Remove `{}` when you have seen enough.", folder.display()));
        Ok(Exit::Done)
    }

    fn say(&self, text: &str) {
        self.ui.line("");
        self.ui.line(styled(style::HEADING, text));
    }

    /// Prints a command and runs it in the repository.
    fn run(&self, args: &[&str]) -> Result<(), CommandError> {
        let quoted: Vec<String> = args
            .iter()
            .map(|arg| if arg.contains(' ') { format!("\"{arg}\"") } else { (*arg).to_owned() })
            .collect();
        self.ui.line(styled(style::COMMAND, format!("$ opcon-deploy {}", quoted.join(" "))));
        let central = self.central.to_string_lossy();
        // Paths are as the reader would type them in the repository.
        let args = args.iter().map(|arg| match arg.strip_prefix("../exports") {
            Some("") => self.exports.to_string_lossy().into_owned(),
            _ => (*arg).to_owned(),
        });
        let words =
            ["opcon-deploy".to_owned(), "-C".to_owned(), central.into_owned()].into_iter().chain(args);
        let cli = Cli::try_parse_from(words).map_err(|error| CommandError::failed(error.to_string()))?;
        match super::run(cli.command, &cli.global, &Ui::new(&cli.global))? {
            Exit::Done => Ok(()),
            exit => Err(CommandError::failed(format!("the command ended with exit code {}", exit as u8))),
        }
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

fn write(path: &Path, text: &str) -> Result<(), CommandError> {
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(path, text))
        .map_err(|error| CommandError::io("write", path, &error))
}
