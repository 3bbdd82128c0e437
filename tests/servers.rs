//! `server …`: adding OpCon systems, and connecting to them for real.

use deploy_sandbox::{Certificate, Config, SystemConfig, SystemType};
use snapbox::str;

use crate::harness::{Systems, World};

#[test]
fn a_server_is_added_listed_and_shown() {
    let world = World::with_central();
    world.write("internal.pem", "-----BEGIN CERTIFICATE-----\n");
    let add = [
        "server",
        "add",
        "QA 1",
        "--type",
        "quality-assurance",
        "--address",
        "qa.corp.example",
        "--ca",
        "../internal.pem",
        "--group",
        "EU",
        "--var",
        "loader=QALOAD",
        "--rule",
        "to-qa",
    ];
    snapbox::assert_data_eq!(
        world.central(&add).ok().to_string(),
        str![[r#"
Added server `QA 1` (Quality Assurance): servers/QA 1.toml
--- stderr
Commit [commit] on `main`
Hint: `git config --global opcon-deploy.credential.qa-1 file:PATH` says where your user and password for it are (USER:PASSWORD)
Hint: `opcon-deploy server check "QA 1"` connects for real
--- exit 0

"#]]
    );
    world.assert_sound("central");
    snapbox::assert_data_eq!(
        world.central(&["list", "servers"]).ok().to_string(),
        str![[r#"
NAME  TYPE               ADDRESS          REST  IMPEX  TLS  CREDENTIAL  RULES  GROUPS
QA 1  Quality Assurance  qa.corp.example  9010  9011   yes  qa-1        to-qa  EU
--- exit 0

"#]]
    );
    let shown = world.central(&["server", "show", "qa 1"]).ok().stdout();
    for part in
        ["class test", "qa.corp.example:9010, TLS", "mapped by nothing on this machine", "loader = QALOAD"]
    {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    let json = world.central(&["server", "list", "--json"]).ok().json();
    assert_eq!(json["servers"][0]["class"], "test");
    let json = world.central(&["server", "show", "QA 1", "--json"]).ok().json();
    assert_eq!(
        (&json["server"]["restPort"], &json["server"]["vars"]["loader"]),
        (&9010.into(), &"QALOAD".into())
    );
    // A name that differs in case only would be lost on Windows and macOS.
    let again = world.central(&["server", "add", "qa 1", "--type", "test", "--address", "x"]).exits(1);
    assert!(again.to_string().contains("`servers/QA 1.toml` is there already"), "{again}");
}

#[test]
fn wrong_words_are_refused_before_anything_is_written() {
    let world = World::with_central();
    let cases: &[(&[&str], &str)] = &[
        (&["X"], "`--type` is missing"),
        (&["X", "--type", "test"], "`--address` is missing"),
        (&["X", "--type", "live", "--address", "x"], "not one of Development"),
        (&["X", "--type", "test", "--address", "https://x"], "`address`"),
        (&["X", "--type", "test", "--address", "x", "--credential", "a b"], "`credential`"),
        (&["X", "--type", "test", "--address", "x", "--pin", "12"], "`pin`"),
        (&["X", "--type", "test", "--address", "x", "--connector", "../x"], "`connector`"),
    ];
    for (args, expected) in cases {
        let run = world.central(&[&["server", "add"], *args].concat()).exits(2);
        assert!(run.to_string().contains(expected), "{args:?}\n{run}");
    }
    world.assert_sound("central");
    assert_eq!(world.git("central", &["rev-list", "--count", "HEAD"]), "1");
}

#[test]
fn a_check_over_tls_with_the_authority_in_the_repository() {
    let systems = Systems::tls(Certificate::Valid);
    let world = World::with_central();
    world.write("central/servers/DEV.toml", format!("{}ca = \"ca.pem\"\n", systems.file("DEV")));
    world.write("central/servers/ca.pem", systems.ca_pem().unwrap());
    world.map("dev", "ocadm:sandbox");
    world.commit_all("Server");
    let run = world.central(&["server", "check", "DEV"]).ok().stdout();
    for part in
        ["OpCon sandbox authority", "as user `ocadm`", "licensed for Deploy", "15 schedules", "round trip"]
    {
        assert!(run.contains(part), "{part}\n{run}");
    }
    assert!(!run.contains("sandbox:") && !run.contains("failed"), "{run}");
    let json = world.central(&["server", "check", "--json"]).ok().json();
    assert_eq!(
        (&json["servers"][0]["ok"], json["servers"][0]["checks"].as_array().unwrap().len()),
        (&true.into(), 8)
    );
    world.central(&["import", "DEV", "Housekeeping"]).ok();
}

#[test]
fn certificates_that_are_not_trusted_say_why_and_what_to_do() {
    let cases = [
        (Certificate::Valid, "", "comes from an unknown CA", "ca = \"internal-ca.pem\""),
        (Certificate::Expired, "ca = \"ca.pem\"\n", "has expired", "renew the certificate"),
        (Certificate::WrongName, "ca = \"ca.pem\"\n", "is not for `127.0.0.1`", "set `address`"),
    ];
    for (certificate, more, problem, hint) in cases {
        let systems = Systems::tls(certificate);
        let world = World::with_central();
        world.write("central/servers/DEV.toml", format!("{}{more}", systems.file("DEV")));
        world.write("central/servers/ca.pem", systems.ca_pem().unwrap());
        world.map("dev", "ocadm:sandbox");
        world.commit_all("Server");
        let run = world.central(&["server", "check", "DEV"]).exits(1);
        let shown = run.to_string();
        assert!(shown.contains(problem) && shown.contains(hint), "{shown}");
        let import = world.central(&["import", "DEV", "*"]).exits(1).to_string();
        assert!(import.contains(problem) && import.contains(hint), "{import}");
        // The fingerprint that the message gives can be pinned as it is.
        let pin = shown.split("sha256:").nth(1).unwrap().chars().take(64).collect::<String>();
        let file = format!("{}pin = \"sha256:{pin}\"\n", systems.file("DEV"));
        world.write("central/servers/DEV.toml", file);
        world.commit_all("Pin");
        world.central(&["server", "check", "DEV"]).ok();
    }
}

#[test]
fn another_authority_is_not_enough() {
    let (systems, other) = (Systems::tls(Certificate::Valid), Systems::tls(Certificate::Valid));
    let world = World::with_central();
    world.write("central/servers/DEV.toml", format!("{}ca = \"ca.pem\"\n", systems.file("DEV")));
    world.write("central/servers/ca.pem", other.ca_pem().unwrap());
    world.map("dev", "ocadm:sandbox");
    world.commit_all("Server");
    let run = world.central(&["server", "check", "DEV"]).exits(1).to_string();
    assert!(run.contains("certificate"), "{run}");
    assert_eq!(systems.requests().len(), 0);
}

#[test]
fn what_cannot_be_reached_or_used_says_what_to_do() {
    let mut unlicensed = SystemConfig::new("UNLICENSED", SystemType::Test);
    unlicensed.deploy_licence = false;
    let dev = SystemConfig::new("DEV", SystemType::Development);
    let systems = Systems::start(Config { systems: vec![dev, unlicensed], ..Config::default() });
    let world = World::with_systems(&systems);
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let file = systems.file("DEV");
    let (rest, impex) =
        (systems.system("DEV").unwrap().rest.port(), systems.system("DEV").unwrap().impex.port());
    let swapped = file
        .replace(&format!("rest_port = {rest}"), &format!("rest_port = {impex}"))
        .replace(&format!("\nimpex_port = {impex}"), &format!("\nimpex_port = {rest}"));
    let files = [
        ("CLOSED", file.replace(&rest.to_string(), &closed.to_string())),
        ("NOWHERE", file.replace("127.0.0.1", "opcon.invalid")),
        ("SWAPPED", swapped),
        ("SECURE", file.replace("tls = false\n", "")),
        ("PASSWORD", file.replace("\"dev\"", "\"wrong\"")),
        ("LOCKED", file.replace("\"dev\"", "\"locked\"")),
        ("UNMAPPED", file.replace("\"dev\"", "\"unmapped\"")),
        ("NOCA", format!("{file}ca = \"missing.pem\"\n")),
    ];
    for (name, text) in files {
        world.write(&format!("central/servers/{name}.toml"), text);
    }
    world.map("wrong", "ocadm:hunter2");
    world.map("locked", "left.longago:sandbox");
    world.commit_all("More servers");
    let cases = [
        ("CLOSED", "refuses connections", "rest_port"),
        ("NOWHERE", "no address is known for the host `opcon.invalid`", "`address`"),
        ("SWAPPED", "ImpEx2 answers there", "the ports may be swapped"),
        ("SECURE", "does not speak TLS", "`tls = false`"),
        ("PASSWORD", "the sign-on of user `ocadm` was refused", "`credential`"),
        ("LOCKED", "user `left.longago` is locked", "an OpCon administrator can unlock"),
        ("UNLICENSED", "no valid licence for Deploy", "ask for a Deploy licence"),
        (
            "UNMAPPED",
            "nothing says what credential `unmapped`",
            "git config --global opcon-deploy.credential.unmapped",
        ),
        ("NOCA", "`ca` names `servers/missing.pem`", ""),
        ("DEVV", "no server `DEVV`; did you mean `DEV`?", ""),
        ("nothing-like-it", "no server `nothing-like-it`", "server list"),
    ];
    for (name, problem, hint) in cases {
        for args in [&["import", name, "*"][..], &["server", "check", name]] {
            let run = world.central(args).exits(1).to_string();
            assert!(run.contains(problem) && run.contains(hint), "{args:?}\n{run}");
            assert!(!run.contains("hunter2"), "{run}");
        }
    }
    world.assert_sound("central");
}

#[test]
fn credentials_come_from_where_the_user_says() {
    let systems = Systems::retail();
    let world = World::with_systems(&systems);
    let key = "opcon-deploy.credential.dev";
    world.write("home/login", "ocadm:sandbox\n");
    let login = world.path("home/login").display().to_string();
    for place in [format!("command:cat '{login}'"), "env:MY_LOGIN".to_owned(), format!("file:{login}")] {
        world.git("", &["config", "--global", key, &place]);
        let mut program = world.program("central");
        world.finish(program.args(["server", "check", "DEV"]).env("MY_LOGIN", "ocadm:sandbox")).ok();
    }
    // git's own credential helpers know the key store of the platform.
    let helper = "!f() { test \"$1\" = get && echo username=ocadm && echo password=sandbox; }; f";
    world.git("", &["config", "--global", "credential.helper", helper]);
    world.git("", &["config", "--global", key, "keyring:opcon-dev"]);
    world.central(&["server", "check", "DEV"]).ok();
    // The variable comes first, and a mistake in the configuration is not repeated.
    world.git("", &["config", "--global", key, "ocadm:hunter2"]);
    let run = world.central(&["server", "check", "DEV"]).exits(1).to_string();
    assert!(run.contains("does not say where the secret is") && !run.contains("hunter2"), "{run}");
    let mut program = world.program("central");
    world
        .finish(program.args(["server", "check", "DEV"]).env("OPCON_DEPLOY_CREDENTIAL_DEV", "ocadm:sandbox"))
        .ok();
}

#[test]
fn a_server_file_on_a_branch_or_in_the_work_tree_never_gets_a_secret() {
    let (systems, evil) = (Systems::retail(), Systems::retail());
    let world = World::with_systems(&systems);
    world.git("central", &["switch", "--quiet", "-c", "topic"]);
    world.write("central/servers/DEV.toml", evil.file("DEV"));
    world.write("central/servers/NEW.toml", evil.file("DEV"));
    world.central(&["server", "check", "DEV"]).ok();
    world.commit_all("Elsewhere");
    world.central(&["server", "check", "DEV"]).ok();
    world.central(&["import", "DEV", "Housekeeping"]).ok();
    let run = world.central(&["import", "NEW", "*"]).exits(1).to_string();
    assert!(run.contains("server `NEW` is not on `main` yet"), "{run}");
    assert_eq!(evil.requests().len(), 0);
    assert!(systems.asked("POST", "/api/tokens") >= 3);
}
