//! Running command lines: no shell, arguments split as the platform of the
//! job splits them.

use std::path::PathBuf;
use std::process::Stdio;

use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio::process::Command;

use super::tokens::Tokens;
use super::{DailyJob, DailySchedule};
use crate::state::State;
use crate::text::{filled, items};

/// The agent for Windows jobs that really runs them, on whatever this machine is.
pub const WINDOWS_AGENT: &str = "SANDBOX";
/// The agent for UNIX jobs that really runs them.
pub const UNIX_AGENT: &str = "SANDBOX_UNIX";

/// As much of a job's output as is kept.
const OUTPUT: usize = 64 * 1024;

/// A job that has been started.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) uid: u64,
    pub(crate) command: CommandLine,
}

/// What is to be run.
#[derive(Debug, PartialEq)]
pub(crate) struct CommandLine {
    arguments: Vec<String>,
    directory: Option<PathBuf>,
    environment: Vec<(String, String)>,
}

/// How it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// None where the program could not be started or was killed.
    pub(crate) code: Option<i32>,
    pub(crate) output: String,
    pub(crate) message: Option<String>,
}

pub(crate) fn is_own_agent(machine: &Value) -> bool {
    matches!(machine["name"].as_str(), Some(WINDOWS_AGENT | UNIX_AGENT))
}

/// How a platform makes arguments of a command line.
type Split = fn(&str) -> Result<Vec<String>, String>;

/// The command line of a job, its tokens resolved.
pub(super) fn command(
    state: &State,
    schedule: &DailySchedule,
    job: &DailyJob,
    now: DateTime<Utc>,
) -> Result<CommandLine, String> {
    let tokens = Tokens { state, schedule, job, now: now.naive_utc() };
    let (line, data, split): (String, &Value, Split) = if let Some(data) = job.definition.get("windowsData") {
        (filled(data, "commandLine").unwrap_or_default().to_owned(), data, split_windows)
    } else if let Some(data) = job.definition.get("unixData") {
        let image = filled(data, "startImage").unwrap_or_default();
        let parameters = filled(data, "parameters").unwrap_or_default();
        (format!("{image} {parameters}"), data, split_posix)
    } else {
        return Err("The agent runs Windows and UNIX jobs only".to_owned());
    };
    let arguments = split(&tokens.resolve(&line)?)?;
    if arguments.is_empty() {
        return Err("The job has no command line".to_owned());
    }
    let directory = match filled(data, "workingDirectory") {
        Some(directory) => Some(PathBuf::from(tokens.resolve(directory)?)),
        None => None,
    };
    let mut environment = Vec::new();
    for variable in items(data, "environmentVariableList") {
        if let Some(name) = filled(variable, "name") {
            environment
                .push((name.to_owned(), tokens.resolve(filled(variable, "value").unwrap_or_default())?));
        }
    }
    Ok(CommandLine { arguments, directory, environment })
}

/// Runs a command line to its end.
pub(crate) async fn run(line: CommandLine) -> Ended {
    let Some((program, arguments)) = line.arguments.split_first() else {
        return Ended { code: None, output: String::new(), message: None };
    };
    let mut command = Command::new(program);
    command.args(arguments).envs(line.environment).stdin(Stdio::null()).kill_on_drop(true);
    if let Some(directory) = line.directory {
        command.current_dir(directory);
    }
    match command.output().await {
        Ok(output) => {
            let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
            text.push_str(&String::from_utf8_lossy(&output.stderr));
            let end = text.floor_char_boundary(OUTPUT);
            text.truncate(end);
            let message = output.status.code().is_none().then(|| "The program was killed".to_owned());
            Ended { code: output.status.code(), output: text, message }
        }
        Err(error) => {
            let message = format!("The program `{program}` could not be started: {error}");
            Ended { code: None, output: String::new(), message: Some(message) }
        }
    }
}

fn split_posix(line: &str) -> Result<Vec<String>, String> {
    shell_words::split(line).map_err(|_| "The parameters have an open quotation mark".to_owned())
}

/// As Windows programs split their command line: quotation marks hold blanks together,
/// backslashes count only before a quotation mark, two marks inside marks are one.
fn split_windows(line: &str) -> Result<Vec<String>, String> {
    let mut arguments = Vec::new();
    let mut characters = line.chars().peekable();
    loop {
        while characters.next_if(|c| c.is_whitespace()).is_some() {}
        if characters.peek().is_none() {
            return Ok(arguments);
        }
        let (mut argument, mut quoted) = (String::new(), false);
        while let Some(character) = characters.next_if(|c| quoted || !c.is_whitespace()) {
            match character {
                '\\' => {
                    let mut count = 1;
                    while characters.next_if_eq(&'\\').is_some() {
                        count += 1;
                    }
                    let before_mark = characters.peek() == Some(&'"');
                    let kept = if before_mark { count / 2 } else { count };
                    argument.extend(std::iter::repeat_n('\\', kept));
                    if before_mark && count % 2 == 1 {
                        characters.next();
                        argument.push('"');
                    }
                }
                '"' if quoted && characters.next_if_eq(&'"').is_some() => argument.push('"'),
                '"' => quoted = !quoted,
                other => argument.push(other),
            }
        }
        arguments.push(argument);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn windows_command_lines_are_split_as_windows_does() {
        for (line, arguments) in [
            (r#"a  b"#, vec!["a", "b"]),
            (r#""C:\Program Files\x.exe" -d "a b""#, vec![r"C:\Program Files\x.exe", "-d", "a b"]),
            (r#"x "c:\dir\\" y"#, vec!["x", r"c:\dir\", "y"]),
            (r#"x \"quoted\" \\server\share"#, vec!["x", "\"quoted\"", r"\\server\share"]),
            (r#"x "say ""hi""" """#, vec!["x", "say \"hi\"", ""]),
            ("", vec![]),
        ] {
            assert_eq!(split_windows(line).unwrap(), arguments, "{line}");
        }
    }

    /// An argument as programs write it into a Windows command line.
    fn quoted(argument: &str) -> String {
        let mut line = String::from("\"");
        let mut backslashes = 0;
        for character in argument.chars() {
            if character == '"' {
                line.extend(std::iter::repeat_n('\\', backslashes + 1));
            }
            backslashes = if character == '\\' { backslashes + 1 } else { 0 };
            line.push(character);
        }
        line.extend(std::iter::repeat_n('\\', backslashes));
        line.push('"');
        line
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn quoted_arguments_come_back(arguments in prop::collection::vec("[a-z \\t\"\\\\é]{0,8}", 0..5)) {
            let line: Vec<String> = arguments.iter().map(|argument| quoted(argument)).collect();
            prop_assert_eq!(split_windows(&line.join(" ")).unwrap(), arguments);
        }
    }

    #[test]
    fn posix_parameters_are_split_as_a_shell_would() {
        assert_eq!(
            split_posix(r#"/bin/x --a='b c' "d e" f\ g"#).unwrap(),
            ["/bin/x", "--a=b c", "d e", "f g"]
        );
        assert!(split_posix("x 'open").is_err());
    }
}
