//! `load HOST:PORT TOKEN CLIENTS REQUESTS PATH…`: asks for paths in turns over
//! so many connections, and throws the answers away.

use std::io::{BufRead, BufReader, Error, Read, Write};
use std::net::TcpStream;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [address, token, clients, requests, paths @ ..] = args.as_slice() else { return ExitCode::FAILURE };
    let (Ok(clients), Ok(requests)) = (clients.parse::<usize>(), requests.parse::<usize>()) else {
        return ExitCode::FAILURE;
    };
    let next = AtomicUsize::new(0);
    let work = || -> Result<(), Error> {
        let mut stream = BufReader::new(TcpStream::connect(address)?);
        stream.get_ref().set_nodelay(true)?;
        let mut body = Vec::new();
        loop {
            let turn = next.fetch_add(1, Ordering::Relaxed);
            if turn >= requests {
                return Ok(());
            }
            let path = &paths[turn % paths.len()];
            write!(
                stream.get_mut(),
                "GET {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Token {token}\r\n\r\n"
            )?;
            read_answer(&mut stream, &mut body)?;
        }
    };
    let done = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..clients).map(|_| scope.spawn(work)).collect();
        threads.into_iter().all(|thread| matches!(thread.join(), Ok(Ok(()))))
    });
    if done { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Reads one answer with status 200 and a known length.
fn read_answer(stream: &mut BufReader<TcpStream>, body: &mut Vec<u8>) -> Result<(), Error> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    if !line.starts_with("HTTP/1.1 200") {
        return Err(Error::other(line));
    }
    let mut length = None;
    loop {
        line.clear();
        stream.read_line(&mut line)?;
        match line.trim_end().split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse::<usize>().ok();
            }
            Some(_) => {}
            None => break,
        }
    }
    body.resize(length.ok_or_else(|| Error::other("no length"))?, 0);
    stream.read_exact(body)
}
