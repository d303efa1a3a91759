//! Fit and score a model for every setting on all cores, and find the best one: a grid search.
//!
//! Use it when one fit takes long and there are many settings to try. Each setting is scored by
//! cross-validation: the rows are divided into folds, and each fold is the test of a model that was
//! fitted to all the others. rayon runs all the fits of all settings side by side.
//!
//! - The scores are the same bits for any number of threads: each fit gets the same rows in the same
//!   order, and its losses are added up in the order of the folds, not in the order they end.
//! - A model with random numbers needs its seed in its setting. With one generator for all threads,
//!   the numbers that a fit gets would depend on the others.
//! - A setting that diverges has a loss of NaN or infinity, and is never the best.
//! - A model that uses all cores by itself: fit one after the other. A machine that is too small:
//!   `cluster_map`.
//!
//! Python: scikit-learn's `GridSearchCV(model, grid, cv=5, n_jobs=-1)`
//! Needs: `cargo add rayon@1`
//! Tested: `recipes/tests/proof/model_grid_search.rs`
//!
//! ```console
//! $ cargo run -p recipes --bin model_grid_search
//! 20 settings, 5 folds, 200 rows
//! the best: degree 3, rate 0.1, mean loss [..]
//! ```

use rayon::prelude::*;

/// Calculates the mean loss of each setting, on all threads of rayon's pool.
///
/// `fit` makes a model from a setting and the rows to learn from. `loss` says how far the model is
/// off on rows that it has not seen. Row n belongs to fold `n % folds`, so shuffle rows that are
/// sorted.
///
/// # Panics
/// If there are fewer than 2 folds, or fewer rows than folds. If `fit` or `loss` panics.
pub fn grid_search<S: Sync, R: Sync, M>(
    settings: &[S],
    rows: &[R],
    folds: usize,
    fit: impl Fn(&S, &[&R]) -> M + Sync,
    loss: impl Fn(&M, &[&R]) -> f64 + Sync,
) -> Vec<f64> {
    assert!(folds >= 2, "there must be rows to learn from");
    assert!(rows.len() >= folds, "there must be rows to test");
    let fit_and_test = |setting: &S, fold: usize| {
        let mut training = Vec::new();
        let mut test = Vec::new();
        for (number, row) in rows.iter().enumerate() {
            if number % folds == fold {
                test.push(row);
            } else {
                training.push(row);
            }
        }
        let model = fit(setting, &training);
        loss(&model, &test)
    };
    let mean_loss = |setting: &S| {
        let parallel_folds = (0..folds).into_par_iter();
        let losses = parallel_folds.map(|fold| fit_and_test(setting, fold));
        let losses: Vec<f64> = losses.collect(); // in the order of the folds
        losses.iter().sum::<f64>() / folds as f64
    };
    settings.par_iter().map(mean_loss).collect()
}

/// The index of the smallest loss, the first one of equals. `None` if there is no finite one.
pub fn best(losses: &[f64]) -> Option<usize> {
    let candidates = (0..losses.len()).filter(|index| losses[*index].is_finite());
    candidates.min_by(|a, b| losses[*a].total_cmp(&losses[*b]))
}

// ---- Demo ----------------------------------------------------------------------------------

#[derive(Debug)]
struct Setting {
    degree: usize,
    /// How far one step of the fit goes.
    rate: f64,
}

struct Point {
    x: f64,
    y: f64,
}

fn main() {
    let mut settings = Vec::new();
    for degree in 1..=5 {
        for rate in [0.01, 0.1, 0.3, 4.0] {
            settings.push(Setting { degree, rate });
        }
    }
    let points: Vec<Point> = (0..200).map(measure).collect();

    let losses = grid_search(&settings, &points, 5, fit_polynomial, mean_squared_error);
    println!("20 settings, 5 folds, 200 points");
    let diverged = losses.iter().filter(|loss| !loss.is_finite()).count();
    println!("{diverged} settings diverged");
    let best = best(&losses).expect("not all of them diverge");
    println!(
        "the best: {:?}, mean loss {:.6}",
        settings[best], losses[best]
    );
}

/// Stands for a measurement: a point near a curve of degree 3.
fn measure(number: u32) -> Point {
    let x = f64::from(number * 37 % 200) / 100.0 - 1.0;
    let noise = f64::from(number * 73 % 101) / 1010.0 - 0.05;
    let y = x * x * x - 0.5 * x + noise;
    Point { x, y }
}

/// Fits a polynomial in small steps, one for each point, and returns its coefficients.
fn fit_polynomial(setting: &Setting, points: &[&Point]) -> Vec<f64> {
    let mut coefficients = vec![0.0; setting.degree + 1];
    for _ in 0..100 {
        for point in points {
            let error = point.y - value_at(&coefficients, point.x);
            let mut step = setting.rate * error;
            for coefficient in &mut coefficients {
                *coefficient += step;
                step *= point.x;
            }
        }
    }
    coefficients
}

fn value_at(coefficients: &[f64], x: f64) -> f64 {
    let mut value = 0.0;
    for coefficient in coefficients.iter().rev() {
        value = value * x + coefficient;
    }
    value
}

fn mean_squared_error(coefficients: &Vec<f64>, points: &[&Point]) -> f64 {
    let mut sum = 0.0;
    for point in points {
        let error = point.y - value_at(coefficients, point.x);
        sum += error * error;
    }
    sum / points.len() as f64
}
