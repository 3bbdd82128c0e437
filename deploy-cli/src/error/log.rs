//! What helps where records or the audit could not be read.

use deploy_core::repository::audit::AuditError;
use deploy_core::repository::records::log::{FindError, FullError, LogError};

use super::{CommandError, chain, tip_hint};

impl From<LogError> for CommandError {
    fn from(error: LogError) -> Self {
        let hint = match &error {
            LogError::Shallow => Some("`git fetch --unshallow` brings the whole history"),
            LogError::Git(_) | LogError::Output(_) | LogError::Object(_) => None,
        };
        hint.into_iter().fold(Self::failed(chain(&error)), Self::hint)
    }
}

impl From<FindError> for CommandError {
    fn from(error: FindError) -> Self {
        let text = chain(&error);
        match error {
            FindError::NotAnId { .. } => Self::usage(text).hint("`opcon-deploy deployments` shows the ids"),
            FindError::Unknown { .. } => Self::failed(text)
                .hint("`opcon-deploy deployments --all` shows the records; `--fetch` asks the remote"),
            FindError::Ambiguous { .. } => Self::failed(text),
        }
    }
}

impl From<FullError> for CommandError {
    fn from(error: FullError) -> Self {
        Self::failed(chain(&error))
    }
}

impl From<AuditError> for CommandError {
    fn from(error: AuditError) -> Self {
        match error {
            AuditError::Log(error) => error.into(),
            AuditError::Tip(cause) => {
                let hint = tip_hint(&cause);
                hint.into_iter().fold(Self::failed(chain(&cause)), Self::hint)
            }
        }
    }
}
