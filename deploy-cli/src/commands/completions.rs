//! `completions`: shell completions, with the names of the repository.

use clap::Args;
use clap_complete::{CompletionCandidate, Shell};
use deploy_core::repository::Repository;
use deploy_core::repository::history::History;
use deploy_core::repository::layout::Kind;

use super::versions::names;
use crate::error::CommandError;
use crate::ui::Ui;
use crate::{CommandResult, Exit};

/// Print the completion script for a shell
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy completions bash > ~/.local/share/bash-completion/completions/opcon-deploy\n  opcon-deploy completions zsh > ~/.zfunc/_opcon-deploy\n  opcon-deploy completions powershell >> $PROFILE"
)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

pub(super) fn run(args: CompletionsArgs, ui: &Ui) -> CommandResult {
    let shells = clap_complete::env::Shells::builtins();
    let name = args.shell.to_string();
    let completer = shells
        .completer(&name)
        .ok_or_else(|| CommandError::usage(format!("no completions for the shell `{name}`")))?;
    let mut script = Vec::new();
    completer
        .write_registration("COMPLETE", "opcon_deploy", "opcon-deploy", "opcon-deploy", &mut script)
        .map_err(|error| CommandError::failed(format!("cannot write the completions: {error}")))?;
    if args.shell == Shell::Bash {
        script = quoting(&String::from_utf8_lossy(&script)).into_bytes();
    }
    ui.bytes(&script);
    Ok(Exit::Done)
}

/// Bash inserts a completion as it is, so that a name with a blank becomes two
/// words, unless it is told to treat it as it treats file names.
fn quoting(script: &str) -> String {
    let calls = script.replace("-F _clap_complete_opcon_deploy ", "-F _opcon_deploy_quoted ");
    format!("{QUOTED}{calls}")
}

const QUOTED: &str = r#"
_opcon_deploy_quoted() {
    _clap_complete_opcon_deploy "$@"
    local word quoted
    for word in "${COMPREPLY[@]}"; do
        printf -v quoted %q "$word"
        if [[ "$quoted" != "$word" ]]; then
            compopt -o filenames 2> /dev/null
            break
        fi
    done
}
"#;

/// Names of schedules, for `NAME` arguments.
pub(crate) fn schedules() -> Vec<CompletionCandidate> {
    of(Kind::Schedule)
}

/// Names of packages.
pub(crate) fn packages() -> Vec<CompletionCandidate> {
    of(Kind::Package)
}

/// Names of rules.
pub(crate) fn rules() -> Vec<CompletionCandidate> {
    of(Kind::Rule)
}

/// Names of servers.
pub(crate) fn servers() -> Vec<CompletionCandidate> {
    let repository = Repository::open(std::path::Path::new(".")).ok();
    let all = repository.and_then(|repository| deploy_core::repository::servers::all(&repository).ok());
    all.unwrap_or_default().into_iter().map(|(name, _)| CompletionCandidate::new(name)).collect()
}

/// Ids of rollouts.
pub(crate) fn rollouts() -> Vec<CompletionCandidate> {
    let ids = || {
        let repository = Repository::open(std::path::Path::new(".")).ok()?;
        deploy_core::rollout::all(&repository, repository.tip().ok()?.commit).ok()
    };
    ids().unwrap_or_default().into_iter().map(|(id, _)| CompletionCandidate::new(id)).collect()
}

/// Names of people.
pub(crate) fn users() -> Vec<CompletionCandidate> {
    let people = || {
        let repository = Repository::open(std::path::Path::new(".")).ok()?;
        let (commit, _) = repository.shared_main().ok()?;
        deploy_core::repository::users::Users::at(&repository, commit).ok()
    };
    let users = people().unwrap_or_default().users;
    users.into_iter().map(|user| CompletionCandidate::new(user.name)).collect()
}

/// Outside a repository there is nothing to propose.
fn of(kind: Kind) -> Vec<CompletionCandidate> {
    let history = Repository::open(std::path::Path::new("."))
        .ok()
        .and_then(|repository| History::load(&repository).ok());
    history
        .map(|history| names(&history, kind))
        .unwrap_or_default()
        .into_iter()
        .map(CompletionCandidate::new)
        .collect()
}
