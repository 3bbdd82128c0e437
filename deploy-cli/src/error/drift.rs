//! What the user reads where a target is compared with what was deployed to it.

use deploy_core::deploy::drift::SurveyError;
use deploy_core::repository::drift_accepted::{AcceptError, AcceptedError};

use super::{CommandError, chain};

impl From<AcceptedError> for CommandError {
    fn from(error: AcceptedError) -> Self {
        let failed = Self::failed(chain(&error));
        match error {
            AcceptedError::Toml(_) => failed.hint("`opcon-deploy schema drift-accepted` describes the keys"),
            AcceptedError::Object(_) => failed,
        }
    }
}

impl From<SurveyError> for CommandError {
    fn from(error: SurveyError) -> Self {
        match error {
            SurveyError::Records(error) => error.into(),
            SurveyError::Accepted(error) => error.into(),
        }
    }
}

impl From<AcceptError> for CommandError {
    fn from(error: AcceptError) -> Self {
        let message = chain(&error);
        match error {
            AcceptError::Pointer(_) => {
                Self::usage(message).hint("`opcon-deploy drift` prints the pointer of every difference")
            }
            AcceptError::NoReason | AcceptError::Passed { .. } => Self::usage(message),
            AcceptError::Toml(error) => AcceptedError::from(error).into(),
            AcceptError::Commit(error) => error.into(),
            AcceptError::Write(_) | AcceptError::Object(_) => Self::failed(message),
        }
    }
}
