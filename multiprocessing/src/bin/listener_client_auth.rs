//! Let only those onto a Unix socket who run as the same user and know a key.
//!
//! Use it for a service that other processes on this machine talk to. The kernel says which user is
//! calling, and nobody can lie about that. For the key the server sends a random challenge, and the
//! client answers with a code of challenge and key (HMAC), so the key itself is never sent.
//!
//! - The code is compared in constant time (`verify_slice`): how long it takes tells nothing.
//! - A caller that says nothing is let go after 5 seconds; meanwhile others wait. A thread for each
//!   caller avoids that: `tcp_echo_threads`.
//! - The client does not check the server: put the socket into a folder that only you can write to.
//! - What follows is not encrypted, which is fine on a Unix socket. Over TCP use TLS.
//! - Messages are data here. Python's `Connection.recv` unpickles them, and whoever gets past the
//!   key can run code; serde formats cannot do that.
//!
//! Python: `Listener(address, authkey=key)`, `Client(address, authkey=key)`
//! Needs: `cargo add hmac@0.13 sha2@0.11`, `cargo add nix@0.31 -F socket,user`
//! Demo needs: `cargo add anyhow@1 tempfile@3`
//! Runs on: Linux
//! Tested: `multiprocessing/tests/proof/listener_client_auth.rs`
//!
//! ```console
//! $ cargo run -p multiprocessing --bin listener_client_auth
//! client: let in
//! server: let in process [..]
//! client: permission denied
//! server: permission denied
//! ```

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use nix::sys::socket::{UnixCredentials, getsockopt, sockopt::PeerCredentials};
use nix::unistd::Uid;
use sha2::Sha256;

/// How long a caller may be silent.
const LIMIT: Duration = Duration::from_secs(5);

/// Waits for one caller and checks it. Also returns which process it is.
///
/// # Errors
/// `PermissionDenied` if it has another user or another key. `WouldBlock` if it does not answer in
/// time, `UnexpectedEof` if it hangs up. After any of them the next one can be accepted.
pub fn accept(listener: &UnixListener, key: &[u8]) -> io::Result<(UnixStream, UnixCredentials)> {
    let (mut stream, _) = listener.accept()?;
    let caller = getsockopt(&stream, PeerCredentials)?;
    if caller.uid() != Uid::effective().as_raw() {
        return Err(ErrorKind::PermissionDenied.into());
    }

    let mut challenge = [0; 32];
    File::open("/dev/urandom")?.read_exact(&mut challenge)?;
    stream.write_all(&challenge)?;
    let mut answer = [0; 32];
    stream.set_read_timeout(Some(LIMIT))?;
    stream.read_exact(&mut answer)?;
    if sign(key, &challenge).verify_slice(&answer).is_err() {
        return Err(ErrorKind::PermissionDenied.into());
    }

    stream.write_all(&[ACCEPTED])?;
    stream.set_read_timeout(None)?;
    Ok((stream, caller))
}

/// Connects to the socket at `path` and shows that it knows `key`.
///
/// # Errors
/// `PermissionDenied` if the server refuses; otherwise if there is no server.
pub fn connect(path: &Path, key: &[u8]) -> io::Result<UnixStream> {
    let mut stream = UnixStream::connect(path)?;
    let mut challenge = [0; 32];
    stream.read_exact(&mut challenge)?;
    let answer = sign(key, &challenge).finalize().into_bytes();
    stream.write_all(&answer)?;
    let mut verdict = [0];
    match stream.read_exact(&mut verdict) {
        Ok(()) => Ok(stream),
        Err(_) => Err(ErrorKind::PermissionDenied.into()), // it has hung up
    }
}

/// What the server sends to a caller that it lets in.
const ACCEPTED: u8 = 1;

fn sign(key: &[u8], challenge: &[u8]) -> Hmac<Sha256> {
    let mut code = Hmac::new_from_slice(key).expect("keys of every length are allowed");
    code.update(challenge);
    code
}

// ---- Demo ----------------------------------------------------------------------------------

use std::env;
use std::process::Command;

const KEY: &str = "a long random text, from a file that only this user can read";

fn main() -> anyhow::Result<()> {
    if let Some(path) = env::args_os().nth(1) {
        return call(Path::new(&path)); // this is a client
    }

    let folder = tempfile::tempdir()?; // only this user can go into it
    let path = folder.path().join("socket");
    let listener = UnixListener::bind(&path)?;
    for key in [KEY, "a guess"] {
        let mut command = Command::new(env::current_exe()?);
        let mut client = command.arg(&path).env("KEY", key).spawn()?;
        let accepted = accept(&listener, KEY.as_bytes());
        client.wait()?;
        match accepted {
            Ok((_, caller)) => println!("server: let in process {}", caller.pid()),
            Err(error) => println!("server: {error}"),
        }
    }
    Ok(())
}

fn call(path: &Path) -> anyhow::Result<()> {
    let key = env::var("KEY")?;
    match connect(path, key.as_bytes()) {
        Ok(_) => println!("client: let in"),
        Err(error) => println!("client: {error}"),
    }
    Ok(())
}
