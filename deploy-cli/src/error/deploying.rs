//! What the user reads where a target is changed, or the records of it.

use deploy_core::deploy::execute::{ExecuteError, Unsettled};
use deploy_core::deploy::{AdoptError, ObserveError, RemoveError, SelectError, UndoError};
use deploy_core::repository::records::{LeaseError, LedgerError, RecordsError};

use super::{CommandError, chain, commit_hint, resolve_hint};
use crate::Exit;
use crate::ui::one_line;

const REPAIR: &str = "`opcon-deploy doctor --repair` finishes it, or undoes it, by what stands there";
const OFFLINE: &str = "`--offline` leaves the remote out; the record will say so";

impl From<RecordsError> for CommandError {
    fn from(error: RecordsError) -> Self {
        let failed = Self::failed(chain(&error));
        records_hint(&error).into_iter().fold(failed, Self::hint)
    }
}

fn records_hint(error: &RecordsError) -> Option<String> {
    Some(match error {
        RecordsError::Rewritten { kept, branch, remote, .. } => {
            let back = match remote {
                Some(remote) => format!("git push --force {remote} {kept}:refs/heads/{branch}"),
                None => format!("git branch --force {branch} {kept}"),
            };
            format!(
                "`git log {kept}` shows what was there, `{back}` brings it back; `git update-ref -d {kept}` forgets it and takes what is there now for the truth"
            )
        }
        RecordsError::Shallow => "`git fetch --unshallow` brings the whole history".to_owned(),
        RecordsError::Unreachable { .. } => OFFLINE.to_owned(),
        RecordsError::NotThere { remote, branch } => {
            format!("`git push --set-upstream {remote} {branch}` brings it there")
        }
        RecordsError::Damaged { .. }
        | RecordsError::Settings(_)
        | RecordsError::Git(_)
        | RecordsError::Object(_) => return None,
    })
}

impl From<LedgerError> for CommandError {
    fn from(error: LedgerError) -> Self {
        let code = if matches!(error, LedgerError::Moved { .. }) { Exit::Refused } else { Exit::Failed };
        let failed = Self { code, ..Self::failed(chain(&error)) };
        ledger_hint(&error).into_iter().fold(failed, Self::hint)
    }
}

fn ledger_hint(error: &LedgerError) -> Option<String> {
    match error {
        LedgerError::Moved { .. } => Some("look at what stands there now, then run the command again".into()),
        LedgerError::Unreachable { .. } => Some(OFFLINE.to_owned()),
        LedgerError::Apart { branch, .. } => Some(format!(
            "`git log {branch}` shows what was recorded here; `git push origin {branch}:{branch}-offline && git branch -D {branch} && git update-ref -d refs/opcon-deploy/seen/heads/{branch}` keeps it aside on the remote"
        )),
        LedgerError::Behind { .. } => Some("the command without `--offline` brings both together".to_owned()),
        LedgerError::CheckedOut { .. } => Some("`git switch -` in that work tree leaves it".to_owned()),
        LedgerError::Busy { .. } => Some("run the command again".to_owned()),
        LedgerError::Records(error) => records_hint(error),
        LedgerError::Commit(error) => commit_hint(error),
        _ => None,
    }
}

impl From<LeaseError> for CommandError {
    fn from(error: LeaseError) -> Self {
        let hint = match &error {
            LeaseError::Held { holder } => Some(format!(
                "`--wait SECONDS` waits longer; `opcon-deploy lock break \"{}\"` takes it from somebody who will not come back",
                one_line(&holder.server)
            )),
            LeaseError::Refused { .. } => Some(
                "`[git] lock_prefix` in deploy.toml puts leases where the host takes them, such as `refs/heads/opcon-deploy/locks/`"
                    .to_owned(),
            ),
            LeaseError::Prefix { .. } => Some("the usual place is `refs/opcon-deploy/locks/`".to_owned()),
            LeaseError::Unreachable { .. } => Some(OFFLINE.to_owned()),
            _ => None,
        };
        let code = if matches!(error, LeaseError::Held { .. }) { Exit::Refused } else { Exit::Failed };
        let failed = Self { code, ..Self::failed(chain(&error)) };
        hint.into_iter().fold(failed, Self::hint)
    }
}

impl From<ExecuteError> for CommandError {
    fn from(error: ExecuteError) -> Self {
        let message = chain(&error);
        match &error {
            ExecuteError::Stopped { .. } => Self::interrupted(message),
            ExecuteError::NotBegun { source, .. } => {
                let is_moved = matches!(**source, LedgerError::Moved { .. });
                let code = if is_moved { Exit::Refused } else { Exit::Failed };
                ledger_hint(source).into_iter().fold(Self { code, ..Self::failed(message) }, Self::hint)
            }
            ExecuteError::Failed { source, .. } if !source.maybe_done() => {
                source.hint().into_iter().fold(Self::failed(message), Self::hint)
            }
            ExecuteError::Open { record, why, .. } => match **why {
                Unsettled::Neither { .. } | Unsettled::NotPutBack(_) => Self::failed(message).hint(format!(
                    "`opcon-deploy rollback --record {record}` puts back what stood there before"
                )),
                _ => Self::failed(message).hint(REPAIR),
            },
            ExecuteError::NotEnded { .. } => Self::failed(message).hint(REPAIR),
            ExecuteError::Failed { .. }
            | ExecuteError::LeaseLost { .. }
            | ExecuteError::FailedAndChanged { .. }
            | ExecuteError::PutBack { .. }
            | ExecuteError::Unreadable { .. } => Self::failed(message),
        }
    }
}

impl From<SelectError> for CommandError {
    fn from(error: SelectError) -> Self {
        let message = chain(&error);
        match &error {
            SelectError::Nothing => Self::usage(message).hint("name schedules, a pattern, or `package:NAME`"),
            SelectError::Resolve(cause) => {
                resolve_hint(cause).into_iter().fold(Self::failed(message), Self::hint)
            }
            SelectError::NotPushed { .. } => {
                Self::failed(message).hint("`git push`, or `--offline` to leave the remote out")
            }
            SelectError::OffMain { .. } => Self::refused(message)
                .hint("bring it to main, or name the branch in `[deploy] production_refs` of deploy.toml"),
            SelectError::Packaged { package, .. } => {
                Self::refused(message).hint(format!("`opcon-deploy deploy \"package:{package}\" …`"))
            }
            _ => Self::failed(message),
        }
    }
}

impl From<ObserveError> for CommandError {
    fn from(error: ObserveError) -> Self {
        match error {
            ObserveError::System(error) => error.into(),
            ObserveError::Records(error) => error.into(),
            unreadable => Self::failed(chain(&unreadable)),
        }
    }
}

impl From<RemoveError> for CommandError {
    fn from(error: RemoveError) -> Self {
        match error {
            RemoveError::System(error) => error.into(),
            RemoveError::Records(error) => error.into(),
            nothing => Self::failed(chain(&nothing)),
        }
    }
}

impl From<UndoError> for CommandError {
    fn from(error: UndoError) -> Self {
        let message = chain(&error);
        match error {
            UndoError::Records(error) => error.into(),
            UndoError::NothingStands { near: None, server, .. } => Self::failed(message).hint(format!(
                "`opcon-deploy deployments --server \"{server}\"` shows what was deployed there"
            )),
            UndoError::Member { package, server, .. } => Self::refused(message)
                .hint(format!("`opcon-deploy rollback \"package:{package}\" --on \"{server}\"`")),
            _ => Self::failed(message),
        }
    }
}

impl From<AdoptError> for CommandError {
    fn from(error: AdoptError) -> Self {
        match error {
            AdoptError::Records(error) => error.into(),
            AdoptError::Ledger(error) => error.into(),
            object => Self::failed(chain(&object)),
        }
    }
}
