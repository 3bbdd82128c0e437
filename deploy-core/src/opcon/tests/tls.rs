use super::certificates::Authority;
use super::*;
use crate::opcon::{Cause, Fingerprint, OpConSystem, Service, TlsProblem, Trust};

const VALID: (i32, i32) = (2020, 2100);

fn over_tls(server: &TestServer, address: &str, trust: Trust) -> HttpSystem {
    let endpoint = Endpoint { port: server.port(), tls: true };
    let connection = Connection {
        address: address.to_owned(),
        rest: endpoint.clone(),
        impex: endpoint,
        trust,
        allow_plain_http: false,
        ..connection(server)
    };
    HttpSystem::new(connection, Credential::user("ann", "hunter2")).unwrap()
}

fn trusting(authority: &Authority) -> Trust {
    Trust { ca_pem: Some(authority.pem.clone()), pins: Vec::new() }
}

async fn refused(system: &HttpSystem) -> (TlsProblem, String) {
    let error = system.version().await.unwrap_err();
    let text = message(&error);
    match *error.cause {
        Cause::Tls(fault) => (fault.problem, text),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_certificate_of_an_internal_ca_is_accepted_and_shown() {
    let authority = Authority::new("Internal CA");
    let server = TestServer::start_tls(authority.server("localhost", VALID), |_| None).await;
    let system = over_tls(&server, "localhost", trusting(&authority));
    assert_eq!(system.version().await.unwrap().opcon, "21.2.0.0");
    for service in [Service::Rest, Service::Impex] {
        let certificate = system.certificate(service).unwrap();
        assert!(certificate.subject.contains("CN=opcon server"), "{certificate:?}");
        assert!(certificate.issuer.contains("CN=Internal CA"), "{certificate:?}");
        assert_eq!(certificate.names, ["localhost"]);
        assert_eq!(certificate.not_after.unwrap().to_rfc3339(), "2100-01-01T00:00:00+00:00");
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_certificate_is_told_apart() {
    let (known, unknown) = (Authority::new("Internal CA"), Authority::new("Elsewhere CA"));
    let cases = [
        (unknown.server("localhost", VALID), TlsProblem::UnknownIssuer, "`ca = \"internal-ca.pem\"`"),
        (known.server("other.example", VALID), TlsProblem::WrongName, "made for: other.example"),
        (known.server("localhost", (2010, 2011)), TlsProblem::Expired, "valid until 2011-01-01"),
        (known.server("localhost", (2090, 2100)), TlsProblem::NotYetValid, "valid from 2090-01-01"),
    ];
    for (config, expected, told) in cases {
        let server = TestServer::start_tls(config, |_| None).await;
        let (problem, text) = refused(&over_tls(&server, "localhost", trusting(&known))).await;
        assert_eq!(problem, expected, "{text}");
        for told in [told, "opcon server", "issuer: CN=", "servers/DEV.toml"] {
            assert!(
                text.contains(told) || expected == TlsProblem::NotYetValid,
                "`{told}` is missing: {text}"
            );
        }
        assert_eq!(server.seen().len(), 0, "nothing may be sent to a server that is not trusted");
    }
}

#[tokio::test]
async fn a_pin_trusts_exactly_one_certificate() {
    let authority = Authority::new("Internal CA");
    // Neither issuer, name nor dates would do.
    let server = TestServer::start_tls(authority.server("other.example", (2010, 2011)), |_| None).await;
    let wrong = Fingerprint::parse(&"ab".repeat(32)).unwrap();
    let system = over_tls(&server, "localhost", Trust { ca_pem: None, pins: vec![wrong] });
    let (problem, text) = refused(&system).await;
    assert_eq!(problem, TlsProblem::NotPinned);
    let right = text.split("sha256:").nth(1).unwrap().get(..64).unwrap();
    let pins = vec![wrong, Fingerprint::parse(right).unwrap()];
    let system = over_tls(&server, "localhost", Trust { ca_pem: None, pins });
    assert_eq!(system.version().await.unwrap().impex, "21.2.0");
}

#[tokio::test]
async fn a_pin_does_not_widen_the_ca() {
    let authority = Authority::new("Internal CA");
    let server = TestServer::start_tls(authority.server("localhost", VALID), |_| None).await;
    let pins = vec![Fingerprint::parse(&"00".repeat(32)).unwrap()];
    let system = over_tls(&server, "localhost", Trust { ca_pem: Some(authority.pem), pins });
    assert_eq!(refused(&system).await.0, TlsProblem::NotPinned);
}

#[tokio::test]
async fn tls_to_a_plain_port_and_back() {
    let authority = Authority::new("Internal CA");
    let plain = TestServer::start(|_| None).await;
    let (problem, text) = refused(&over_tls(&plain, "127.0.0.1", trusting(&authority))).await;
    assert_eq!(problem, TlsProblem::NotTls);
    assert!(text.contains("tls = false"), "{text}");

    let tls = TestServer::start_tls(authority.server("localhost", VALID), |_| None).await;
    let error = system(&tls).version().await.unwrap_err();
    assert!(matches!(*error.cause, Cause::NotHttp { .. }), "{error:?}");
    assert!(message(&error).contains("tls = true"));
}
