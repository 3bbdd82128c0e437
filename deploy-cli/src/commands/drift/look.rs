//! Looking at the servers, several at a time.

use std::sync::atomic::AtomicUsize;

use deploy_core::deploy::drift::Survey;
use deploy_core::opcon::NamePattern;
use deploy_core::repository::Repository;
use deploy_core::repository::drift_seen::{DriftSeen, Seen};
use deploy_core::repository::records::{Record, Records};
use deploy_core::repository::servers::{self, Listed};
use futures_util::future::join_all;

use super::super::changing::now;
use super::super::{note_age, open};
use super::{LookArgs, Looked};
use crate::cli::Global;
use crate::error::CommandError;
use crate::system::{Target, runtime, who};
use crate::ui::{Ui, one_line};

/// Looks at all that was asked for.
pub(super) fn look(args: &LookArgs, global: &Global, ui: &Ui) -> Result<Vec<Looked>, CommandError> {
    let repository = open(global, ui)?;
    let records = match global.fetch {
        true => Records::fetch_with_main(&repository)?,
        false => Records::open(&repository)?,
    };
    let git = repository.settings().git.clone();
    note_age(&repository, &[&git.main, &git.records], ui);
    let only = Only::new(&args.only)?;
    let opcon_user = who(&repository).ok().and_then(|who| who.person.opcon_user);
    let settings = repository.settings_of_main()?;
    let (mut surveys, mut all) = (Vec::new(), Vec::new());
    for (server, listed) in chosen(&repository, &records, args, ui)? {
        let prepared = listed.map_err(CommandError::from).and_then(|named| {
            let takes = |record: &Record| only.takes(record);
            let survey = Survey::of(&records, &settings, named, &takes, args.unmanaged, now().date_naive())?;
            if survey.is_empty() && !args.unmanaged {
                return Ok(None);
            }
            let target = Target::connect(&repository, survey.server().clone(), opcon_user.as_deref(), ui)?;
            Ok(Some((survey, target)))
        });
        match prepared {
            Ok(prepared) => surveys.extend(prepared),
            Err(error) => all.push(Looked { server, outcome: Err(error) }),
        }
    }
    if surveys.is_empty() && all.is_empty() {
        nothing(args, ui)?;
    }
    let total = surveys.iter().map(|(survey, _)| survey.len()).sum();
    let done = AtomicUsize::new(0);
    let runtime = runtime()?;
    let looking = surveys.into_iter().map(async |(survey, target)| {
        let drift = survey.look(&repository, target.system.clone(), target.concurrency, &done).await;
        target.sign_off().await;
        Looked { server: target.name().to_owned(), outcome: drift.map_err(CommandError::from) }
    });
    let looked = ui.progress(total, "Comparing").follow(&done, || runtime.block_on(join_all(looking)));
    remember(&repository, &looked);
    all.extend(looked);
    all.sort_by(|a, b| a.server.cmp(&b.server));
    Ok(all)
}

/// Lets `status` say what was found.
fn remember(repository: &Repository, looked: &[Looked]) {
    let when = now().timestamp();
    let mut seen = DriftSeen::load(repository);
    for drift in looked.iter().filter_map(|looked| looked.outcome.as_ref().ok()) {
        let differing = drift.drifted.iter().filter(|drifted| drifted.counting() > 0).map(|drifted| {
            let Record { id, name, .. } = &drifted.record;
            (name.clone(), Seen { record: *id, differences: drifted.counting(), when })
        });
        seen.add(&drift.server, &drift.compared, differing);
    }
    seen.store(repository);
}

/// The servers that were named, or those to which something was deployed.
fn chosen(
    repository: &Repository,
    records: &Records<'_>,
    args: &LookArgs,
    ui: &Ui,
) -> Result<Vec<Listed>, CommandError> {
    let all = servers::all(repository)?;
    if args.servers.is_empty() {
        let deployed_to = records.servers()?;
        for gone in deployed_to.iter().filter(|server| !all.iter().any(|(name, _)| name == *server)) {
            ui.warning(format!("server `{}` is not on main any more: it is left out", one_line(gone)));
        }
        let is_asked = |name: &String| args.unmanaged || deployed_to.contains(name);
        return Ok(all.into_iter().filter(|(name, _)| is_asked(name)).collect());
    }
    let mut chosen: Vec<Listed> = Vec::new();
    for asked in &args.servers {
        let found: Vec<String> = match asked.contains(['*', '?']) {
            false => vec![servers::find(repository, asked)?.name],
            true => {
                let pattern = NamePattern::new(asked);
                let fits = |name: &&String| pattern.as_ref().is_some_and(|pattern| pattern.matches(name));
                all.iter().map(|(name, _)| name).filter(fits).cloned().collect()
            }
        };
        if found.is_empty() {
            return Err(CommandError::failed(format!("no server on main fits `{}`", one_line(asked))));
        }
        for name in found {
            if !chosen.iter().any(|(other, _)| *other == name) {
                let server = servers::find(repository, &name);
                chosen.push((name, server));
            }
        }
    }
    Ok(chosen)
}

fn nothing(args: &LookArgs, ui: &Ui) -> Result<(), CommandError> {
    if !args.only.is_empty() {
        let what = args.only.join("`, `");
        return Err(CommandError::failed(format!("nothing that was deployed fits `{}`", one_line(&what))));
    }
    ui.note("nothing was deployed there yet");
    ui.hint("`--unmanaged` lists what stands there all the same");
    Ok(())
}

/// What is compared: everything, or what one of these fits.
struct Only {
    names: Vec<NamePattern>,
    packages: Vec<NamePattern>,
}

impl Only {
    fn new(words: &[String]) -> Result<Self, CommandError> {
        let (mut names, mut packages) = (Vec::new(), Vec::new());
        for word in words {
            let (list, pattern) = match word.strip_prefix("package:") {
                Some(package) => (&mut packages, package),
                None => (&mut names, word.as_str()),
            };
            let pattern = NamePattern::new(pattern)
                .ok_or_else(|| CommandError::usage(format!("`{}` is not a pattern", one_line(word))))?;
            list.push(pattern);
        }
        Ok(Self { names, packages })
    }

    fn takes(&self, record: &Record) -> bool {
        let fits = |patterns: &[NamePattern], name: &str| patterns.iter().any(|one| one.matches(name));
        let by_name = |name: &String| fits(&self.names, name);
        (self.names.is_empty() && self.packages.is_empty())
            || by_name(&record.name)
            || record.original_name.as_ref().is_some_and(by_name)
            || record.package.as_ref().is_some_and(|package| fits(&self.packages, &package.name))
    }
}
