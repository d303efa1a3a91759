//! Let one process own the data, and give the others proxies that call it over a socket.
//!
//! Use it when several processes change a structure that does not fit into shared memory, such as a
//! list of texts. The owner serves each client in a thread and does one request at a time. A
//! client has a proxy, whose methods send a request and wait for the answer.
//!
//! - Two calls are two steps: between `length` and `push` others push. What must happen at once
//!   needs a request of its own, as `push_if_shorter` has it.
//! - A client that dies takes nothing with it: half a request is not done, a whole one is.
//! - When the owner dies the data is gone, and each proxy gets an error.
//! - It trusts its clients: there is no limit on their number or on the length of a request, and
//!   whoever can open the socket is one. To check them: `listener_client_auth`.
//! - Between machines, or for data that stays, use a database: `db_queries`, or Redis.
//!
//! Python: `multiprocessing.Manager().list()`
//! Needs: `cargo add serde@1 -F derive`, `cargo add serde_json@1`
//! Demo needs: `cargo add anyhow@1 tempfile@3`
//! Runs on: Linux, macOS
//! Tested: `multiprocessing/tests/holder_killed.rs`,
//! `multiprocessing/tests/proof/manager_server.rs`
//!
//! ```console
//! $ cargo run -p multiprocessing --bin manager_server
//! 10 clients pushed 5 items each: the list has 50
//! one more if it is shorter than 50: false
//! ```

use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// What a client can ask for. Requests and answers are lines of JSON.
#[derive(Serialize, Deserialize)]
enum Request {
    Push(String),
    PushIfShorter(String, usize),
    Get(usize),
    Length,
}

/// Owns a list and serves it to all who connect, until accepting fails.
///
/// # Errors
/// That of accepting. Clients that are being served then are served on.
pub fn serve(listener: UnixListener) -> io::Result<()> {
    let list = Arc::new(Mutex::new(Vec::new()));
    loop {
        let (client, _) = listener.accept()?;
        let list = Arc::clone(&list);
        // It ends when the client hangs up, sends nonsense or dies: nobody else is affected.
        thread::spawn(move || serve_client(client, &list));
    }
}

fn serve_client(client: UnixStream, list: &Mutex<Vec<String>>) -> io::Result<()> {
    let mut reader = BufReader::new(&client);
    let mut line = String::new();
    while reader.read_line(&mut line)? > 0 {
        let request = serde_json::from_str(&line)?;
        let mut answer = answer(request, list)?;
        answer.push('\n');
        (&client).write_all(answer.as_bytes())?;
        line.clear();
    }
    Ok(())
}

fn answer(request: Request, list: &Mutex<Vec<String>>) -> serde_json::Result<String> {
    let mut list = list.lock().unwrap();
    match request {
        Request::Push(item) => {
            list.push(item);
            serde_json::to_string(&())
        }
        Request::PushIfShorter(item, length) => {
            let shorter = list.len() < length;
            if shorter {
                list.push(item);
            }
            serde_json::to_string(&shorter)
        }
        Request::Get(index) => serde_json::to_string(&list.get(index)),
        Request::Length => serde_json::to_string(&list.len()),
    }
}

/// The list of another process. Each method fails if that process has ended.
pub struct ListProxy {
    stream: BufReader<UnixStream>,
}

impl ListProxy {
    /// Connects to the process that serves at `path`.
    pub fn connect(path: &Path) -> io::Result<Self> {
        let stream = BufReader::new(UnixStream::connect(path)?);
        Ok(Self { stream })
    }

    /// Adds an item at the end.
    pub fn push(&mut self, item: &str) -> io::Result<()> {
        self.call(&Request::Push(item.to_owned()))
    }

    /// Adds an item if the list has fewer than `length`. Returns whether it did.
    pub fn push_if_shorter(&mut self, item: &str, length: usize) -> io::Result<bool> {
        self.call(&Request::PushIfShorter(item.to_owned(), length))
    }

    /// Returns a copy of the item at `index`, if there is one.
    pub fn get(&mut self, index: usize) -> io::Result<Option<String>> {
        self.call(&Request::Get(index))
    }

    /// Returns how many items there are.
    pub fn length(&mut self) -> io::Result<usize> {
        self.call(&Request::Length)
    }

    fn call<T: DeserializeOwned>(&mut self, request: &Request) -> io::Result<T> {
        let mut line = serde_json::to_string(request)?;
        line.push('\n');
        let stream = self.stream.get_mut();
        stream.write_all(line.as_bytes())?;
        let mut answer = String::new();
        if self.stream.read_line(&mut answer)? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        Ok(serde_json::from_str(&answer)?)
    }
}

// ---- Demo ----------------------------------------------------------------------------------

use std::env;
use std::process::Command;

fn main() -> anyhow::Result<()> {
    if let Some(path) = env::args_os().nth(1) {
        return push_five(Path::new(&path)); // this is a client
    }

    let folder = tempfile::tempdir()?; // only this user can go into it
    let path = folder.path().join("socket");
    let listener = UnixListener::bind(&path)?;
    thread::spawn(|| serve(listener)); // until this process ends

    let mut clients = Vec::new();
    for _ in 0..10 {
        let mut command = Command::new(env::current_exe()?);
        let client = command.arg(&path).spawn()?;
        clients.push(client);
    }
    for mut client in clients {
        client.wait()?;
    }

    let mut list = ListProxy::connect(&path)?;
    let length = list.length()?;
    println!("10 clients pushed 5 items each: the list has {length}");
    let pushed = list.push_if_shorter("one more", 50)?;
    println!("one more if it is shorter than 50: {pushed}");
    Ok(())
}

fn push_five(path: &Path) -> anyhow::Result<()> {
    let mut list = ListProxy::connect(path)?;
    for number in 0..5 {
        let item = format!("item {number}");
        list.push(&item)?;
    }
    Ok(())
}
