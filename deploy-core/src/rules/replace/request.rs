//! One replacement, asked for by a script or an entry of the vendor's JSON.

use std::sync::Arc;

use super::value::{Matcher, check_masks};
use crate::rules::diagnostic::nearest;
use crate::rules::tags::{Tag, TagKind};

/// What happens where a call matched nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unmatched {
    /// A warning.
    #[default]
    Warn,
    /// An error.
    Strict,
    /// Nothing.
    Optional,
}

/// A name, or the beginning of names (`LOAD*`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wildcard(String);

impl Wildcard {
    /// Nothing and "" mean every name.
    pub(crate) fn new(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }

    pub(crate) fn matches(&self, name: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(beginning) => name.starts_with(beginning),
            None => name == self.0,
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A replacement.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) tag: Arc<Tag>,
    pub(crate) current: String,
    pub(crate) new: String,
    pub(crate) options: Options,
}

/// The options of a replacement.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    pub(crate) partial: bool,
    pub(crate) job: Option<Wildcard>,
    pub(crate) schedule: Option<Wildcard>,
    pub(crate) current_contents: Option<String>,
    pub(crate) new_contents: Option<String>,
    pub(crate) unmatched: Option<Unmatched>,
    /// Jobs of this schedule only, where a text says which schedule a job is of.
    pub(crate) of_schedule: Option<String>,
}

/// The names of the options.
pub(crate) const OPTIONS: &[&str] =
    &["partial", "job", "schedule", "optional", "strict", "current_contents", "new_contents"];

impl Request {
    /// Refuses what makes no sense, before anything is changed.
    pub(crate) fn check(&self) -> Result<(), String> {
        let name = &self.tag.name;
        if self.options.partial && !self.tag.takes_partial() {
            return Err(format!("`{name}` replaces whole values only"));
        }
        if self.options.job.is_some() && !self.tag.takes_job() {
            return Err(format!("`{name}` is not about jobs: it takes no `job`"));
        }
        if self.options.schedule.is_some() && !self.tag.takes_schedule() {
            return Err(format!("`{name}` is for the whole definition: it takes no `schedule`"));
        }
        let contents = self.options.current_contents.is_some() || self.options.new_contents.is_some();
        if contents && !self.tag.takes_contents() {
            return Err(format!("`{name}` has no contents: it takes no `current_contents`, `new_contents`"));
        }
        if self.options.current_contents.is_some() && self.options.new_contents.is_none() {
            return Err(format!("`{name}`: `current_contents` needs `new_contents`"));
        }
        match self.tag.kind {
            TagKind::Mask => check_masks(&self.current, &self.new),
            TagKind::Time => match [&self.current, &self.new].into_iter().find(|time| !is_time(time)) {
                Some(wrong) => Err(format!("`{name}` takes times written `HH:MM`, not `{wrong}`")),
                None => Ok(()),
            },
            TagKind::Pair => match [&self.current, &self.new].into_iter().find(|pair| !is_pair(pair)) {
                Some(wrong) => {
                    Err(format!("`{name}` takes two values written `first,second`, not `{wrong}`"))
                }
                None => Ok(()),
            },
            TagKind::RoleAdd if self.new.is_empty() => Err(format!("`{name}` needs the name of a role")),
            TagKind::JobTag if self.new.is_empty() && self.current.is_empty() => {
                Err(format!("`{name}` needs the name of a job tag"))
            }
            TagKind::MovePackage if self.current == self.new => {
                Err(format!("`{name}` needs two different prefixes, one of which may be empty"))
            }
            TagKind::Environment if self.new.is_empty() => {
                Err(format!("`{name}` needs a prefix as new value"))
            }
            TagKind::Text | TagKind::Name | TagKind::Event | TagKind::AnyText
                if self.current.is_empty() && !contents =>
            {
                Err(format!("`{name}` needs a current value"))
            }
            _ => Ok(()),
        }
    }

    /// How values are matched.
    pub(crate) fn matcher(&self) -> Matcher<'_> {
        let (current, new) = (self.current.as_str(), self.new.as_str());
        match self.tag.kind {
            TagKind::Mask => Matcher::Mask { current, new },
            TagKind::AnyText if current == "*" => Matcher::Any { new },
            _ if self.options.partial => Matcher::Part { current, new },
            _ => Matcher::Whole { current, new },
        }
    }

    /// How contents are matched: whatever is there, where no current contents are given.
    pub(crate) fn contents_matcher(&self) -> Option<Matcher<'_>> {
        let new = self.options.new_contents.as_deref()?;
        Some(match self.options.current_contents.as_deref() {
            None => Matcher::Any { new },
            Some(current) if self.options.partial => Matcher::Part { current, new },
            Some(current) => Matcher::Whole { current, new },
        })
    }
}

/// Why `name` is no option, with the nearest that is one.
pub(crate) fn unknown_option(name: &str) -> String {
    match nearest(name, OPTIONS.iter().copied()).first() {
        Some(near) => format!("`replace` has no option `{name}` (did you mean `{near}`?)"),
        None => format!("`replace` has no option `{name}`; it takes {}", OPTIONS.join(", ")),
    }
}

/// Whether a text is a time of day, `HH:MM`.
pub(crate) fn is_time(text: &str) -> bool {
    let Some((hours, minutes)) = text.split_once(':') else {
        return false;
    };
    let number = |text: &str, below: u8| {
        text.len() == 2
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && text.parse::<u8>().is_ok_and(|n| n < below)
    };
    number(hours, 24) && number(minutes, 60)
}

fn is_pair(text: &str) -> bool {
    text.split(',').count() == 2
}
