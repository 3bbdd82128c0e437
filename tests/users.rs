//! `user …`, and what roles allow: who acts, and whether they may.

use deploy_sandbox::{Config, Seed, SystemConfig, SystemType};
use snapbox::str;

use crate::harness::{Systems, World};

/// Enters a person; Ann, who made the repository, is Administration.
fn add(world: &World, name: &str, email: &str, role: &str) {
    world.central(&["user", "add", name, "--email", email, "--role", role]).ok();
}

/// The commits of `central` are by this address from now on.
fn act_as(world: &World, email: &str) {
    world.git("central", &["config", "user.email", email]);
}

#[test]
fn people_are_entered_listed_shown_and_removed() {
    let world = World::with_central();
    let text = world.read("central/users.toml");
    world.write("central/users.toml", text.replace("role =", "# founder\nrole ="));
    world.commit_all("A comment");
    let bob = ["user", "add", "Bob Day", "--email", "bob@corp.example", "--role", "non production"];
    let more = ["--email", "b.day@corp.example", "--opcon-user", "BDAY", "--runner"];
    snapbox::assert_data_eq!(
        world.central(&[&bob[..], &more].concat()).ok().to_string(),
        str![[r#"
Bob Day  added with the role Non-Production
--- stderr
Commit [commit] on `main`
--- exit 0

"#]]
    );
    world.assert_sound("central");
    snapbox::assert_data_eq!(
        world
            .central(&["user", "add", "bob day", "--role", "all", "--runner=false", "--view-audit"])
            .ok()
            .to_string(),
        str![[r#"
Bob Day  role Non-Production → All; view_audit on; runner off
--- stderr
Commit [commit] on `main`
--- exit 0

"#]]
    );
    snapbox::assert_data_eq!(
        world.central(&["user", "list"]).ok().to_string(),
        str![[r#"
NAME     ROLE            E-MAIL                                OPCON USER  KEYS  AUDIT  RUNNER
Ann Ops  Administration  ann@corp.example                                     0  yes
Bob Day  All             bob@corp.example, b.day@corp.example  BDAY           0  yes
--- exit 0

"#]]
    );
    snapbox::assert_data_eq!(
        world.central(&["user", "show"]).ok().to_string(),
        str![[r#"
Ann Ops  Administration
  e-mail       ann@corp.example
  imports from development, test, production
  deploys to   development, test, production
  also         administers, reads the audit
--- exit 0

"#]]
    );
    snapbox::assert_data_eq!(
        world.central(&["user", "show", "B.Day@corp.example"]).ok().to_string(),
        str![[r#"
Bob Day  All
  e-mail       bob@corp.example
  e-mail       b.day@corp.example
  OpCon user   BDAY
  imports from development, test, production
  deploys to   development, test, production
  also         reads the audit
--- exit 0

"#]]
    );
    snapbox::assert_data_eq!(
        world.read("central/users.toml"),
        str![[r##"
# The people who work with this repository: `opcon-deploy schema users` describes the keys.

[[user]]
name = "Ann Ops"
emails = ["ann@corp.example"]
# founder
role = "Administration"
view_audit = true
runner = false

[[user]]
name = "Bob Day"
emails = ["bob@corp.example", "b.day@corp.example"]
role = "All"
opcon_user = "BDAY"
runner = false
view_audit = true

"##]]
    );
    snapbox::assert_data_eq!(
        world.central(&["user", "add", "Bob Day", "--role", "All"]).ok().to_string(),
        str![[r#"
Bob Day  nothing to change
--- exit 0

"#]]
    );
    let json = world.central(&["user", "list", "--json"]).ok().json();
    assert_eq!((&json["users"][1]["role"], &json["users"][1]["opconUser"]), (&"All".into(), &"BDAY".into()));
    let json = world.central(&["user", "remove", "Bob Day", "--json"]).ok().json();
    assert_eq!((&json["user"]["what"], &json["user"]["user"]), (&"removed".into(), &serde_json::Value::Null));
    assert_eq!(world.central(&["user", "list"]).ok().stdout().lines().count(), 2);
}

#[test]
fn what_cannot_work_is_refused() {
    let world = World::with_central();
    let cases: &[(&[&str], i32)] = &[
        (&["add", "Bob"], 2),
        (&["add", "Bob", "--role", "boss"], 2),
        (&["add", "Bob", "--role", "All", "--email", "bob"], 2),
        (&["add", "Bob", "--role", "All", "--email", "ANN@corp.example"], 2),
        (&["add", "Ann Ops", "--signing-key", "no-such-file"], 2),
        (&["add", "Ann Ops", "--role", "All"], 4),
        (&["remove", "Ann Ops"], 4),
        (&["remove", "Anne Ops"], 1),
        (&["show", "Zoe"], 1),
    ];
    let mut all = String::new();
    for (args, code) in cases {
        let run = world.central(&[&["user"], *args].concat()).exits(*code).to_string();
        all.push_str(&format!("$ user {}\n{run}", args.join(" ")));
    }
    world.assert_sound("central");
    snapbox::assert_data_eq!(
        all,
        str![[r#"
$ user add Bob
--- stderr
Error: `Bob` is new: an e-mail address and a role are needed
Hint: `opcon-deploy user add "Bob" --email ADDRESS --role ROLE`
--- exit 2
$ user add Bob --role boss
--- stderr
error: invalid value 'boss' for '--role <ROLE>': not one of Administration, All, Production, Non-Production, Development, Test

For more information, try '--help'.
--- exit 2
$ user add Bob --role All --email bob
--- stderr
Error: `bob` of `Bob` is no e-mail address as git writes them; nothing was changed
--- exit 2
$ user add Bob --role All --email ANN@corp.example
--- stderr
Error: `ANN@corp.example` is an address of `Ann Ops` and of `Bob`; nothing was changed
--- exit 2
$ user add Ann Ops --signing-key no-such-file
--- stderr
Error: `--signing-key`: it is neither an SSH public key (`ssh-[commit] AAAA…`) nor the fingerprint of a GPG key (40 hex digits)
--- exit 2
$ user add Ann Ops --role All
--- stderr
Error: `Ann Ops` is the last with the role Administration: nobody could change the people any more
Hint: `opcon-deploy user add NAME --role Administration` gives it to somebody else first
--- exit 4
$ user remove Ann Ops
--- stderr
Error: `Ann Ops` is the last with the role Administration: nobody could change the people any more
Hint: `opcon-deploy user add NAME --role Administration` gives it to somebody else first
--- exit 4
$ user remove Anne Ops
--- stderr
Error: nobody in users.toml on `main` is called `Anne Ops`; did you mean `Ann Ops`?
--- exit 1
$ user show Zoe
--- stderr
Error: nobody in users.toml on `main` is called `Zoe`
Hint: `opcon-deploy user list` shows who there is
--- exit 1

"#]]
    );
}

#[test]
fn only_administrators_change_people_and_only_what_is_shared_counts() {
    let world = World::with_central();
    world.add_remote();
    snapbox::assert_data_eq!(
        world
            .central(&["user", "add", "Bob", "--email", "bob@corp.example", "--role", "All"])
            .ok()
            .to_string(),
        str![[r#"
Bob  added with the role All
--- stderr
Commit [commit] on `main`
It counts when it is on `origin/main`
--- exit 0

"#]]
    );
    act_as(&world, "bob@corp.example");
    // His entry is only here: on the remote he is nobody.
    snapbox::assert_data_eq!(
        world.central(&["user", "add", "Bob", "--role", "Administration"]).exits(4).to_string(),
        str![[r#"
--- stderr
Error: nobody in users.toml on `origin/main` has the e-mail address `bob@corp.example`: without a role nothing may be done
Hint: somebody with the role Administration enters you: `opcon-deploy user add NAME --email bob@corp.example --role ROLE`
Hint: `git config user.email ADDRESS` says who you are; `opcon-deploy user list` shows the people
--- exit 4

"#]]
    );
    world.git("central", &["push", "--quiet"]);
    snapbox::assert_data_eq!(
        world.central(&["user", "add", "Bob", "--role", "Administration"]).exits(4).to_string(),
        str![[r#"
--- stderr
Error: `Bob` has the role All, which may not change users: that is for Administration
Hint: `opcon-deploy user list` shows who has which role
--- exit 4

"#]]
    );
    // Making himself an administrator here changes nothing.
    let text = world.read("central/users.toml");
    world.write("central/users.toml", text.replace("\"All\"", "\"Administration\""));
    world.commit_all("Promote me");
    world.central(&["user", "remove", "Ann Ops"]).exits(4);
    assert!(world.central(&["user", "show"]).ok().stdout().starts_with("Bob  All"));
}

#[test]
fn without_people_everybody_may_do_everything() {
    let world = World::with_central();
    world.write("central/users.toml", "# nobody yet\n");
    world.commit_all("Nobody");
    act_as(&world, "stranger@corp.example");
    snapbox::assert_data_eq!(
        world.central(&["user", "list"]).ok().to_string(),
        str![[r#"
--- stderr
no users
Roles are off: nobody stands in users.toml on `main`, everybody may do everything
--- exit 0

"#]]
    );
    snapbox::assert_data_eq!(
        world.central(&["user", "show"]).ok().to_string(),
        str![[r#"
Ann Ops <stranger@corp.example>: roles are off, everybody may do everything
--- exit 0

"#]]
    );
    snapbox::assert_data_eq!(
        world.central(&["user", "add", "Eve", "--email", "eve@x", "--role", "Test"]).exits(4).to_string(),
        str![[r#"
--- stderr
Error: the first person of all must have the role Administration: nobody could change the people any more
Hint: `opcon-deploy user add NAME --email ADDRESS --role Administration` comes first
--- exit 4

"#]]
    );
    add(&world, "Eve", "eve@x", "Administration");
    assert!(world.read("central/users.toml").starts_with("# nobody yet\n\n[[user]]\n"));
    world.central(&["user", "remove", "Eve"]).exits(4);
}

#[test]
fn the_role_decides_what_is_imported_from_where() {
    let kinds = [
        ("DEV", SystemType::Development),
        ("QA", SystemType::QualityAssurance),
        ("PROD", SystemType::Production),
    ];
    let mut configs = kinds.map(|(name, kind)| SystemConfig::new(name, kind));
    configs[1].seed = Some(Seed::Large(1));
    let systems = Systems::start(Config { systems: configs.to_vec(), ..Config::default() });
    let world = World::with_systems(&systems);
    let roles = ["All", "Production", "Non-Production", "Development", "Test"];
    for role in roles {
        add(&world, role, &format!("{role}@corp.example"), role);
    }
    act_as(&world, "nobody@corp.example");
    snapbox::assert_data_eq!(
        world.central(&["import", "DEV", "*"]).exits(4).to_string(),
        str![[r#"
--- stderr
Error: nobody in users.toml on `main` has the e-mail address `nobody@corp.example`: without a role nothing may be done
Hint: somebody with the role Administration enters you: `opcon-deploy user add NAME --email nobody@corp.example --role ROLE`
Hint: `git config user.email ADDRESS` says who you are; `opcon-deploy user list` shows the people
--- exit 4

"#]]
    );
    let mut matrix = String::new();
    for role in roles {
        act_as(&world, &format!("{role}@corp.example"));
        matrix.push_str(&format!("{role}:"));
        for (server, _) in kinds {
            // To another branch each time: what comes is what was never there.
            let run = world.central(&["import", server, "*", &format!("--branch={role}-{server}")]);
            let code = run.output.status.code().unwrap();
            matrix.push_str(&format!(" {server} {code}"));
        }
        matrix.push('\n');
    }
    snapbox::assert_data_eq!(
        matrix,
        str![[r#"
All: DEV 0 QA 0 PROD 0
Production: DEV 0 QA 0 PROD 4
Non-Production: DEV 0 QA 0 PROD 4
Development: DEV 0 QA 4 PROD 4
Test: DEV 4 QA 0 PROD 4

"#]]
    );
    act_as(&world, "test@corp.example");
    let asked = systems.requests().len();
    snapbox::assert_data_eq!(
        world.central(&["import", "PROD", "*"]).exits(4).to_string(),
        str![[r#"
--- stderr
Error: `Test` has the role Test, which may not import from servers of the production class
Hint: `opcon-deploy user list` shows who has which role
--- exit 4

"#]]
    );
    world.central(&["export", "--from", "PROD", "*", "-o", "../x.json"]).exits(4);
    world.central(&["script", "import", "PROD", "*"]).exits(4);
    assert_eq!(systems.requests().len(), asked, "nothing was sent");
}

#[test]
fn a_commit_that_is_not_pushed_makes_no_test_system_of_production() {
    let systems = Systems::retail();
    let world = World::with_systems(&systems);
    add(&world, "Eve", "eve@corp.example", "Development");
    world.add_remote();
    act_as(&world, "eve@corp.example");
    let text = world.read("central/servers/PROD.toml");
    world.write("central/servers/PROD.toml", text.replace("Production", "Development"));
    world.commit_all("Only a test system");
    let run = world.central(&["import", "PROD", "*"]).exits(4).to_string();
    assert!(run.contains("may not import from servers of the production class"), "{run}");
}

#[test]
fn a_person_signs_on_as_their_own_opcon_user() {
    let systems = Systems::retail();
    let world = World::with_systems(&systems);
    world.central(&["user", "add", "Ann Ops", "--opcon-user", "anna.hill"]).ok();
    let opcon_user = || world.git("central", &["log", "-1", "--format=%(trailers:key=OpCon-User,valueonly)"]);
    // Nothing says where her own password is: the server's account is used.
    world.central(&["import", "DEV", "Housekeeping"]).ok();
    assert_eq!(opcon_user().trim(), "ocadm");
    world.map("dev-anna-hill", "anna.hill:sandbox");
    world.central(&["import", "DEV", "Store*"]).ok();
    assert_eq!(opcon_user().trim(), "anna.hill");
    assert!(world.central(&["server", "check", "DEV"]).ok().stdout().contains("as user `anna.hill`"));
    // What is mapped and wrong is no reason to take the other one.
    world.map("dev-anna-hill", "anna.hill:wrong");
    let run = world.central(&["import", "DEV", "*"]).exits(1).to_string();
    assert!(run.contains("anna.hill") && !run.contains("wrong\n"), "{run}");
}

#[test]
fn the_key_decides_where_commits_must_be_signed() {
    let world = World::with_central();
    world.keygen("ann", "ed25519");
    world.keygen("bob", "ecdsa");
    world.central(&["user", "add", "Ann Ops", "--signing-key", "../home/ann.pub"]).ok();
    add(&world, "Bob", "bob@corp.example", "All");
    world.central(&["user", "add", "Bob", "--signing-key", &world.read("home/bob.pub")]).ok();
    let text = world.read("central/deploy.toml");
    world.write("central/deploy.toml", format!("{text}\n[trust]\nrequire_signed = true\n"));
    world.commit_all("Trust signatures alone");
    let mut all = String::new();
    let mut step = |args: &[&str], code: i32| {
        if !args.is_empty() {
            world.git("central", &[&["config"], args].concat());
        }
        let run = world.central(&["user", "show"]).exits(code).to_string();
        all.push_str(&format!("$ git config {}\n{run}", args.join(" ")));
    };
    step(&[], 4);
    step(&["commit.gpgSign", "true"], 4);
    step(&["gpg.format", "ssh"], 4);
    step(&["user.signingKey", "../home/nobody.pub"], 4);
    world.keygen("eve", "ed25519");
    step(&["user.signingKey", "../home/eve.pub"], 4);
    step(&["user.signingKey", "../home/bob.pub"], 4);
    step(&["user.signingKey", "../home/ann"], 0);
    snapbox::assert_data_eq!(
        redact_keys(&all),
        str![[r#"
$ git config 
--- stderr
Error: `[trust] require_signed` asks for signed commits, but git does not sign here: `commit.gpgSign` is not set
Hint: `git config commit.gpgSign true` signs every commit
--- exit 4
$ git config commit.gpgSign true
--- stderr
Error: `[trust] require_signed` asks for signed commits, but `user.signingKey` does not say with which key
Hint: `git config user.signingKey FINGERPRINT` names a GPG key; `git config gpg.format ssh` signs with a key of SSH
--- exit 4
$ git config gpg.format ssh
--- stderr
Error: `[trust] require_signed` asks for signed commits, but `user.signingKey` does not say with which key
Hint: `git config user.signingKey ~/.ssh/id_[commit].pub` names the public half of your key
--- exit 4
$ git config user.signingKey ../home/nobody.pub
--- stderr
Error: cannot read the signing key `[world]/central/../home/nobody.pub`: No such file or directory (os error 2)
Hint: `git config user.signingKey PATH` names the public half of your key
--- exit 4
$ git config user.signingKey ../home/eve.pub
--- stderr
Error: the signing key `ssh-[commit] SHA256:[key]` of this clone belongs to nobody in users.toml on `main`
Hint: somebody with the role Administration enters it: `opcon-deploy user add NAME --signing-key KEY`
--- exit 4
$ git config user.signingKey ../home/bob.pub
--- stderr
Error: the signing key of this clone belongs to `Bob`, the e-mail address `ann@corp.example` to `Ann Ops`
Hint: `git config user.email ADDRESS` and `git config user.signingKey KEY` must be of one person
--- exit 4
$ git config user.signingKey ../home/ann
Ann Ops  Administration
  e-mail       ann@corp.example
  signing key  ssh-[commit] SHA256:[key]
  imports from development, test, production
  deploys to   development, test, production
  also         administers, reads the audit
--- exit 0

"#]]
    );
    // What she commits now is signed.
    world.central(&["user", "add", "Bob", "--view-audit"]).ok();
    assert!(world.git("central", &["cat-file", "commit", "HEAD"]).contains("BEGIN SSH SIGNATURE"));
}

/// Fingerprints of keys made for the test.
fn redact_keys(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("SHA256:") {
        out.push_str(before);
        out.push_str("SHA256:[key]");
        rest = after.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "+/".contains(c));
    }
    out + rest
}
