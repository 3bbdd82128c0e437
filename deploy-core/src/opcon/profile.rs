//! The connector profile: the routes of ImpEx2, as data.
//!
//! The vendor does not publish these routes, and they may change with a
//! release. So a TOML file names, for each operation, the method, the path,
//! and where things stand in request and answer; `templates/impex2.toml` is
//! the default, written out. A file needs to hold only what differs from it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A connector profile: the routes of ImpEx2 on one release (`servers/connectors/<NAME>.toml`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ConnectorProfile {
    /// What the profile is called in messages.
    pub name: String,
    /// How requests are signed.
    pub authentication: Authentication,
    /// Which licence an OpCon system needs.
    pub licence: LicenceRoute,
    /// Asking for the version.
    pub version: VersionRoute,
    /// Getting a definition.
    pub extract: ExtractRoute,
    /// Writing a definition, in one transaction.
    pub insert: InsertRoute,
    /// Removing a schedule.
    pub delete: DeleteRoute,
}

impl Default for ConnectorProfile {
    fn default() -> Self {
        Self {
            name: "impex2".to_owned(),
            authentication: Authentication::default(),
            licence: LicenceRoute::default(),
            version: VersionRoute::default(),
            extract: ExtractRoute::default(),
            insert: InsertRoute::default(),
            delete: DeleteRoute::default(),
        }
    }
}

/// How requests to ImpEx2 are signed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Authentication {
    /// With what.
    pub scheme: Scheme,
    /// The header that carries the token.
    pub header: String,
    /// Its value; `{token}` stands for the token.
    pub value: String,
}

impl Default for Authentication {
    fn default() -> Self {
        Self { scheme: Scheme::Token, header: "Authorization".to_owned(), value: "Token {token}".to_owned() }
    }
}

/// With what requests are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// The token of the sign-on at the REST API of the same system.
    Token,
    /// The user and password, as HTTP basic authentication.
    Basic,
    /// Not at all.
    None,
}

/// Which licence an OpCon system needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LicenceRoute {
    /// The `id` (or `name`, where the system gives one) of the feature in `GET /api/features`.
    pub feature: String,
}

impl Default for LicenceRoute {
    fn default() -> Self {
        Self { feature: "Deploy".to_owned() }
    }
}

/// An HTTP method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[allow(missing_docs)]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl From<Method> for reqwest::Method {
    fn from(method: Method) -> Self {
        match method {
            Method::Get => Self::GET,
            Method::Post => Self::POST,
            Method::Put => Self::PUT,
            Method::Patch => Self::PATCH,
            Method::Delete => Self::DELETE,
        }
    }
}

/// Asking for the version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct VersionRoute {
    /// The method.
    pub method: Method,
    /// The path.
    pub path: String,
    /// Where the version stands in the answer.
    pub answer_version: String,
}

impl Default for VersionRoute {
    fn default() -> Self {
        Self {
            method: Method::Get,
            path: "/impex2/version".to_owned(),
            answer_version: "/version".to_owned(),
        }
    }
}

/// Getting a definition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ExtractRoute {
    /// The method.
    pub method: Method,
    /// The path; `{name}` stands for the schedule.
    pub path: String,
    /// Where the name stands in the body of the request, if it has one.
    pub request_name: Option<String>,
    /// Where the definition stands in the answer.
    pub answer_definition: String,
}

impl Default for ExtractRoute {
    fn default() -> Self {
        Self {
            method: Method::Get,
            path: "/impex2/schedules/{name}".to_owned(),
            request_name: None,
            answer_definition: String::new(),
        }
    }
}

/// Writing a definition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct InsertRoute {
    /// The method.
    pub method: Method,
    /// The path.
    pub path: String,
    /// Where the definition stands in the body of the request.
    pub request_definition: String,
    /// Where the import rules stand there.
    pub request_rules: String,
    /// Where the answer says how it went.
    pub answer_result: String,
    /// What it says there if it went well.
    pub success: String,
    /// Where the answer lists the schedules written.
    pub answer_schedules: String,
}

impl Default for InsertRoute {
    fn default() -> Self {
        Self {
            method: Method::Post,
            path: "/impex2/schedules".to_owned(),
            request_definition: "/opConExtract".to_owned(),
            request_rules: "/importRules".to_owned(),
            answer_result: "/result".to_owned(),
            success: "success".to_owned(),
            answer_schedules: "/schedules".to_owned(),
        }
    }
}

/// Removing a schedule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DeleteRoute {
    /// The method.
    pub method: Method,
    /// The path; `{name}` stands for the schedule.
    pub path: String,
    /// Where the name stands in the body of the request, if it has one.
    pub request_name: Option<String>,
}

impl Default for DeleteRoute {
    fn default() -> Self {
        Self { method: Method::Delete, path: "/impex2/schedules/{name}".to_owned(), request_name: None }
    }
}

/// Why text is not a connector profile.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ProfileError {
    /// Not TOML, or with a key or value that means nothing.
    #[error("{0}")]
    Toml(#[from] toml::de::Error),
    /// A value that cannot work.
    #[error("`{key}` {problem}")]
    Value {
        /// Where it stands.
        key: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
}

impl ConnectorProfile {
    /// Reads a profile; what it leaves out is as in the default one.
    pub fn read(text: &str) -> Result<Self, ProfileError> {
        let profile: Self = toml::from_str(text)?;
        profile.check().map_err(|(key, problem)| ProfileError::Value { key, problem })?;
        Ok(profile)
    }

    /// Looks whether it can work: the key that cannot, and what is wrong with it.
    pub fn check(&self) -> Result<(), (&'static str, &'static str)> {
        let wrong = |key, problem| Err((key, problem));
        let paths = [
            ("version.path", &self.version.path),
            ("extract.path", &self.extract.path),
            ("insert.path", &self.insert.path),
            ("delete.path", &self.delete.path),
        ];
        for (key, path) in paths {
            if !path.starts_with('/') || path.starts_with("//") {
                return wrong(key, "must be a path that starts with one `/`");
            }
        }
        let pointers = [
            ("version.answer_version", Some(&self.version.answer_version)),
            ("extract.request_name", self.extract.request_name.as_ref()),
            ("extract.answer_definition", Some(&self.extract.answer_definition)),
            ("insert.request_definition", Some(&self.insert.request_definition)),
            ("insert.request_rules", Some(&self.insert.request_rules)),
            ("insert.answer_result", Some(&self.insert.answer_result)),
            ("insert.answer_schedules", Some(&self.insert.answer_schedules)),
            ("delete.request_name", self.delete.request_name.as_ref()),
        ];
        for (key, pointer) in pointers {
            if pointer.is_some_and(|pointer| !pointer.is_empty() && !pointer.starts_with('/')) {
                return wrong(key, "must be a JSON pointer: empty, or starting with `/`");
            }
        }
        let named = |path: &str, pointer: &Option<String>| path.contains("{name}") || pointer.is_some();
        if !named(&self.extract.path, &self.extract.request_name) {
            return wrong("extract.path", "must hold `{name}`, or `extract.request_name` must be set");
        }
        if !named(&self.delete.path, &self.delete.request_name) {
            return wrong("delete.path", "must hold `{name}`, or `delete.request_name` must be set");
        }
        let (definition, rules) = (&self.insert.request_definition, &self.insert.request_rules);
        let inside = |outer: &str, inner: &str| inner == outer || inner.starts_with(&format!("{outer}/"));
        if inside(definition, rules) || inside(rules, definition) {
            return wrong(
                "insert.request_rules",
                "must stand beside the definition, not around or inside it",
            );
        }
        if self.authentication.scheme == Scheme::Token && !self.authentication.value.contains("{token}") {
            return wrong("authentication.value", "must hold `{token}`");
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const SHIPPED: &str = include_str!("../../../templates/impex2.toml");

    #[test]
    fn the_shipped_profile_is_the_default_written_out() {
        assert_eq!(ConnectorProfile::read(SHIPPED).unwrap(), ConnectorProfile::default());
        assert_eq!(ConnectorProfile::read("").unwrap(), ConnectorProfile::default());
        // Each table and key stands in the file, none is left to the default.
        let written: toml::Table = SHIPPED.parse().unwrap();
        let keys = |table: &str| written[table].as_table().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys("authentication"), ["header", "scheme", "value"]);
        assert_eq!(keys("insert").len(), 7);
        assert_eq!(written.len(), 7);
    }

    #[test]
    fn a_profile_holds_only_what_differs() {
        let profile =
            ConnectorProfile::read("[extract]\nmethod = \"POST\"\nanswer_definition = \"/data/0\"").unwrap();
        assert_eq!(
            (profile.extract.method, profile.extract.answer_definition.as_str()),
            (Method::Post, "/data/0")
        );
        assert_eq!(profile.insert, InsertRoute::default());
    }

    #[test]
    fn what_cannot_work_is_refused_by_name() {
        let cases = [
            ("[extract]\npaht = \"/x\"", "paht"),
            ("[extract]\nmethod = \"get\"", "GET"),
            ("[extract]\npath = \"/all\"", "extract.path"),
            ("[delete]\npath = \"/all\"", "delete.path"),
            ("[insert]\npath = \"schedules\"", "insert.path"),
            ("[version]\npath = \"//other.host/x\"", "version.path"),
            ("[version]\nanswer_version = \"version\"", "version.answer_version"),
            ("[insert]\nrequest_rules = \"/opConExtract/rules\"", "insert.request_rules"),
            ("[insert]\nrequest_definition = \"\"", "insert.request_rules"),
            ("[authentication]\nvalue = \"Bearer\"", "authentication.value"),
            ("[authentication]\nscheme = \"digest\"", "digest"),
        ];
        for (text, named) in cases {
            let error = ConnectorProfile::read(text).unwrap_err().to_string();
            assert!(error.contains(named), "{text}: {error}");
        }
    }
}
