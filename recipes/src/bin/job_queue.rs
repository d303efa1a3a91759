//! Queue jobs that outlive their workers: retries, dead letters, in a file or in Redis.
//!
//! Use it for work that must not be lost when a process ends: mails, thumbnails, imports. `push`
//! returns when the jobs are stored; any number of `work` processes do them, four at once each. The
//! queue is an SQLite file, for one machine, or Redis, where `REDIS_URL` says which: then start the
//! same command on every machine, with the same URL. The same code does both. A job that fails is
//! tried again after 1 s, then 2 s; after 3 `ATTEMPTS` it is a dead letter, which `list` shows as
//! `Killed`, with its error. A worker says every `BEAT`, a second here, that it lives; after three
//! without, another one takes over what it had. So a job is done **at least once**: twice if its
//! worker was killed before it noted the end, or only seemed dead. Make that harmless: `handle`
//! writes its file anew, as a whole. If yours adds a row or pays, add an argument for the job's
//! `TaskId`: a key for `INSERT ... ON CONFLICT DO NOTHING`, or an `Idempotency-Key`. A killed
//! worker costs each of its jobs an attempt, so a job that kills its workers ends up dead. At
//! Ctrl-C or SIGTERM a worker ends what it has, and from its next `BEAT` on takes nothing new. When
//! the database goes away, it exits with 2 and one line: let systemd or Docker restart it. Its jobs
//! wait. With a `DATABASE_URL` in the environment, build with `SQLX_OFFLINE=true`, or sqlx asks
//! that database for apalis's tables. How to start Redis, and what limits both: recipes/README.md.
//! Jobs for this process only, no store: `background_writer`. By the clock: `scheduled_tasks`.
//!
//! The demo kills a worker in the middle of 1.txt, and another one takes over; 7.txt is empty
//! twice; 20.txt does not exist. So 19 end in 22 attempts: 7.txt takes 3 of them, 1.txt takes 2.
//!
//! Python: celery with `acks_late`, `task_reject_on_worker_lost` and `autoretry_for`. By default it
//! loses the job of a killed worker, and it keeps no dead letters.
//! Needs: `cargo add anyhow@1 apalis-redis@1 md5@0.8`,
//! `cargo add apalis@1 --no-default-features -F limit`,
//! `cargo add apalis-sqlite@1 --no-default-features -F json,migrate,tokio`,
//! `cargo add clap@4 -F derive`, `cargo add serde@1 -F derive`,
//! `cargo add redis@1 --no-default-features -F connection-manager,script,tokio-comp`,
//! `cargo add sqlx@0.9 --no-default-features -F runtime-tokio`,
//! `cargo add tokio@1 -F full`, `cargo add tokio-util@0.7 -F rt`
//! Runs on: Linux, macOS
//! Tested: `recipes/tests/proof/job_queue.rs`
//!
//! ```console
//! $ cargo run -p recipes --bin job_queue -F jobs
//! killed one
//! stopped: 0
//! [..]/20.txt: attempt 1: No such file or directory (os error 2)
//! [..]/20.txt: attempt 2: No such file or directory (os error 2)
//! [..]/20.txt: attempt 3: No such file or directory (os error 2)
//! [..]/7.txt: attempt 1: the file is empty so far
//! [..]/7.txt: attempt 2: the file is empty so far
//! Pending: 0 jobs, 0 attempts
//! Queued: 0 jobs, 0 attempts
//! Running: 0 jobs, 0 attempts
//! Failed: 0 jobs, 0 attempts
//! Done: 19 jobs, 22 attempts
//! Killed: 1 jobs, 3 attempts
//!   "[..]/20.txt": Err("AbortError: No such file or directory (os error 2)")
//!
//! $ REDIS_URL=${REDIS_URL:-redis://127.0.0.1} cargo run -p recipes --bin job_queue -F jobs
//! killed one
//! stopped: 0
//! [..]/20.txt: attempt 1: No such file or directory (os error 2)
//! [..]/20.txt: attempt 2: No such file or directory (os error 2)
//! [..]/20.txt: attempt 3: No such file or directory (os error 2)
//! [..]/7.txt: attempt 1: the file is empty so far
//! [..]/7.txt: attempt 2: the file is empty so far
//! Pending: 0 jobs, 0 attempts
//! Queued: 0 jobs, 0 attempts
//! Running: 0 jobs, 0 attempts
//! Failed: 0 jobs, 0 attempts
//! Done: 19 jobs, 22 attempts
//! Killed: 1 jobs, 3 attempts
//!   "[..]/20.txt": Err("AbortError: No such file or directory (os error 2)")
//!
//! $ REDIS_URL=redis://me:secret@127.0.0.1:1 cargo run -p recipes --bin job_queue -F jobs -- work
//! ? 2
//! error: jobs: redis://127.0.0.1:1: Connection refused (os error [..])
//!
//! $ cargo run -p recipes --bin job_queue -F jobs -- push a.txt b.txt && \
//!   cargo run -p recipes --bin job_queue -F jobs -- list && rm jobs*
//! Pending: 2 jobs, 0 attempts
//! Queued: 0 jobs, 0 attempts
//! Running: 0 jobs, 0 attempts
//! Failed: 0 jobs, 0 attempts
//! Done: 0 jobs, 0 attempts
//! Killed: 0 jobs, 0 attempts
//! ```

use std::{env, fs::File, io, io::Write, path, process, process::Command, time, time::Duration};

use anyhow::{Result, anyhow, ensure};
use apalis::prelude::*;
use apalis_redis::{Client, Config as RedisConfig, RedisStorage};
use apalis_sqlite::{Config, SqliteConnectOptions, SqlitePool, SqliteStorage};
use redis::{AsyncTypedCommands, Script, aio::ConnectionManagerConfig as Connect};
use tokio::{select, signal::unix::SignalKind, signal::unix::signal, time::sleep, time::timeout};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

/// Attempts that a job has before it is dead: at most 25, where apalis-redis gives up itself.
const ATTEMPTS: usize = 3;
/// How long an attempt may take.
const TIME_LIMIT: Duration = Duration::from_secs(60);
/// How often a worker shows that it lives, the same for all of a queue, in whole seconds. On many
/// machines take 10 s or more: their clocks are compared.
const BEAT: Duration = Duration::from_secs(1);

/// A job, which the queue keeps as JSON: a file to compute the MD5 of.
#[derive(Clone, serde::Deserialize, serde::Serialize)]
pub struct Job(path::PathBuf);

/// Does a job: writes the MD5 of FILE to FILE.md5. An error: it is tried again, or dead. A panic is
/// an error. It runs as a task, which may wait or compute, but is canceled only where it waits.
pub async fn handle(Job(file): Job) -> Result<()> {
    let bytes = tokio::fs::read(&file).await?;
    ensure!(!bytes.is_empty(), "the file is empty so far");
    let line = format!("{:x}  {}\n", md5::compute(bytes), file.display());
    Ok(tokio::fs::write(file.with_added_extension("md5"), line).await?)
}

/// A queue of jobs. A clone is the same queue.
#[derive(Clone)]
pub enum Queue {
    Sqlite(SqliteStorage<Job>),
    Redis(RedisStorage<Job>),
}

/// Writes code for both backends once: their types differ, their methods do not.
macro_rules! either {
    ($queue:expr, $backend:pat => $code:expr) => {
        match $queue.clone() {
            Queue::Sqlite($backend) => $code,
            Queue::Redis($backend) => $code,
        }
    };
}

/// Opens the queue `name`: in Redis where the environment has a `REDIS_URL`, in which all its keys
/// begin with that name, or else the file of that name. Both hand out one job at a time, so that a
/// worker has none but those it runs.
pub async fn open(name: &str) -> Result<Queue> {
    let Ok(url) = env::var("REDIS_URL") else {
        let lock = File::create(format!("{name}-lock"))?;
        lock.lock()?; // apalis does not: the tables are made by one, whoever else starts
        let file = SqliteConnectOptions::new()
            .filename(name)
            .create_if_missing(true);
        let pool = SqlitePool::connect_with(file.pragma("journal_mode", "WAL")).await?;
        SqliteStorage::migrations().run(&pool).await?;
        sqlx::query(BACKOFF).execute(&pool).await?;
        let config = Config::default()
            .batch_size(1)
            .heartbeat_interval(BEAT)
            .missed_heartbeats(3);
        return Ok(Queue::Sqlite(SqliteStorage::new(&pool).with_config(config)));
    };
    let client = Client::open(url).map_err(|e| anyhow!("REDIS_URL: {e}"))?;
    let options = Connect::new()
        .set_number_of_retries(1)
        .set_response_timeout(Some(TIME_LIMIT));
    let db = client.get_connection_manager_with_config(options).await;
    let mut db = db.map_err(|e| anyhow!("redis://{}: {e}", client.get_connection_info().addr()))?;
    let config = RedisConfig::default().queue(name).batch_size(1);
    let config = config.heartbeat_interval(BEAT).missed_heartbeats(3);
    let (later, ready) = (config.scheduled_jobs_set(), config.active_jobs_list());
    Script::new(RELEASE)
        .key(later)
        .key(ready)
        .invoke_async::<()>(&mut db)
        .await?;
    Ok(Queue::Redis(RedisStorage::new(db).with_config(config)))
}

/// After the n-th failure a job waits n seconds. apalis-redis 1.0 knows no other wait,
/// apalis-sqlite 1.0 none at all.
const BACKOFF: &str = "CREATE TRIGGER IF NOT EXISTS backoff AFTER UPDATE ON Jobs WHEN NEW.status =
    'Failed' BEGIN UPDATE Jobs SET run_at = unixepoch() + NEW.attempts WHERE id = NEW.id; END";

/// Moves jobs that are due to those that are ready. Workers do the same, but apalis-redis 1.0 fails
/// for good if more than about 8000 are due at once.
const RELEASE: &str = "for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], 0, redis.call(
    'TIME')[1])) do redis.call('RPUSH', KEYS[2], id) redis.call('ZREM', KEYS[1], id) end";

/// Does jobs, four at once, until Ctrl-C or SIGTERM. Errs when the database goes away; what it had
/// is then taken over. Retries are left to the store: those of apalis's `retry` layer would be lost
/// with the process, and one that waits would keep it from ever stopping.
pub async fn work(queue: Queue) -> Result<()> {
    let name = format!(
        "{}-{}",
        process::id(),
        time::UNIX_EPOCH.elapsed()?.as_nanos()
    ); // used once
    let stopping = CancellationToken::new();
    either!(queue, backend => {
        let backend = backend.poll_with_interval(Duration::from_millis(100));
        let (told, worker) = (stopping.clone(), WorkerBuilder::new(name).backend(backend));
        // Only here is it sure not to be fetching. `pause` in the middle of that, maybe in a
        // transaction, would stop its heart too, and lock all others out.
        let worker = worker.concurrency(4).data(queue).on_event(move |worker, event| match event {
            Event::HeartBeat if told.is_cancelled() => drop(worker.pause()), // again: an error
            _ => {}
        });
        Ok(worker.build(attempt).run_with_ctx(move |it| stop(it, stopping.clone())).await?)
    })
}

/// Waits for a signal, then until the worker takes nothing new, then until it has nothing left.
async fn stop(worker: WorkerContext, stopping: CancellationToken) -> Result<(), WorkerError> {
    let (mut int, mut term) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    select! { _ = int.recv() => {} _ = term.recv() => {} }
    stopping.cancel();
    while !worker.is_paused() || worker.has_pending_tasks() {
        sleep(BEAT / 10).await;
    }
    sleep(BEAT).await; // a task counts as ended a moment before that is stored
    worker.stop()
}

/// One attempt at a job, `n` counted from 1 over all workers. What it returns is the job's fate:
/// `Done`; `Failed`, to be tried again; or, with an `AbortError`, `Killed`: dead.
async fn attempt(job: Job, id: TaskId, n: Attempt, queue: Data<Queue>) -> Result<(), BoxDynError> {
    let (n, file) = (n.current(), job.0.display().to_string());
    let work = async {
        ensure!(n <= ATTEMPTS, "every attempt took its worker down");
        if let Data(Queue::Redis(mut redis)) = queue {
            // SQLite counts an attempt when the job is taken over; apalis-redis 1.0 forgets it.
            let key = format!("{}:{id}", redis.get_config().job_meta_hash());
            redis.get_connection().hset(key, "attempts", n).await?;
        }
        AbortOnDropHandle::new(tokio::spawn(timeout(TIME_LIMIT, handle(job)))).await??
    };
    let Err(error) = work.await else {
        return Ok(());
    };
    eprintln!("{file}: attempt {n}: {error:#}");
    if n < ATTEMPTS {
        Err(error.into())
    } else {
        Err(AbortError::new(error).into())
    }
}

/// Writes the MD5 of files, as jobs in a queue. Without a command: a demo.
#[derive(clap::Parser)]
struct Args {
    /// Add jobs; do jobs, until Ctrl-C or SIGTERM; list how many there are, and the dead ones;
    /// clear the queue (in Redis only; in SQLite delete its files, NAME and NAME-*)
    #[arg(value_parser = ["push", "work", "list", "clear"])]
    command: Option<String>,

    /// The files to add jobs for: the MD5 of each goes to FILE.md5
    files: Vec<path::PathBuf>,

    /// The file of the queue, or, where REDIS_URL is set, the name that its keys begin with
    #[arg(long, value_name = "NAME", default_value = "jobs")]
    queue: String,
}

#[tokio::main]
async fn main() {
    let done = run(clap::Parser::parse())
        .await
        .inspect_err(|error| eprintln!("error: {error}"));
    process::exit(if done.is_ok() { 0 } else { 2 }) // to return would wait for calls that block
}

async fn run(
    Args {
        command,
        files,
        queue: name,
    }: Args,
) -> Result<()> {
    let Some(command) = command else {
        let sh = Command::new("sh")
            .args(["-c", DEMO])
            .arg(env::current_exe()?)
            .status()?;
        process::exit(sh.code().unwrap_or(1))
    };
    let queue = open(&name)
        .await
        .map_err(|error| anyhow!("{name}: {error}"))?;
    let jobs: Result<_, _> = files.iter().map(|f| path::absolute(f).map(Job)).collect();
    match (command.as_str(), &queue) {
        ("push", _) => either!(queue, mut backend => backend.push_bulk(jobs?).await?),
        ("work", _) => work(queue).await?,
        ("clear", Queue::Redis(redis)) => {
            let mut db = redis.clone().get_connection().clone();
            let keys = db.keys(format!("{name}:*")).await?;
            db.del(keys).await?;
            db.zrem("core:apalis:queues:list", format!("{name}:workers"))
                .await?;
        }
        _ => list(&queue).await?,
    }
    Ok(())
}

/// Prints how many jobs there are in each status, with their attempts, and what the dead died of.
async fn list(queue: &Queue) -> Result<()> {
    for status in ["Pending", "Queued", "Running", "Failed", "Done", "Killed"] {
        let all = Filter {
            status: status.parse().ok(),
            page: 1,
            page_size: Some(1 << 30),
        };
        let jobs = either!(queue, backend => backend.list_all_tasks(&all).await?);
        let attempts: usize = jobs.iter().map(|job| job.attempt()).sum();
        writeln!(
            io::stdout(),
            "{status}: {} jobs, {attempts} attempts",
            jobs.len()
        )?;
        for job in jobs.iter().filter(|_| status == "Killed") {
            let (id, job) = (job.task_id().cloned(), String::from_utf8_lossy(&job.args));
            let end: Vec<TaskResult<()>> = either!(queue, mut b => b.check_status(id).await?);
            writeln!(io::stdout(), "  {job}: {:?}", end[0].result())?;
        }
    }
    Ok(())
}

/// What one would type, `"$0"` being this program. Opening a pipe waits for the other side: 1.txt
/// is open when a worker is in the middle of reading it; 7.txt is empty as often as it is told to.
const DEMO: &str = r#"set -e; folder=$(mktemp -d); cd "$folder"; q=--queue=job_queue-${folder##*/}
trap '{ kill -9 $!; wait; "$0" clear $q; rm -r "$folder"; } > /dev/null 2>&1 || :' EXIT
trap 'exit 1' INT; mkfifo 1.txt 7.txt; for n in $(seq 2 6) $(seq 8 19); do echo $n > $n.txt; done
"$0" push $q 1.txt; "$0" work $q & exec 3> 1.txt; kill -9 $!; exec 3>&-; echo "killed one"
"$0" push $q $(seq -f %g.txt 2 20); "$0" work $q 2> log &
for n in 1 2; do true > 7.txt; until grep -q "/7.txt: attempt $n" log; do sleep 0.1; done; done
echo 7 > 7.txt; echo 1 > 1.txt; until [ $(cat *.md5 log | wc -l) -ge 24 ]; do sleep 0.1; done
kill $!; wait $!; echo "stopped: $?"; sort log; "$0" list $q; [ $(ls *.md5 | wc -l) = 19 ]"#;
