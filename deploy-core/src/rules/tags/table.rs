//! The table of tags: reading it, adding a repository's corrections.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

use serde_json::Value;

use super::place::{Place, Scope};
use crate::rules::diagnostic::nearest;
use crate::rules::events::NameKind;
use crate::rules::toml_place::TomlError;

const BUILT_IN: &str = include_str!("tags.toml");

static BUILT_IN_TABLE: LazyLock<Result<TagTable, TomlError>> =
    LazyLock::new(|| TagTable::default().with(BUILT_IN));

/// What a tag does with the values at its places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TagKind {
    /// The value, or a part of it, is replaced.
    Text,
    /// As text, and the new value must be `HH:MM`.
    Time,
    /// `?` keeps one character, `*` keeps the rest.
    Mask,
    /// Two values given as `first,second`; whole only.
    Pair,
    /// A name, changed wherever it is referred to.
    Name,
    /// The text of events.
    Event,
    /// As text, and `*` matches any value that is there.
    AnyText,
    /// As text; set where an environment is used and none is present.
    Department,
    /// Instance properties, `A=b;C=d`: name, value or both.
    Instance,
    /// As text; equal values add the tag to jobs.
    JobTag,
    /// A role is added to the definition.
    RoleAdd,
    /// The primary machine becomes a machine group.
    MachineToGroup,
    /// The machine group becomes the primary machine.
    GroupToMachine,
    /// The target's frequencies are used where it has them.
    UseExistingFrequencies,
    /// A prefix of all names is added, replaced or removed.
    MovePackage,
    /// A prefix for all names, `E_NAME`.
    Environment,
}

/// An example of a tag, shown in the reference and run as a test over the sample definition.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// The value to look for.
    #[serde(default)]
    pub current: String,
    /// The value to put there.
    #[serde(default)]
    pub new: String,
    /// Options as a rhai map, `#{ partial: true }`.
    #[serde(default)]
    pub options: String,
    /// Pointer into the transformed sample definition → the value that stands there then.
    #[serde(default)]
    pub changes: BTreeMap<String, String>,
}

/// One tag.
#[derive(Debug, Clone)]
pub struct Tag {
    /// The vendor's name.
    pub name: String,
    /// Other spellings that the vendor documents.
    pub spellings: Vec<String>,
    /// What it changes, in a sentence.
    pub about: String,
    /// What it does.
    pub kind: TagKind,
    /// What it names, for tags of kind [`TagKind::Name`] and [`TagKind::Instance`].
    pub names: Option<NameKind>,
    /// A flag beside the value that must be set for the tag to apply.
    pub when: Option<String>,
    /// Examples.
    pub examples: Vec<Example>,
    pub(crate) places: Vec<Place>,
}

impl Tag {
    /// The places it changes, as written in the table.
    pub fn places(&self) -> impl Iterator<Item = String> + '_ {
        self.places.iter().map(ToString::to_string)
    }

    /// Whether it looks into the text of events and into tokens.
    pub fn follows_references(&self) -> bool {
        matches!(self.kind, TagKind::Name | TagKind::Instance | TagKind::MovePackage | TagKind::Environment)
    }

    /// Whether `partial` means something.
    pub fn takes_partial(&self) -> bool {
        matches!(
            self.kind,
            TagKind::Text
                | TagKind::Name
                | TagKind::Event
                | TagKind::AnyText
                | TagKind::Department
                | TagKind::Instance
                | TagKind::JobTag
                | TagKind::MachineToGroup
                | TagKind::GroupToMachine
        )
    }

    /// Whether `current_contents` and `new_contents` mean something.
    pub fn takes_contents(&self) -> bool {
        self.kind == TagKind::Instance
            || matches!(self.names, Some(NameKind::Property | NameKind::Resource | NameKind::Threshold))
    }

    /// Whether `job` means something.
    pub fn takes_job(&self) -> bool {
        !matches!(
            self.kind,
            TagKind::RoleAdd | TagKind::MovePackage | TagKind::UseExistingFrequencies | TagKind::Environment
        ) && (self.follows_references() || self.places.iter().any(|place| place.scope == Scope::Job))
    }

    /// Whether `schedule` means something.
    pub fn takes_schedule(&self) -> bool {
        !matches!(self.kind, TagKind::RoleAdd | TagKind::MovePackage | TagKind::Environment)
    }
}

/// All tags.
#[derive(Debug, Clone, Default)]
pub struct TagTable {
    tags: BTreeMap<String, Arc<Tag>>,
    by_spelling: HashMap<String, Arc<Tag>>,
    pub(crate) token_places: Vec<Place>,
    pub(crate) event_places: Vec<Place>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    token_places: Vec<toml::Spanned<String>>,
    #[serde(default)]
    event_places: Vec<toml::Spanned<String>>,
    #[serde(default)]
    tag: BTreeMap<String, Row>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    about: Option<String>,
    kind: Option<TagKind>,
    names: Option<NameKind>,
    when: Option<String>,
    #[serde(default)]
    spellings: Vec<String>,
    places: Option<Vec<toml::Spanned<String>>>,
    #[serde(default)]
    add_places: Vec<toml::Spanned<String>>,
    #[serde(default)]
    examples: Vec<Example>,
}

impl TagTable {
    /// The vendor's tags.
    pub fn built_in() -> Result<Self, TomlError> {
        BUILT_IN_TABLE.clone()
    }

    /// The table with the additions and corrections of a `tags.toml`.
    pub fn with(mut self, text: &str) -> Result<Self, TomlError> {
        let file: File = toml::from_str(text).map_err(|error| TomlError::of(text, &error))?;
        let places = |list: &[toml::Spanned<String>]| -> Result<Vec<Place>, TomlError> {
            list.iter()
                .map(|place| {
                    Place::parse(place.as_ref())
                        .map_err(|error| TomlError::at(text, place.span().start, error.to_string()))
                })
                .collect()
        };
        self.token_places.extend(places(&file.token_places)?);
        self.event_places.extend(places(&file.event_places)?);
        for (name, row) in file.tag {
            let mut tag = match self.tags.get(&name) {
                Some(tag) => (**tag).clone(),
                None => Tag {
                    name: name.clone(),
                    spellings: Vec::new(),
                    about: String::new(),
                    kind: TagKind::Text,
                    names: None,
                    when: None,
                    examples: Vec::new(),
                    places: Vec::new(),
                },
            };
            if let Some(list) = &row.places {
                tag.places = places(list)?;
            }
            tag.places.extend(places(&row.add_places)?);
            tag.about = row.about.unwrap_or(tag.about);
            tag.kind = row.kind.unwrap_or(tag.kind);
            tag.names = row.names.or(tag.names);
            tag.when = row.when.or(tag.when);
            tag.spellings.extend(row.spellings);
            tag.examples.extend(row.examples);
            let tag = Arc::new(tag);
            for spelling in tag.spellings.iter().chain([&tag.name]) {
                self.by_spelling.insert(spelling.clone(), Arc::clone(&tag));
            }
            self.tags.insert(name, tag);
        }
        Ok(self)
    }

    /// The tag of that name, in any spelling the vendor documents.
    pub fn get(&self, name: &str) -> Option<&Arc<Tag>> {
        self.by_spelling.get(name)
    }

    /// The texts at the places of a tag that are counted from an owner of a scope.
    pub(crate) fn texts<'v>(&self, tag: &str, scope: Scope, owner: &'v Value) -> Vec<&'v str> {
        let mut found = Vec::new();
        let places = self.get(tag).map(|tag| tag.places.as_slice()).unwrap_or_default();
        places.iter().filter(|place| place.scope == scope).for_each(|place| place.texts(owner, &mut found));
        found.retain(|text| !text.trim().is_empty());
        found
    }

    /// All tags, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Tag>> {
        self.tags.values()
    }

    /// The names nearest to a wrong one.
    pub fn nearest(&self, wrong: &str) -> Vec<String> {
        nearest(wrong, self.by_spelling.keys().map(String::as_str))
    }

    /// The tags of lists of instance properties.
    pub(crate) fn instance_lists(&self) -> impl Iterator<Item = &Arc<Tag>> {
        self.tags.values().filter(|tag| tag.kind == TagKind::Instance)
    }

    /// The tags that rename what is of a kind.
    pub(crate) fn naming(&self, kind: NameKind) -> impl Iterator<Item = &Arc<Tag>> {
        self.tags
            .values()
            .filter(move |tag| matches!(tag.kind, TagKind::Name | TagKind::Text) && tag.names == Some(kind))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn every_tag_is_told_and_shown() {
        let table = TagTable::built_in().unwrap();
        assert!(table.iter().count() >= 85, "{}", table.iter().count());
        for tag in table.iter() {
            assert!(tag.about.ends_with('.'), "{}", tag.name);
            assert!(!tag.examples.is_empty(), "{} has no example", tag.name);
            assert!(tag.kind != TagKind::Name || tag.names.is_some(), "{}", tag.name);
        }
        assert_eq!(table.get("MCP_User_Code").unwrap().name, "MCP_User");
        assert_eq!(table.nearest("Job_Machine_Nam")[0], "Job_Machine_Name");
    }

    #[test]
    fn a_repository_corrects_a_place_and_adds_a_tag() {
        let text = "[tag.Windows_User]\nadd_places = ['job/windowsData/runAs']\n\
                    [tag.Java_Class]\nabout = 'The class.'\nplaces = ['job/javaData/className']\n";
        let table = TagTable::built_in().unwrap().with(text).unwrap();
        let user: Vec<_> = table.get("Windows_User").unwrap().places().collect();
        assert_eq!(user.last().unwrap(), "job/windowsData/runAs");
        assert!(user.len() > 1);
        assert_eq!(table.get("Java_Class").unwrap().kind, TagKind::Text);
    }

    #[test]
    fn wrong_tables_are_told_where() {
        let cases = [
            ("[tag.X]\nabout = 'x'\nplcaes = []", "line 3, column 1:", "did you mean `places`"),
            ("[tag.X]\nkind = 'nmae'", "line 2, column 8:", "did you mean `name`"),
            ("[tag.X]\nplaces = ['job/a', 'job//b']", "line 2, column 20:", "not a place"),
            ("[tag.X\n", "line 1,", ""),
        ];
        for (text, place, message) in cases {
            let error = TagTable::default().with(text).unwrap_err().to_string();
            assert!(error.starts_with(place), "{error}");
            assert!(error.contains(message), "{error}");
        }
    }
}
