//! What an action makes of a package: refused where it makes no sense.

use super::super::{Package, PackageError};
use super::Action;
use super::pins::Pinner;
use crate::definition::{PackageName, RuleName, ScheduleName};
use crate::repository::listing::Listing;
use crate::repository::toml_file::nearest;

/// A package before and after an action; none: it is not there.
pub(super) struct Outcome {
    pub(super) before: Option<Package>,
    pub(super) after: Option<Package>,
    pub(super) name: PackageName,
    pub(super) gone: Vec<String>,
}

/// What an action is applied to.
pub(super) struct Work<'a> {
    pub(super) branch: &'a str,
    /// All packages there are.
    pub(super) all: Vec<(String, Package)>,
    pub(super) rules: Listing,
    pub(super) pinner: Pinner<'a>,
    pub(super) name: &'a PackageName,
}

impl Work<'_> {
    pub(super) fn apply(&self, action: &Action) -> Result<Outcome, PackageError> {
        let (mut name, mut gone) = (self.name.clone(), Vec::new());
        if let Action::Create { description, schedules, rules } = action {
            self.refuse_existing(&name, None)?;
            let mut package = Package { description: description.clone(), ..Package::default() };
            self.add(&mut package, schedules, rules)?;
            return Ok(Outcome { before: None, after: Some(package), name, gone });
        }
        let before = self.existing()?.clone();
        let mut after = Some(before.clone());
        if let Some(package) = &mut after {
            match action {
                Action::Add { schedules, rules } => self.add(package, schedules, rules)?,
                Action::Remove { schedules, rules } => self.remove(package, schedules, rules)?,
                Action::Update { schedules } => gone = self.update(package, schedules)?,
                Action::Rename { to } => {
                    name = PackageName::new(to.clone())?;
                    self.refuse_existing(&name, Some(self.name))?;
                    package.formerly.retain(|former| former != name.as_str() && former != self.name.as_str());
                    package.formerly.push(self.name.to_string());
                }
                Action::Create { .. } | Action::Delete => {}
            }
        }
        if *action == Action::Delete {
            after = None;
        }
        Ok(Outcome { before: Some(before), after, name, gone })
    }

    fn existing(&self) -> Result<&Package, PackageError> {
        let wanted = self.name.as_str();
        if let Some((_, package)) = self.all.iter().find(|(name, _)| name == wanted) {
            return Ok(package);
        }
        let renamed =
            self.all.iter().find(|(_, package)| package.formerly.iter().any(|former| former == wanted));
        let names: Vec<&str> = self.all.iter().map(|(name, _)| name.as_str()).collect();
        let near = renamed.map(|(name, _)| name.as_str()).or_else(|| nearest(wanted, &names));
        Err(PackageError::Unknown {
            name: wanted.to_owned(),
            branch: self.branch.to_owned(),
            near: near.map(str::to_owned),
        })
    }

    fn refuse_existing(&self, name: &PackageName, except: Option<&PackageName>) -> Result<(), PackageError> {
        for (other, _) in
            self.all.iter().filter(|(other, _)| except.is_none_or(|except| except.as_str() != other))
        {
            if other == name.as_str() {
                return Err(PackageError::Exists { name: other.clone() });
            }
            if other.to_lowercase() == name.folded() {
                return Err(PackageError::CaseClash { other: other.clone() });
            }
        }
        match except {
            Some(except) if except == name => Err(PackageError::Exists { name: name.to_string() }),
            _ => Ok(()),
        }
    }

    fn add(&self, package: &mut Package, schedules: &[String], rules: &[String]) -> Result<(), PackageError> {
        for schedule in schedules {
            let pin = self.pinner.pin(schedule)?;
            let holds = |(name, other): &&(String, Package)| {
                name != self.name.as_str() && other.pin(&pin.name).is_some()
            };
            if let Some((other, _)) = self.all.iter().find(holds) {
                return Err(PackageError::Taken { schedule: pin.name, package: other.clone() });
            }
            match package.schedules.iter_mut().find(|old| old.name == pin.name) {
                Some(old) => *old = pin,
                None => package.schedules.push(pin),
            }
        }
        for rule in rules {
            self.refuse_unknown_rule(rule)?;
            if !package.rules.contains(rule) {
                package.rules.push(rule.clone());
            }
        }
        Ok(())
    }

    fn refuse_unknown_rule(&self, rule: &str) -> Result<(), PackageError> {
        let bare = rule.rsplit_once('@').map_or(rule, |(name, _)| name);
        let known = |name: &str| RuleName::new(name).is_ok_and(|name| self.rules.get(&name.stem()).is_some());
        if known(rule) || known(bare) {
            return Ok(());
        }
        let names: Vec<String> = self
            .rules
            .iter()
            .filter_map(|(stem, _)| RuleName::from_stem(stem))
            .map(|name| name.to_string())
            .collect();
        Err(PackageError::NoRule { rule: rule.to_owned(), near: nearest(bare, &names).map(str::to_owned) })
    }

    fn remove(
        &self,
        package: &mut Package,
        schedules: &[String],
        rules: &[String],
    ) -> Result<(), PackageError> {
        for schedule in schedules {
            self.refuse_absent(package, schedule)?;
            package.schedules.retain(|pin| pin.name != *schedule);
        }
        for rule in rules {
            if !package.rules.contains(rule) {
                let near = nearest(rule, &package.rules).map(str::to_owned);
                return Err(PackageError::NoRule { rule: rule.clone(), near });
            }
            package.rules.retain(|other| other != rule);
        }
        Ok(())
    }

    fn refuse_absent(&self, package: &Package, schedule: &str) -> Result<(), PackageError> {
        if package.pin(schedule).is_some() {
            return Ok(());
        }
        let names: Vec<&str> = package.schedules.iter().map(|pin| pin.name.as_str()).collect();
        Err(PackageError::NotInPackage {
            schedule: schedule.to_owned(),
            package: self.name.to_string(),
            near: nearest(schedule, &names).map(str::to_owned),
        })
    }

    /// Moves pins; gives the schedules that have no content any more.
    fn update(&self, package: &mut Package, only: &[String]) -> Result<Vec<String>, PackageError> {
        for schedule in only {
            self.refuse_absent(package, schedule)?;
        }
        let mut gone = Vec::new();
        for pin in &mut package.schedules {
            if !only.is_empty() && !only.contains(&pin.name) {
                continue;
            }
            match self.pinner.latest(&ScheduleName::new(pin.name.clone())?)? {
                Some(latest) => *pin = latest,
                None => gone.push(pin.name.clone()),
            }
        }
        Ok(gone)
    }
}
