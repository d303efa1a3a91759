//! What the silent no-ops do, on every schedule: the broken halves nothing, the fixed ones all.

extern crate shuttle_tokio as tokio;
extern crate std_model as std;

use std::sync::Mutex;

use models::outcomes;

models::examples! {
    noop_future_never_polled_broken: "../../pitfalls/src/bin/noop_future_never_polled_broken.rs",
    noop_future_never_polled_fixed: "../../pitfalls/src/bin/noop_future_never_polled_fixed.rs",
    noop_lazy_chain_broken: "../../pitfalls/src/bin/noop_lazy_chain_broken.rs",
    noop_lazy_chain_fixed: "../../pitfalls/src/bin/noop_lazy_chain_fixed.rs",
}

/// How many of three rows were saved.
macro_rules! saved {
    ($half:ident) => {
        outcomes(|| {
            let mut table = Vec::new();
            let save_all = $half::save_all(&mut table, &["ada", "grace", "edsger"]);
            shuttle::future::block_on(save_all).unwrap();
            table.len()
        })
    };
}

#[test]
fn noop_future_never_polled() {
    assert_eq!(saved!(noop_future_never_polled_broken), [0].into());
    assert_eq!(saved!(noop_future_never_polled_fixed), [3].into());
}

/// How many of three pictures were uploaded.
macro_rules! uploaded {
    ($half:ident) => {
        outcomes(|| {
            let server = Mutex::new(Vec::new());
            let upload_all = $half::upload_all(&server, &["sea.png", "sky.png", "sun.png"]);
            shuttle::future::block_on(upload_all);
            server.lock().unwrap().len()
        })
    };
}

#[test]
fn noop_lazy_chain() {
    assert_eq!(uploaded!(noop_lazy_chain_broken), [0].into());
    assert_eq!(uploaded!(noop_lazy_chain_fixed), [3].into());
}
