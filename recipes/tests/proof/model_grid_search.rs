use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use rayon::ThreadPoolBuilder;

#[path = "../../src/bin/model_grid_search.rs"]
#[allow(dead_code)]
mod program;
use program::{best, grid_search};

/// The model is its setting and a number that depends on the order of the training rows.
fn fit(setting: &f64, rows: &[&f64]) -> f64 {
    let mut sum = 0.0;
    for row in rows {
        sum = sum * setting + *row;
    }
    sum
}

fn loss(model: &f64, rows: &[&f64]) -> f64 {
    let mut sum = 0.0;
    for row in rows {
        sum += (model - *row).abs() / 3.0;
    }
    sum
}

/// The same as `grid_search`, in one loop.
fn one_after_the_other(settings: &[f64], rows: &[f64], folds: usize) -> Vec<f64> {
    let mut losses = Vec::new();
    for setting in settings {
        let mut sum = 0.0;
        for fold in 0..folds {
            let (test, training): (Vec<_>, Vec<_>) =
                (0..rows.len()).partition(|number| number % folds == fold);
            let training = Vec::from_iter(training.iter().map(|number| &rows[*number]));
            let test = Vec::from_iter(test.iter().map(|number| &rows[*number]));
            sum += loss(&fit(setting, &training), &test);
        }
        losses.push(sum / folds as f64);
    }
    losses
}

fn bits(losses: &[f64]) -> Vec<u64> {
    losses.iter().map(|loss| loss.to_bits()).collect()
}

#[test]
fn the_losses_are_bit_equal_for_any_number_of_threads() {
    let settings: Vec<f64> = (0..50).map(|n| f64::from(n) / 49.0).collect();
    let rows: Vec<f64> = (0..103).map(|n| 1.0 / f64::from(n + 1)).collect();
    let expected = one_after_the_other(&settings, &rows, 7);
    for threads in [1, 2, 8] {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build();
        let losses = pool
            .unwrap()
            .install(|| grid_search(&settings, &rows, 7, fit, loss));
        assert_eq!(bits(&losses), bits(&expected));
        assert_eq!(best(&losses), best(&expected));
    }
}

#[test]
fn losses_are_added_in_the_order_of_the_folds() {
    // In this order the sum is 1. The sum of the two halves is 0.
    let rows = [1e16, 1.0, -1e16, 1.0];
    let pool = ThreadPoolBuilder::new().num_threads(8).build().unwrap();
    let losses = pool.install(|| grid_search(&[()], &rows, 4, |_, _| (), |_, rows| *rows[0]));
    assert_eq!(losses, [0.25]);
}

#[test]
fn each_row_is_tested_once_by_a_model_that_has_not_seen_it() {
    let rows: Vec<usize> = (0..10).collect();
    let fit = |_: &(), rows: &[&usize]| rows.iter().map(|row| **row).collect::<BTreeSet<_>>();
    let loss = |seen: &BTreeSet<usize>, rows: &[&usize]| {
        let unseen = rows.iter().filter(|row| !seen.contains(row));
        assert_eq!(unseen.count(), rows.len());
        assert_eq!(seen.len() + rows.len(), 10);
        rows.len() as f64
    };
    let losses = grid_search(&[()], &rows, 3, fit, loss);
    assert_eq!(losses, [10.0 / 3.0]);
}

#[test]
fn the_folds_of_one_setting_are_fitted_side_by_side() {
    let pool = ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    let started = AtomicUsize::new(0);
    let start = Instant::now();
    let fit = |_: &(), _: &[&u8]| {
        started.fetch_add(1, Relaxed);
        while started.load(Relaxed) < 2 {
            assert!(start.elapsed() < Duration::from_secs(10), "it is alone");
            thread::yield_now();
        }
    };
    pool.install(|| grid_search(&[()], &[1, 2], 2, fit, |_, _| 0.0));
}

#[test]
fn what_is_not_finite_is_never_the_best_and_the_first_of_equals_is() {
    assert_eq!(
        best(&[f64::NAN, 3.0, -f64::NAN, 2.0, f64::NEG_INFINITY, 2.0]),
        Some(3)
    );
    assert_eq!(best(&[f64::NAN, f64::INFINITY]), None);
    assert_eq!(best(&[]), None);
}
