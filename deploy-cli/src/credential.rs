//! Credentials: what a name stands for on this machine. The repository holds
//! names only; the user's own configuration says where the secret is.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use deploy_core::opcon::Credential;
use deploy_core::repository::git::Git;

use crate::error::CommandError;
use crate::ui::Ui;

/// Where a secret is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// In a variable.
    Variable(String),
    /// In a file.
    File(PathBuf),
    /// On the standard output of a command.
    Command(String),
    /// With git's credential helper, which uses the platform's key store.
    Keyring(String),
}

/// The key of git's configuration.
pub(crate) fn key(name: &str) -> String {
    format!("opcon-deploy.credential.{name}")
}

/// The variable that gives a credential directly.
pub(crate) fn variable(name: &str) -> String {
    format!("OPCON_DEPLOY_CREDENTIAL_{}", name.to_uppercase().replace('-', "_"))
}

/// What a name stands for: what is mapped, else a prompt.
pub(crate) fn find(git: &Git, name: &str, server: &str, ui: &Ui) -> Result<Credential, CommandError> {
    match mapped(git, name)? {
        Some(credential) => Ok(credential),
        None => match prompt(server, ui) {
            Some(credential) => credential,
            None => Err(unmapped(name, server, &variable(name))),
        },
    }
}

/// The name of a person's own credential beside that of a server.
pub(crate) fn personal(name: &str, opcon_user: &str) -> String {
    let fit = |character: char| if character.is_ascii_alphanumeric() { character } else { '-' };
    let user: String = opcon_user.to_lowercase().chars().map(fit).collect();
    format!("{name}-{user}")
}

/// What a name is mapped to: by its variable, else by git's configuration.
pub(crate) fn mapped(git: &Git, name: &str) -> Result<Option<Credential>, CommandError> {
    let variable = variable(name);
    if let Ok(text) = std::env::var(&variable) {
        return read(&text, &format!("the variable {variable}")).map(Some);
    }
    let Some(value) = git.config(&key(name))? else { return Ok(None) };
    let credential = match place(name, &value)? {
        Place::Variable(other) => match std::env::var(&other) {
            Ok(text) => read(&text, &format!("the variable {other}")),
            Err(_) => Err(CommandError::failed(format!(
                "credential `{name}` is mapped to a variable that is not set"
            ))
            .hint(format!("`git config {}` shows the mapping", key(name)))),
        },
        Place::File(path) => {
            let text = std::fs::read_to_string(&path).map_err(|error| {
                CommandError::failed(format!(
                    "cannot read credential `{name}` from `{}`: {error}",
                    path.display()
                ))
            })?;
            read(&text, &format!("`{}`", path.display()))
        }
        Place::Command(command) => read(&run(name, &command)?, "the output of its command"),
        Place::Keyring(entry) => from_keyring(git, name, &entry),
    };
    credential.map(Some)
}

fn unmapped(name: &str, server: &str, variable: &str) -> CommandError {
    CommandError::failed(format!("nothing says what credential `{name}` of server `{server}` is"))
        .hint(format!("`git config --global {} file:$HOME/.opcon-{name}` maps it to a file that holds USER:PASSWORD or token:ID", key(name)))
        .hint(format!("`env:VARIABLE`, `command:PROGRAM …` and `keyring:ENTRY` work too, or set {variable} itself"))
}

fn place(name: &str, value: &str) -> Result<Place, CommandError> {
    let wrong = |message: String| {
        CommandError::failed(message)
            .hint("write `env:VARIABLE`, `file:PATH`, `command:PROGRAM …` or `keyring:ENTRY`")
    };
    // What is not understood may be the secret itself: it is never repeated.
    let Some((kind, rest)) = value.split_once(':').filter(|(_, rest)| !rest.trim().is_empty()) else {
        return Err(wrong(format!(
            "`{}` of git's configuration does not say where the secret is",
            key(name)
        )));
    };
    let rest = rest.trim();
    match kind.trim() {
        "env" => Ok(Place::Variable(rest.to_owned())),
        "file" => {
            let path = match (rest.strip_prefix("~/"), std::env::home_dir()) {
                (Some(inner), Some(home)) => home.join(inner),
                _ => PathBuf::from(rest),
            };
            match path.is_absolute() {
                true => Ok(Place::File(path)),
                false => {
                    // What stands there may be a secret in the wrong place: it is not repeated.
                    Err(wrong(format!("credential `{name}` names a file without its whole path")))
                }
            }
        }
        "command" => Ok(Place::Command(rest.to_owned())),
        "keyring" => Ok(Place::Keyring(rest.to_owned())),
        _ => Err(wrong(format!("`{}` of git's configuration does not say where the secret is", key(name)))),
    }
}

/// `USER:PASSWORD` or `token:ID`; the first line alone.
fn read(text: &str, place: &str) -> Result<Credential, CommandError> {
    let line = text.trim_start_matches('\u{feff}').lines().next().unwrap_or_default();
    match line.split_once(':') {
        Some(("token", id)) if !id.trim().is_empty() => Ok(Credential::application(id.trim())),
        Some((user, password)) if !user.is_empty() && !password.is_empty() => {
            Ok(Credential::user(user, password))
        }
        _ => Err(CommandError::failed(format!("{place} holds no credential"))
            .hint("its first line must be USER:PASSWORD or token:ID")),
    }
}

/// Runs the user's own command, as git runs its helpers: by the shell.
fn run(name: &str, command: &str) -> Result<String, CommandError> {
    let (shell, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let output =
        Command::new(shell).args([flag, command]).stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let failed = |why: String| CommandError::failed(format!("the command of credential `{name}` {why}"));
    let output = output.map_err(|error| failed(format!("cannot be started: {error}")))?;
    if !output.status.success() {
        return Err(failed(format!("failed: {}", output.status)));
    }
    String::from_utf8(output.stdout).map_err(|_| failed("printed no text".to_owned()))
}

/// Asks git's credential helper, which knows the key store of the platform.
fn from_keyring(git: &Git, name: &str, entry: &str) -> Result<Credential, CommandError> {
    let none = || {
        CommandError::failed(format!("the key store has no entry `{entry}` for credential `{name}`"))
            .hint(format!(
                "`printf 'protocol=https\\nhost={entry}\\nusername=USER\\npassword=PASSWORD\\n' | git credential approve` makes it"
            ))
            .hint("`git config --get credential.helper` must name a helper, such as libsecret, osxkeychain or manager")
    };
    let asked = format!("protocol=https\nhost={entry}\n\n");
    let args = ["-c", "core.askPass=", "-c", "credential.interactive=false", "credential", "fill"];
    let answer = git.run_with_input(&args, asked.as_bytes()).map_err(|_| none())?;
    let value = |key: &str| answer.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    match (value("username"), value("password")) {
        (Some("token"), Some(id)) => Ok(Credential::application(id)),
        (Some(user), Some(password)) => Ok(Credential::user(user, password)),
        _ => Err(none()),
    }
}

/// Asks the person at the terminal, where there is one.
fn prompt(server: &str, ui: &Ui) -> Option<Result<Credential, CommandError>> {
    if ui.is_json() || !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return None;
    }
    let failed =
        |error: std::io::Error| CommandError::failed(format!("cannot read from the terminal: {error}"));
    let _ = write!(anstream::stderr().lock(), "OpCon user on {server}: ");
    let mut user = String::new();
    if let Err(error) = std::io::stdin().read_line(&mut user) {
        return Some(Err(failed(error)));
    }
    if user.trim().is_empty() {
        return None;
    }
    Some(match rpassword::prompt_password(format!("Password of {} on {server}: ", user.trim())) {
        Ok(password) => Ok(Credential::user(user.trim(), password)),
        Err(error) => Err(failed(error)),
    })
}

/// Writes a secret to a file that only its owner can read.
pub(crate) fn write_secret(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    // A file that was there may be open to others.
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn places_are_told_apart_and_nothing_unknown_is_repeated() {
        let place = |value: &str| place("dev", value).map_err(|error| format!("{error:?}"));
        assert_eq!(place("env:DEV_LOGIN"), Ok(Place::Variable("DEV_LOGIN".to_owned())));
        assert_eq!(place("command: pass show dev"), Ok(Place::Command("pass show dev".to_owned())));
        assert_eq!(place("keyring:opcon-dev"), Ok(Place::Keyring("opcon-dev".to_owned())));
        if cfg!(unix) {
            assert_eq!(place("file:/run/secrets/dev"), Ok(Place::File("/run/secrets/dev".into())));
        }
        assert!(place("file:dev.txt").unwrap_err().contains("whole path"));
        for wrong in ["ocadm:hunter2", "hunter2", "env:", "token:hunter2"] {
            let error = place(wrong).unwrap_err();
            assert!(!error.contains("hunter2") && error.contains("opcon-deploy.credential.dev"), "{error}");
        }
    }

    #[test]
    fn a_credential_is_its_first_line() {
        let read = |text: &str| read(text, "the file").map_err(|error| format!("{error:?}"));
        assert_eq!(read("ann:a:b\n"), Ok(Credential::user("ann", "a:b")));
        assert_eq!(read("token: 12-34 \nmore"), Ok(Credential::application("12-34")));
        for wrong in ["", "ann", "ann:", ":x", "token:"] {
            assert!(read(wrong).unwrap_err().contains("the file holds no credential"), "{wrong}");
        }
    }

    #[test]
    fn variables_are_in_capitals() {
        assert_eq!(variable("opcon-qa-1"), "OPCON_DEPLOY_CREDENTIAL_OPCON_QA_1");
        assert_eq!(
            variable(&personal("opcon-qa", r"CORP\Ann.S")),
            "OPCON_DEPLOY_CREDENTIAL_OPCON_QA_CORP_ANN_S"
        );
    }
}
