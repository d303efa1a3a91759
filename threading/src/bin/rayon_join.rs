//! Divide and conquer with `rayon::join`: quicksort, with both halves sorted at the same time.
//!
//! Use it where a problem splits into two independent parts. `join` runs the first closure and
//! offers the second one to the other threads of the pool. If no thread has taken it by then,
//! `join` runs it too, so even a pool with one thread is enough.
//!
//! - The borrow checker sees that the halves do not overlap, so no lock is needed.
//! - Do not split small parts further: a `join` is cheap, but a comparison is cheaper.
//! - A panic in one half reaches the caller when the other half has ended.
//! - To sort, use `par_sort_unstable`. For one function and many items: `rayon_map`.
//!
//! Python: two `submit` that each wait in the same pool, which hangs when all workers wait
//! Needs: `cargo add rayon@1`
//! Tested: `threading/tests/proof/rayon_join.rs`
//!
//! ```console
//! $ cargo run -p threading --bin rayon_join
//! 100000 numbers, sorted: true
//! the smallest: [0, 1, 2], the largest: 99999
//! ```

/// Sorts `items`, on the threads of rayon's pool.
///
/// # Panics
/// If a comparison panics. The items are then all there, in no particular order.
pub fn quicksort<T: Ord + Send>(items: &mut [T]) {
    if items.len() <= 1000 {
        items.sort_unstable();
        return;
    }
    let middle = items.len() / 2;
    let (smaller, _median, larger) = items.select_nth_unstable(middle);
    rayon::join(|| quicksort(smaller), || quicksort(larger));
}

// ---- Demo ----------------------------------------------------------------------------------

fn main() {
    // Multiples of a prime, modulo the number of items: each number once, well mixed.
    let mut numbers: Vec<u64> = (0..100_000).map(|n| n * 7919 % 100_000).collect();

    quicksort(&mut numbers);

    println!("100000 numbers, sorted: {}", numbers.is_sorted());
    println!(
        "the smallest: {:?}, the largest: {}",
        &numbers[..3],
        numbers[99_999]
    );
}
