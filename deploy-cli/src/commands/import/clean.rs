//! The global rule *delete from development after import*.

use deploy_core::definition::{Definition, Purpose, encode, equal};
use deploy_core::opcon::OpConSystem as _;
use deploy_core::repository::Repository;
use deploy_core::repository::change::Destination;
use deploy_core::repository::import::{ImportOptions, Imported, Outcome};
use deploy_core::repository::layout::Kind;
use deploy_core::repository::listing::Listing;
use deploy_core::repository::servers::ServerClass;

use crate::error::CommandError;
use crate::system::Target;
use crate::ui::{Ui, count, one_line};
use crate::{CommandResult, Exit};

/// Deletes what was imported from a development system, where the settings of
/// main say so: each schedule only if the repository safely has exactly what
/// stands on the system at this moment.
pub(super) async fn delete_imported(
    repository: &Repository,
    target: &Target,
    imported: &Imported,
    options: &ImportOptions,
    ui: &Ui,
) -> CommandResult {
    let is_wanted = repository.settings_of_main()?.import.delete_from_development;
    if !is_wanted || target.named.server.kind.class() != ServerClass::Development {
        return Ok(Exit::Done);
    }
    let stored: Vec<&str> = imported
        .items
        .iter()
        .filter(|item| !matches!(item.outcome, Outcome::Failed(_)))
        .map(|item| item.name.as_str())
        .collect();
    let Some(safe) = Safe::find(repository, options)? else {
        ui.note(format!("Nothing is deleted from `{}` before it is pushed: `--push`", target.name()));
        return Ok(Exit::Done);
    };
    let (mut deleted, mut exit) = (0, Exit::Done);
    for name in stored {
        match delete_one(repository, target, &safe, name).await {
            Ok(()) => deleted += 1,
            Err(why) => {
                exit = Exit::Failed;
                ui.warning(format!("`{}` is not deleted from `{}`: {why}", one_line(name), target.name()));
            }
        }
    }
    ui.note(format!("Deleted {} from `{}`, as deploy.toml says", count(deleted, "schedule"), target.name()));
    Ok(exit)
}

async fn delete_one(repository: &Repository, target: &Target, safe: &Safe, name: &str) -> Result<(), String> {
    let kept = safe.definition(repository, name)?;
    let now = target.system.extract(name).await.map_err(|error| error.on_one_line())?;
    let now = now.into_definition().map_err(|error| error.on_one_line())?;
    if !equal(kept.value(), now.value(), Purpose::Import) {
        return Err("it was changed there meanwhile; import it again".to_owned());
    }
    target.system.delete(name).await.map_err(|error| error.on_one_line())
}

/// What the remote has, or the branch where there is no remote.
struct Safe(Listing);

impl Safe {
    /// `None` where there is a remote that does not have the branch as it is here.
    fn find(repository: &Repository, options: &ImportOptions) -> Result<Option<Self>, CommandError> {
        let branch = match &options.destination {
            Destination::Head => repository.git2().head()?.shorthand().unwrap_or_default().to_owned(),
            Destination::Branch(name) => name.clone(),
        };
        let local = repository.ref_commit(&format!("refs/heads/{branch}"))?;
        let pushed = match repository.remote() {
            Some(_) => repository.remote_branch(&branch)?,
            None => local,
        };
        match (local, pushed) {
            (Some(local), Some(pushed)) if local == pushed => {
                let tree = repository.git2().find_commit(pushed)?.tree()?;
                Ok(Some(Self(Listing::read(repository.git2(), &tree, Kind::Schedule)?)))
            }
            _ => Ok(None),
        }
    }

    fn definition(&self, repository: &Repository, name: &str) -> Result<Definition, String> {
        let stored = self.0.get(&encode(name)).ok_or("the repository does not have it")?;
        let blob = repository.git2().find_blob(stored.blob).map_err(|error| error.to_string())?;
        Definition::read(blob.content()).map_err(|error| error.to_string())
    }
}
