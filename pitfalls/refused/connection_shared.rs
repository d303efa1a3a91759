//! Refused: two threads share one database connection.
//!
//! A connection has one transaction and a cache without a lock. `rusqlite::Connection` is `Send`
//! but not `Sync`: it may move to another thread, and no two may use it.
//!
//! Python: `sqlite3.connect(path, check_same_thread=False)`; one thread's `commit()` commits what
//! the other has half done. (Without that argument: a `ProgrammingError`, at run time.)
//! Error: ``error[E0277]: `RefCell<rusqlite::inner_connection::InnerConnection>` cannot be shared
//! between threads safely``
//! Instead: a connection for each thread, or a pool of them: see `resource_pool`.
//! Needs: `cargo add rusqlite@0.39`

use std::sync::Arc;
use std::thread;

use rusqlite::Connection;

fn main() {
    let db = Arc::new(Connection::open("shop.db").unwrap());
    let theirs = Arc::clone(&db);
    let worker = thread::spawn(move || theirs.execute("DELETE FROM cart", [])); // REFUSED: E0277
    db.execute("UPDATE stock SET items = items - 1", []).unwrap();
    worker.join().unwrap().unwrap();
}
