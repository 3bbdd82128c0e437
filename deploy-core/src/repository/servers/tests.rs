use super::*;
use crate::opcon::Endpoint;

const LEAST: &str = "type = \"Development\"\naddress = \"dev\"\ncredential = \"dev\"\n";

fn server(more: &str) -> Result<Server, String> {
    read_server("servers/DEV.toml", &format!("{LEAST}{more}")).map_err(|error| error.to_string())
}

#[test]
fn ports_follow_tls() {
    let ports = |more: &str| {
        let server = server(more).unwrap();
        (server.rest(), server.impex())
    };
    let end = |port, tls| Endpoint { port, tls };
    assert_eq!(ports(""), (end(9010, true), end(9011, true)));
    assert_eq!(ports("tls = false"), (end(9010, false), end(9001, false)));
    assert_eq!(ports("impex_tls = false\nrest_port = 443"), (end(443, true), end(9001, false)));
    assert_eq!(ports("tls = false\nimpex_port = 1\nimpex_tls = true"), (end(9010, false), end(1, true)));
}

#[test]
fn plain_http_is_allowed_only_where_the_file_says_so() {
    let allowed = |more: &str| {
        let profile = ConnectorProfile::default();
        server(more).unwrap().connection("DEV", None, profile).allow_plain_http
    };
    assert!(!allowed(""));
    assert!(allowed("tls = false") && allowed("impex_tls = false"));
}

#[test]
fn what_cannot_work_is_named() {
    let cases = [
        ("ca = \"../secret.pem\"", "`ca`: `../secret.pem` must be the plain name"),
        ("ca = \"/etc/passwd\"", "`ca`"),
        ("ca = \"sub\\\\x.pem\"", "`ca`"),
        ("pin = \"sha256:12\"", "`pin`: `sha256:12` is not a SHA-256 fingerprint"),
        ("pin = []", "`pin`: an empty list"),
        ("connector = \"../x\"", "`connector`"),
        ("groups = [\"production\"]", "`groups`: `production` is built in"),
        ("mac = []", "`mac`: an empty list wakes nothing"),
        ("mac = \"00:11\"", "servers/DEV.toml:4:7: an address of a network card such as `00:1a:2b:3c:4d:5e`"),
        ("broadcast = \"lan\"", "`lan` is not an IP address"),
        ("concurrency = 0", "`concurrency`: must be 1 to 64"),
        ("request_timeout = 0", "`request_timeout`"),
        ("environment = \" \"", "`environment`"),
        ("adress = \"x\"", "servers/DEV.toml:4:1: unknown key `adress`; did you mean `address`?"),
        ("rest_port = 70000", "servers/DEV.toml:4:13"),
    ];
    for (more, expected) in cases {
        let error = server(more).unwrap_err();
        assert!(error.contains(expected), "{more}: {error}");
    }
    let kind = "type = \"Prod\"\naddress = \"x\"\ncredential = \"x\"";
    let error = read_server("servers/P.toml", kind).unwrap_err().to_string();
    assert!(
        error.contains("`Prod` is not one of") && error.contains("did you mean `Production`?"),
        "{error}"
    );
    for address in ["https://dev", "a b", ""] {
        let text = format!("type = \"Test\"\naddress = \"{address}\"\ncredential = \"x\"");
        let error = read_server("servers/T.toml", &text).unwrap_err().to_string();
        assert!(error.contains("`address`"), "{error}");
    }
}

#[test]
fn types_have_classes_and_are_read_in_any_case() {
    for kind in ServerType::ALL {
        assert_eq!(ServerType::parse(&kind.as_str().to_uppercase().replace(['-', ' '], "_")), Some(kind));
        let text = toml::to_string(&Server::new(kind, "host", "name")).unwrap();
        assert_eq!(read_server("servers/X.toml", &text).unwrap().kind, kind);
    }
    assert_eq!(ServerType::parse("live"), None);
    assert_eq!(ServerType::Training.class(), ServerClass::Production);
    assert_eq!(ServerType::SystemTest.class(), ServerClass::Test);
}

#[test]
fn credentials_get_names_that_fit_everywhere() {
    for (server, expected) in
        [("DEV", "dev"), ("OpCon QA_1", "opcon-qa-1"), ("1st", "opcon-1st"), ("Ä", "opcon-")]
    {
        assert_eq!(credential_for(server), expected);
        assert!(is_credential_name(expected));
    }
    for name in ["", "1a", "a b", "a.b", "a_b", "-a"] {
        assert!(!is_credential_name(name), "{name}");
    }
}
