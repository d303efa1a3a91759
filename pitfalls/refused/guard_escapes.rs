//! Refused: a reference to what a lock protects outlives the lock.
//!
//! The lock is open again when the function returns, and the caller would read while others write.
//! The reference is borrowed from the guard, and the guard ends here.
//!
//! Python: `with self.lock: return self.names`; the caller gets the list itself, without the lock.
//! Error: ``error[E0515]: cannot return value referencing local variable `names` ``
//! Instead: return a copy, `names[0].clone()`, or take a closure to run under the lock.
//! Needs: nothing

use std::sync::Mutex;

fn first(names: &Mutex<Vec<String>>) -> &str {
    let names = names.lock().unwrap();
    &names[0] // REFUSED: E0515
}

fn main() {
    println!("{}", first(&Mutex::new(vec![String::from("ada")])));
}
