//! Fit and score many models on all cores, and get the same bits whatever the number of threads.
//!
//! Use it when one fit takes long and there are many settings to try. A job is one setting on one
//! fold; all of them run in parallel, the results stand in the order of the jobs, and the mean of a
//! setting is added up in that order. Two habits would spoil it. A generator of random numbers
//! for each thread, or one for all: what a job draws then depends on who ran before it, so each
//! job has a seed of its own, made from its number. And a parallel `sum` of floats: it adds in
//! another order, and floats round. A setting that diverges scores NaN or infinity and never wins.
//! A panic in a fit reaches the caller when the other jobs are done. A fit that runs on many
//! threads itself: one job at a time. For a machine that is not enough: `cluster_map`.
//!
//! Python: `GridSearchCV(n_jobs=-1)`; `Pool.map` over settings: forked workers share NumPy's seed.
//! Needs: `cargo add clap@4 -F derive`, `cargo add rayon@1`
//!
//! ```console
//! $ cargo run -p recipes --bin model_grid_search
//! 100 models, the best: rate 0.1, degree 3; mean error 0.003787
//! 1 of 1 workers at work at once; every score bit-equal: true
//! 2 of 2 workers at work at once; every score bit-equal: true
//! 8 of 8 workers at work at once; every score bit-equal: true
//! one generator for all: 0.005466 if this model draws first, 0.003769 if next
//! a sum of four floats: 1 in turn, 0 in parallel
//!
//! $ cargo run -p recipes --bin model_grid_search -- --folds 1
//! ? 2
//! error: invalid value '1' for '--folds <N>': 1 is not in 2..=100
//! ...
//! ```

use std::{collections::BTreeSet, process::ExitCode, time::Duration, time::Instant};
use std::{io::Write, io::stdout, sync::Condvar, sync::Mutex};

use clap::{Parser, value_parser};
use rayon::prelude::*;

/// Calls `score` for every setting on every fold, on all threads of the pool, and returns for each
/// setting, in order, what came of its folds, in order. `score` fits and tests one model: it gets
/// the setting, the number of the fold, and the seed for all that is random in it. It returns a
/// score for [`mean`], or whatever you want to know of a fit, such as a `Result`.
///
/// # Panics
/// With the panic of `score`, when the other jobs have ended.
pub fn grid_search<S: Sync, R: Send>(
    settings: &[S],
    folds: usize,
    seed: u64,
    score: impl Fn(&S, usize, u64) -> R + Sync,
) -> Vec<Vec<R>> {
    let jobs = (0..settings.len() * folds).into_par_iter().with_max_len(1); // a fit is never small
    let job = |job| score(&settings[job / folds], job % folds, job_seed(seed, job));
    let mut results = jobs.map(job).collect::<Vec<_>>().into_iter();
    settings
        .iter()
        .map(|_| results.by_ref().take(folds).collect())
        .collect()
}

/// The mean, added up in order, hence the same on each run. NaN if there are none.
pub fn mean(scores: &[f64]) -> f64 {
    scores.iter().sum::<f64>() / scores.len() as f64
}

/// The number of the smallest score, the first of equals. One that diverged (NaN or infinite)
/// never wins; `None` if there is no other.
pub fn best(scores: &[f64]) -> Option<usize> {
    let finite = scores
        .iter()
        .enumerate()
        .filter(|(_, score)| score.is_finite());
    Some(finite.min_by(|(_, a), (_, b)| a.total_cmp(b))?.0)
}

/// A seed for each job, from its number alone: no matter who runs it, and when.
pub fn job_seed(seed: u64, job: usize) -> u64 {
    random(&mut (random(&mut { seed }) ^ job as u64))
}

/// The next random number: SplitMix64, small and good enough. The crate `rand` has the others.
pub fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ *state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

#[derive(Parser)]
struct Args {
    /// Into how many folds the rows fall: each is the test of the others
    #[arg(long, value_name = "N", default_value_t = 5,
        value_parser = value_parser!(u8).range(2..=100))]
    folds: u8,

    /// Where the random numbers start
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let Args { folds, seed } = Args::parse();
    let (folds, mut out) = (usize::from(folds), stdout());
    let rows: Vec<_> = (0..200).map(|row| made_up(job_seed(!seed, row))).collect();
    let settings = [0.01, 0.1, 0.3, 4.0]
        .map(|rate| [1, 2, 3, 4, 5].map(|n| (rate, n)))
        .concat();
    let score = |&setting: &_, fold, seed| fit(&rows, folds, setting, fold, seed);
    let job = |job| score(&settings[job / folds], job % folds, job_seed(seed, job));
    let in_turn: Vec<_> = (0..settings.len() * folds).map(job).collect();
    let means: Vec<_> = in_turn.chunks(folds).map(mean).collect();
    let first = best(&means).ok_or("all diverged")?;
    let (n, (rate, degree), error) = (in_turn.len(), settings[first], means[first]);
    writeln!(
        out,
        "{n} models, the best: rate {rate}, degree {degree}; mean error {error:.6}"
    )?;

    let mut held = true;
    for workers in [1, 2, 8] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(workers)
            .build()?;
        let (here, came, start) = (Mutex::new(BTreeSet::new()), Condvar::new(), Instant::now());
        let score = |setting: &_, fold, seed| {
            let mut here = here.lock().unwrap(); // nothing panics under this lock
            here.extend(rayon::current_thread_index());
            came.notify_all(); // and nobody goes on before all are here
            let patience = Duration::from_secs(2).saturating_sub(start.elapsed());
            drop(came.wait_timeout_while(here, patience, |here| here.len() < workers));
            score(setting, fold, seed)
        };
        let scores = pool.install(|| grid_search(&settings, folds, seed, score));
        let means: Vec<_> = scores.iter().map(|folds| mean(folds)).collect();
        let bits = |score: &f64| score.to_bits();
        let same = scores
            .iter()
            .flatten()
            .map(bits)
            .eq(in_turn.iter().map(bits));
        let met = here.into_inner()?.len();
        writeln!(
            out,
            "{met} of {workers} workers at work at once; every score bit-equal: {same}"
        )?;
        held &= same && met == workers && best(&means) == Some(first);
    }

    let mut shared = seed;
    let [a, b] = [(); 2].map(|()| score(&settings[first], 0, random(&mut shared)));
    writeln!(
        out,
        "one generator for all: {a:.6} if this model draws first, {b:.6} if next"
    )?;
    let floats = [1e16, 1.0, -1e16, 1.0];
    let (sum, halves): (f64, f64) = (floats.iter().sum(), floats.par_iter().with_max_len(1).sum());
    writeln!(
        out,
        "a sum of four floats: {sum} in turn, {halves} in parallel"
    )?;
    held &= a != b && sum != halves;
    Ok(if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// A point on a curve of degree 3, and some noise.
fn made_up(mut seed: u64) -> (f64, f64) {
    let mut unit = || (random(&mut seed) >> 11) as f64 / (1_u64 << 52) as f64 - 1.0;
    let x = unit();
    (x, x * x * x - 0.5 * x + 0.1 * unit())
}

/// Fits a polynomial to the rows outside the fold, in small steps, each for a row drawn at random;
/// returns its mean squared error on the rows of the fold: those whose number leaves `fold` when
/// divided by `folds`.
fn fit(rows: &[(f64, f64)], folds: usize, how: (f64, usize), fold: usize, mut seed: u64) -> f64 {
    let (rate, mut weights) = (how.0, vec![0.0; how.1 + 1]);
    let value = |weights: &[f64], x| weights.iter().rev().fold(0.0, |sum, w| sum * x + w);
    for _ in 0..10 * rows.len() {
        let row = random(&mut seed) as usize % rows.len();
        if row % folds != fold {
            let (x, y) = rows[row];
            let mut step = rate * (y - value(&weights, x));
            weights
                .iter_mut()
                .for_each(|weight| (*weight, step) = (*weight + step, step * x));
        }
    }
    let test = rows.iter().skip(fold).step_by(folds);
    let errors = test.clone().map(|(x, y)| y - value(&weights, *x));
    errors.map(|error| error * error).sum::<f64>() / test.len() as f64
}
