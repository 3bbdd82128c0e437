//! `audit verify`: what the program does is sound, and what somebody does to the records by
//! hand is found.

use deploy_core::definition::Definition;
use deploy_core::opcon::{ImportRules, OpConSystem as _};
use deploy_sandbox::SystemType;
use snapbox::{assert_data_eq, str};

use crate::harness::{Run, Systems, World, starting};

/// A production and a test system without schedules, and a repository that knows them. Ann is
/// Administration there, Bob may only deploy to test.
fn world() -> (Systems, World) {
    let systems = Systems::empty(&[("PROD", SystemType::Production), ("QA", SystemType::QualityAssurance)]);
    let world = World::with_systems(&systems);
    world.central(&["user", "add", "Bob", "--email", "bob@corp.example", "--role", "Test"]).ok();
    world.import("central", &starting("Payroll", "06:00"), &[]).ok();
    (systems, world)
}

fn verify(world: &World) -> Run {
    world.central(&["audit", "verify"])
}

/// Commits in a clone are signed with a key of SSH from now on.
fn sign_with(world: &World, folder: &str, key: &str) {
    let key = world.path(format!("home/{key}")).display().to_string();
    for (name, value) in
        [("gpg.format", "ssh"), ("user.signingKey", key.as_str()), ("commit.gpgSign", "true")]
    {
        world.git(folder, &["config", name, value]);
    }
}

/// Main asks for signed commits from now on.
fn require_signed(world: &World) {
    let text = world.read("central/deploy.toml");
    world.write("central/deploy.toml", format!("{text}\n[trust]\nrequire_signed = true\n"));
    world.commit_all("Signed commits only");
}

#[test]
fn what_the_program_does_is_sound() {
    let (systems, world) = world();
    world.import("central", &starting("Billing", "07:00"), &[]).ok();
    world.central(&["package", "create", "FIN", "Billing"]).ok();
    world.central(&["deploy", "Payroll", "--to", "PROD"]).ok();
    world.import("central", &starting("Payroll", "08:00"), &[]).ok();
    world.central(&["deploy", "Payroll", "--to", "PROD", "-m", "Two\nlines: \\"]).ok();
    world.central(&["deploy", "package:FIN", "--to", "QA"]).ok();
    systems.set_fault("QA:refuse-insert=no machine SRV9".parse().unwrap());
    world.central(&["deploy", "Payroll", "--to", "QA"]).exits(1);
    systems.clear_faults();
    world.central(&["rollback", "Payroll", "--on", "PROD", "--yes"]).ok();
    world.central(&["deploy", "Payroll", "--to", "PROD", "--accept-pinned"]).ok();
    world.central(&["delete", "package:FIN", "--from", "QA", "--yes"]).ok();
    world.central(&["delete", "Payroll", "--from", "PROD", "--yes"]).ok();
    let last = world.central(&["deployments", "--server", "PROD", "--limit", "1", "--json"]).ok().json();
    let last = last["deployments"][0]["id"].as_str().unwrap();
    world.central(&["rollback", "--record", last, "--yes"]).ok();
    assert_data_eq!(
        verify(&world).ok().to_string(),
        str![[r#"
Verified 20 commits of `deployments` with 11 records, 0 signatures: nothing is wrong
Not proved:
  commits without a signature (22): who made them is what they say themselves
  what was removed from the branches before this clone first saw them
  whether the git host protects the branches, and who may push to them
  times: they are those of the computers that made the commits
--- exit 0

"#]]
    );
    // One that was there before, several at once, scripts, and an answer that was lost.
    let (lab, client) = (starting("Lab", "05:00"), systems.client("QA"));
    let lab = Definition::read(lab.as_bytes()).unwrap();
    systems.runtime.block_on(client.insert(&lab, &ImportRules::default())).unwrap();
    world.central(&["adopt", "QA", "Lab"]).ok();
    world.write("check.ps1", "exit 0\n");
    let script = ["script", "import", "--file", "../check.ps1", "--name", "Check", "--number", "1"];
    world.central(&[&script[..], &["--runner", "PowerShell"]].concat()).ok();
    world.central(&["script", "deploy", "Check", "--to", "QA"]).ok();
    systems.set_fault("QA:lost-answer@POST /impex2/schedules#1".parse().unwrap());
    world.central(&["deploy", "Payroll", "Lab", "--each", "--to", "QA", "--accept-existing"]).ok();
    systems.clear_faults();
    let json = world.central(&["audit", "verify", "--json"]).ok().json();
    assert_eq!(json["findings"], serde_json::json!([]));
    assert_eq!((&json["records"], &json["unproven"]["unfinished"]), (&15.into(), &0.into()));
    // There is nothing to prove yet, and that is no finding.
    let empty = World::with_central();
    assert_data_eq!(
        empty.central(&["audit", "verify"]).ok().to_string(),
        str![[r#"
Verified 0 commits of `deployments` with 0 records, 0 signatures: nothing is wrong
Not proved:
  what was removed from the branches before this clone first saw them
  whether the git host protects the branches, and who may push to them
  times: they are those of the computers that made the commits
--- exit 0

"#]]
    );
}

#[test]
fn keys_of_every_kind_prove_who_it_was() {
    let (_systems, world) = world();
    for (key, kind) in [("ann", "ed25519"), ("bob", "ecdsa"), ("bob2", "rsa"), ("eve", "ed25519")] {
        world.keygen(key, kind);
    }
    world.central(&["user", "add", "Ann Ops", "--signing-key", "../home/ann.pub"]).ok();
    let bobs = ["--signing-key", "../home/bob.pub", "--signing-key", "../home/bob2.pub"];
    world.central(&[&["user", "add", "Bob"], &bobs[..]].concat()).ok();
    require_signed(&world);
    sign_with(&world, "central", "ann");
    world.add_remote();
    world.central(&["deploy", "Payroll", "--to", "PROD"]).ok();
    world.add_clone("second", "Bob");
    world.git("second", &["config", "user.email", "bob@corp.example"]);
    for key in ["bob", "bob2"] {
        sign_with(&world, "second", key);
        world.run("second", &["deploy", "Payroll", "--to", "QA", "--accept-existing"]).ok();
    }
    assert_data_eq!(
        world.central(&["audit", "verify", "--fetch"]).ok().to_string(),
        str![[r#"
Verified 6 commits of `origin/deployments` with 3 records, 6 signatures: nothing is wrong
Not proved:
  commits without a signature (5): who made them is what they say themselves
  what was removed from the branches before this clone first saw them
  whether the git host protects the branches, and who may push to them
  times: they are those of the computers that made the commits
--- exit 0

"#]]
    );
    // His role ends at test systems, whatever the command line says.
    world.run("second", &["deploy", "Payroll", "--to", "PROD"]).exits(4);
    // Somebody with a key of nobody pushes a record, in Bob's name.
    world.git("second", &["fetch", "--quiet", "origin", "deployments"]);
    world.git("second", &["worktree", "add", "--quiet", "-b", "mine", "../mine", "origin/deployments"]);
    sign_with(&world, "second", "eve");
    world.git("mine", &["commit", "--quiet", "--allow-empty", "-m", "Nothing to see here"]);
    world.git("mine", &["push", "--quiet", "origin", "mine:deployments"]);
    let run = world.central(&["audit", "verify", "--fetch"]).exits(3);
    assert_data_eq!(
        redact_key(&run.to_string()),
        str![[r#"
untold[[commit]] it does nothing, which no command ever commits
signature[[commit]] it is signed with the key `ssh-[commit] SHA256:[key]`, which is nobody's in users.toml at [commit]
Verified 7 commits of `origin/deployments` with 3 records, 6 signatures: 2 findings
Not proved:
  commits without a signature (5): who made them is what they say themselves
  what was removed from the branches before this clone first saw them
  whether the git host protects the branches, and who may push to them
  times: they are those of the computers that made the commits
--- exit 3

"#]]
    );
    // Signed well, by a person of the file, and not by who it says.
    sign_with(&world, "second", "bob");
    let record = records(&world, "mine", "active/PROD");
    let text = world.read(&format!("mine/{record}"));
    world.write(&format!("mine/{record}"), text.replace("deployed =", "reason = \"better\"\ndeployed ="));
    commit(&world, "mine", "Better");
    world.git("mine", &["push", "--quiet", "origin", "mine:deployments"]);
    let run = world.central(&["audit", "verify", "--fetch"]).exits(3).to_string();
    assert!(run.contains("the record of what stands was rewritten in its place"), "{run}");
    // A signature of something else.
    let commit = world.git("mine", &["cat-file", "commit", "origin/deployments~2"]);
    world.write("forged", commit.replace("Active", "Failed"));
    let forged = world.git("mine", &["hash-object", "-t", "commit", "-w", "../forged"]);
    world.git("mine", &["push", "--quiet", "--force", "origin", &format!("{forged}:deployments")]);
    let run = world.central(&["audit", "verify", "--fetch"]).exits(3).to_string();
    assert!(run.contains("its signature is not good: ") && run.contains("was rewritten: "), "{run}");
}

/// The path of the one record below a folder of the branch, as a work tree has it.
fn records(world: &World, folder: &str, below: &str) -> String {
    let files = world.git(folder, &["ls-files", "--", below]);
    files.lines().find(|path| path.ends_with("record.toml")).unwrap().to_owned()
}

/// Commits everything; the message follows a subject.
fn commit(world: &World, folder: &str, message: &str) {
    world.git(folder, &["add", "--all"]);
    world.git(folder, &["commit", "--quiet", "--allow-empty", "-m", &format!("By hand\n\n{message}")]);
}

fn redact_key(text: &str) -> String {
    let Some((before, after)) = text.split_once("SHA256:") else { return text.to_owned() };
    let rest = after.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "+/".contains(c));
    format!("{before}SHA256:[key]{rest}")
}

/// What a test does to the branch of the records, in a work tree of it.
type Tamper = fn(&World);

#[test]
fn every_kind_of_tampering_is_found() {
    let cases: [(&str, Tamper); 9] = [
        ("a record rewritten in its place", |world| {
            let record = records(world, "records", "active/PROD");
            let text = world.read(&format!("records/{record}"));
            world.write(&format!("records/{record}"), text.replace("Ann Ops", "Bob"));
            commit(world, "records", "");
        }),
        ("what was deployed, changed", |world| {
            let path = records(world, "records", "active/PROD").replace("record.toml", "deployed.json");
            let text = world.read(&format!("records/{path}"));
            world.write(&format!("records/{path}"), text.replace("06:00", "23:00"));
            commit(world, "records", "");
        }),
        ("what was deployed and its hash, changed, as if it were told", |world| {
            let record = records(world, "records", "active/PROD");
            let text = world.read(&format!("records/{record}"));
            let at = text.find("form1:sha256:").unwrap() + 13;
            let text = format!("{}{}{}", &text[..at], "0".repeat(64), &text[at + 64..]);
            world.write(&format!("records/{record}"), text);
            let last = world.git("records", &["log", "-1", "--format=%b"]);
            commit(world, "records", &last);
        }),
        ("a record removed without a word", |world| {
            world.git("records", &["rm", "--quiet", "-r", "active/PROD"]);
            commit(world, "records", "");
        }),
        ("a block dropped from the last commit", |world| {
            let blocks = world.git("records", &["log", "-1", "--format=%b"]);
            let (kept, _) = blocks.rsplit_once("Record-Id: ").unwrap();
            world.git("records", &["commit", "--quiet", "--amend", "-m", &format!("Done\n\n{kept}")]);
        }),
        ("a role forged, in both places", |world| {
            world.git("records", &["config", "user.email", "bob@corp.example"]);
            begin_by_hand(world);
            world.git("records", &["config", "--unset", "user.email"]);
        }),
        ("another line merged in", |world| {
            world.git(
                "records",
                &[
                    "merge",
                    "--quiet",
                    "--allow-unrelated-histories",
                    "--strategy=ours",
                    "-m",
                    "Merge",
                    "main",
                ],
            );
        }),
        ("the end cut off", |world| {
            world.git("records", &["reset", "--quiet", "--hard", "HEAD~1"]);
        }),
        ("a file that is no record's", |world| {
            world.write("records/README.md", "hello");
            commit(world, "records", "");
        }),
    ];
    let (_systems, world) = world();
    world.central(&["deploy", "Payroll", "--to", "PROD"]).ok();
    verify(&world).ok();
    world.git("central", &["worktree", "add", "--quiet", "../records", "deployments"]);
    let sound = world.git("records", &["rev-parse", "HEAD"]);
    let mut all = String::new();
    for (what, tamper) in cases {
        world.git("records", &["reset", "--quiet", "--hard", &sound]);
        tamper(&world);
        let run = verify(&world).exits(3).stdout();
        let findings: Vec<&str> = run.lines().take_while(|line| !line.starts_with("Verified")).collect();
        all.push_str(&format!("# {what}\n{}\n", findings.join("\n")));
    }
    assert_data_eq!(
        redact(&all),
        str![[r#"
# a record rewritten in its place
untold[[commit]] record [record]: the record of what stands was rewritten in its place
# what was deployed, changed
untold[[commit]] record [record]: what stands as `Payroll` on `PROD` changed, and its record did not
# what was deployed and its hash, changed, as if it were told
untold[[commit]] record [record]: the record of what stands was rewritten in its place
not-done[[commit]] record [record]: a block tells of it, and the commit does nothing to it
# a record removed without a word
untold[[commit]] record [record]: it stands there no more, and no block says so
# a block dropped from the last commit
rewritten[[commit]] `deployments` was rewritten: [commit] was seen on it; it stands at [commit], which does not descend from that
untold[[commit]] record [record]: no block tells of it
# a role forged, in both places
role[[commit]] record [record]: it says that `Bob` had the role Production; users.toml at [commit] says Test
role[[commit]] record [record]: `Bob` had the role Test at [commit], which may not change servers of the production class
# another line merged in
merge[[commit]] it merges another line of commits: records are one line, and what the other held is not looked at
untold[[commit]] it does nothing, which no command ever commits
# the end cut off
rewritten[[commit]] `deployments` was rewritten: [commit] was seen on it; it stands at [commit], which does not descend from that
# a file that is no record's
untold[[commit]] it changes `README.md`, which no record has

"#]]
    );
}

/// A record of Bob's, who says that his role was another.
fn begin_by_hand(world: &World) {
    let (settings, id) =
        (world.git("central", &["rev-parse", "main"]), "0198d3a0-0001-7abc-8def-0123456789ab");
    let record = format!(
        "id = \"{id}\"\nkind = \"schedule\"\naction = \"deploy\"\nname = \"Payroll\"\nserver = \"PROD\"\nstatus = \"Deploying\"\nphase = \"begun\"\nbegun = \"2026-11-20T09:00:00+00:00\"\nsettings = \"{settings}\"\n\n[user]\nname = \"Bob\"\nemail = \"bob@corp.example\"\nrole = \"Production\"\n"
    );
    world.write(&format!("records/open/{id}/record.toml"), record);
    let block = format!(
        "Record-Id: {id}\nAction: deploy\nKind: schedule\nServer: PROD\nName: Payroll\nStatus: Deploying\nPhase: begun\nUser: Bob <bob@corp.example>\nRole: Production\n"
    );
    commit(world, "records", &block);
}

/// Names of records and commits.
fn redact(text: &str) -> String {
    let word = |word: &str| {
        let is_id = word.len() == 36 && word.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
        let is_commit = word.len() == 8 && word.bytes().all(|b| b.is_ascii_hexdigit());
        match (is_id, is_commit) {
            (true, _) => "[record]".to_owned(),
            (_, true) => "[commit]".to_owned(),
            _ => word.to_owned(),
        }
    };
    let mut out = String::new();
    let mut token = String::new();
    for character in text.chars() {
        if character.is_ascii_alphanumeric() || character == '-' {
            token.push(character);
        } else {
            out.push_str(&word(&std::mem::take(&mut token)));
            out.push(character);
        }
    }
    format!("{out}{}", word(&token))
}

#[test]
fn people_are_believed_as_they_were_just_before() {
    let (_systems, world) = world();
    world.git("central", &["config", "user.email", "bob@corp.example"]);
    let text = world.read("central/users.toml");
    world.write("central/users.toml", text.replace("role = \"Test\"", "role = \"Administration\""));
    world.commit_all("Promote me");
    world.central(&["deploy", "Payroll", "--to", "PROD"]).ok();
    let run = verify(&world).exits(3).to_string();
    assert!(run.contains("it changes users.toml, and is by `Bob` with the role Test"), "{run}");
}

#[cfg(unix)]
#[test]
fn gpg_signatures_are_looked_at_by_git() {
    let (_systems, world) = world();
    let gpg = |args: &[&str]| {
        let run = world.finish(world.command("gpg", "home").args(args));
        assert!(run.output.status.success(), "gpg {args:?}\n{run}");
        run.stdout()
    };
    let who = "Ann Ops <ann@corp.example>";
    gpg(&["--batch", "--quiet", "--passphrase", "", "--quick-generate-key", who, "ed25519", "sign", "never"]);
    let listed = gpg(&["--list-keys", "--with-colons"]);
    let line = listed.lines().find(|line| line.starts_with("fpr:")).unwrap();
    let key = line.split(':').find(|part| part.len() == 40).unwrap().to_owned();
    world.central(&["user", "add", "Ann Ops", "--signing-key", &key]).ok();
    require_signed(&world);
    world.git("central", &["config", "user.signingKey", &key]);
    world.git("central", &["config", "commit.gpgSign", "true"]);
    world.central(&["deploy", "Payroll", "--to", "PROD"]).ok();
    let run = verify(&world).ok().to_string();
    assert!(run.contains("2 commits of `deployments` with 1 record, 2 signatures"), "{run}");
    // Without the public key nothing is known, and that is said.
    gpg(&["--batch", "--yes", "--delete-secret-and-public-key", &key]);
    let run = verify(&world).ok().to_string();
    assert!(run.contains("signatures that cannot be looked at here (2)"), "{run}");
    world.finish(world.command("gpgconf", "home").args(["--kill", "all"]));
}
