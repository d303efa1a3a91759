//! Fit and score a model for every setting on all cores, and find the best one: a grid search.
//!
//! Use it when one fit takes long and there are many settings to try. Each setting is scored by
//! cross-validation: the rows are divided into folds, and each fold is the test of a model that was
//! fitted to all the others. rayon runs all the fits of all settings side by side.
//!
//! - The scores are the same bits for any number of threads: each fit gets the same rows in the
//!   same order, and its losses are added up in the order of the folds, not in the order they end.
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
//!   1 neighbors: mean squared error 0.002457
//!   2 neighbors: mean squared error 0.002323
//!   5 neighbors: mean squared error 0.000952
//!  10 neighbors: mean squared error 0.000727
//!  20 neighbors: mean squared error 0.000862
//!  50 neighbors: mean squared error 0.001176
//! 100 neighbors: mean squared error 0.003254
//! 200 neighbors: mean squared error 0.011779
//! the best: 10 neighbors
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

fn main() {
    let points: Vec<Point> = (0..500).map(measure).collect();
    let settings = [1, 2, 5, 10, 20, 50, 100, 200];
    let losses = grid_search(&settings, &points, 5, fit, mean_squared_error);

    for (neighbors, loss) in settings.iter().zip(&losses) {
        println!("{neighbors:>3} neighbors: mean squared error {loss:.6}");
    }
    let best = best(&losses).expect("there are finite losses");
    println!("the best: {} neighbors", settings[best]);
}

#[derive(Clone, Copy)]
struct Point {
    x: f64,
    y: f64,
}

/// Stands for a measurement: a point near a curve.
fn measure(number: u32) -> Point {
    let x = f64::from(number * 37 % 500) / 500.0;
    let noise = f64::from(number * 73 % 101) / 101.0 - 0.5;
    let y = x * x * x - 0.5 * x + 0.1 * noise;
    Point { x, y }
}

/// Predicts the mean of the points that are nearest.
struct NearestNeighbors {
    neighbors: usize,
    points: Vec<Point>,
}

fn fit(neighbors: &usize, points: &[&Point]) -> NearestNeighbors {
    NearestNeighbors {
        neighbors: *neighbors,
        points: points.iter().map(|point| **point).collect(),
    }
}

impl NearestNeighbors {
    fn predict(&self, x: f64) -> f64 {
        let mut points = self.points.clone();
        let distance = |point: &Point| (point.x - x).abs();
        points.sort_by(|a, b| distance(a).total_cmp(&distance(b)));
        let nearest = points.iter().take(self.neighbors);
        nearest.map(|point| point.y).sum::<f64>() / self.neighbors as f64
    }
}

fn mean_squared_error(model: &NearestNeighbors, points: &[&Point]) -> f64 {
    let mut sum = 0.0;
    for point in points {
        let error = point.y - model.predict(point.x);
        sum += error * error;
    }
    sum / points.len() as f64
}
