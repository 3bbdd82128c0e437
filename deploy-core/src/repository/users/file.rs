//! Writing users.toml: what people wrote beside the values (comments, blank
//! lines) stays, and so does their order.

use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, TomlError, Value};

use super::{User, Users};
use crate::repository::toml_file::set;

/// What a new file begins with.
pub(crate) const NEW: &str =
    "# The people who work with this repository: `opcon-deploy schema users` describes the keys.\n";

const KEY: &str = "user";

impl Users {
    /// The text of the file, made from the text it replaces.
    pub fn write(&self, before: Option<&str>) -> Result<String, TomlError> {
        let mut document: DocumentMut = before.unwrap_or(NEW).parse()?;
        if !document.contains_array_of_tables(KEY) {
            // With nobody in it, all of the file is a comment on who comes.
            let comment = document.trailing().as_str().unwrap_or_default().to_owned();
            document.set_trailing("");
            document.remove(KEY);
            let mut tables = ArrayOfTables::new();
            if let Some(first) = self.users.first() {
                let mut table = new_table(first);
                table.decor_mut().set_prefix(comment + "\n");
                tables.push(table);
            }
            document.insert(KEY, Item::ArrayOfTables(tables));
        }
        if let Some(Item::ArrayOfTables(tables)) = document.get_mut(KEY) {
            keep_only(tables, |name| self.users.iter().any(|user| user.name == name));
            for user in &self.users {
                let at = tables.iter().position(|table| name_of(table) == user.name);
                match at.and_then(|at| tables.get_mut(at)) {
                    Some(table) => update(table, user),
                    None => tables.push(new_table(user)),
                }
            }
        }
        Ok(document.to_string())
    }
}

fn name_of(table: &Table) -> &str {
    table.get("name").and_then(Item::as_str).unwrap_or_default()
}

/// Takes people out; what stands at the head of the file stays there.
fn keep_only(tables: &mut ArrayOfTables, keep: impl Fn(&str) -> bool) {
    let mut head = String::new();
    let mut at = 0;
    while let Some(table) = tables.get_mut(at) {
        let prefix = table.decor().prefix().and_then(|prefix| prefix.as_str()).unwrap_or_default().to_owned();
        if keep(name_of(table)) {
            if !head.is_empty() {
                let own = prefix.trim_start_matches('\n');
                table.decor_mut().set_prefix(std::mem::take(&mut head) + own);
            }
            at += 1;
        } else {
            if at == 0 && head.is_empty() {
                head = prefix.rfind("\n\n").map_or_else(String::new, |end| prefix[..end + 2].to_owned());
            }
            tables.remove(at);
        }
    }
}

fn new_table(user: &User) -> Table {
    let mut table = Table::new();
    set(&mut table, "name", user.name.as_str().into());
    set(&mut table, "emails", Value::Array(user.emails.iter().collect()));
    update(&mut table, user);
    table
}

fn update(table: &mut Table, user: &User) {
    extend(table, "emails", &user.emails);
    set(table, "role", user.role.as_str().into());
    match &user.opcon_user {
        Some(opcon_user) => set(table, "opcon_user", opcon_user.as_str().into()),
        None => drop(table.remove("opcon_user")),
    }
    extend(table, "signing_keys", &user.signing_keys);
    for (key, given) in [("view_audit", user.view_audit), ("runner", user.runner)] {
        if given || table.contains_key(key) {
            set(table, key, given.into());
        }
    }
}

/// Brings a list to these texts: those that stay keep their place and their comments.
fn extend(table: &mut Table, key: &str, texts: &[String]) {
    match table.get_mut(key).and_then(Item::as_array_mut) {
        Some(array) => {
            array.retain(|value| value.as_str().is_some_and(|text| texts.iter().any(|other| other == text)));
            for text in texts {
                if !array.iter().any(|value| value.as_str() == Some(text)) {
                    array.push(text.as_str());
                }
            }
        }
        None if texts.is_empty() => {}
        None => set(table, key, Value::Array(texts.iter().collect::<Array>())),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::repository::users::Role;

    fn user(name: &str, role: Role) -> User {
        User {
            name: name.to_owned(),
            emails: vec![format!("{}@corp", name.to_lowercase())],
            role,
            opcon_user: None,
            signing_keys: vec![],
            view_audit: false,
            runner: false,
        }
    }

    const ANN: &str = "[[user]]\nname = \"Ann\"\nemails = [\"ann@corp\"]\nrole = \"Administration\"\n";

    #[test]
    fn a_new_file_is_readable() {
        let mut ann = user("Ann", Role::Administration);
        let users = Users { users: vec![ann.clone()] };
        assert_eq!(users.write(None).unwrap(), format!("{NEW}\n{ANN}"));
        assert_eq!(users.write(Some("# nobody yet\n")).unwrap(), format!("# nobody yet\n\n{ANN}"));
        assert_eq!(users.write(Some("")).unwrap(), format!("\n{ANN}"));
        ann.view_audit = true;
        ann.opcon_user = Some("ANN".to_owned());
        let users = Users { users: vec![ann, user("Bob", Role::NonProduction)] };
        let bob = "[[user]]\nname = \"Bob\"\nemails = [\"bob@corp\"]\nrole = \"Non-Production\"\n";
        let text = users.write(Some(ANN)).unwrap();
        assert_eq!(text, format!("{ANN}opcon_user = \"ANN\"\nview_audit = true\n\n{bob}"));
        assert_eq!(toml::from_str::<Users>(&text).unwrap(), users);
    }

    #[test]
    fn comments_and_order_stay() {
        let before = "# ours\n\n# on call\n[[user]]\nname = \"Zoe\"\nemails = [\n  \"zoe@corp\", # main\n]\nrole = \"All\" # for now\nrunner = true\n\n# the boss\n[[user]]\nname = \"Ann\"\nemails = [\"ann@corp\"]\nrole = \"Administration\"\n# end\n";
        let mut users: Users = toml::from_str(before).unwrap();
        assert_eq!(users.write(Some(before)).unwrap(), before);
        users.users[0].role = Role::Test;
        users.users[0].runner = false;
        let text = users.write(Some(before)).unwrap();
        assert_eq!(text, before.replace("\"All\"", "\"Test\"").replace("runner = true", "runner = false"));
        users.users[0].emails.push("z@corp".to_owned());
        let read: Users = toml::from_str(&users.write(Some(before)).unwrap()).unwrap();
        assert_eq!(read, users);
        users.users.remove(0);
        let after = "# ours\n\n# the boss\n[[user]]\nname = \"Ann\"\nemails = [\"ann@corp\"]\nrole = \"Administration\"\n# end\n";
        assert_eq!(users.write(Some(before)).unwrap(), after);
    }
}
