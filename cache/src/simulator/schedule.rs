//! Schedules: what happens, drawn from a seed, and its reproduction where it goes wrong.

use super::Random;
use super::check;
use super::disk::Disk;
use super::fault::Fault;
use super::job::Job;
use super::model::Model;
use super::process::{self, World};
use super::turns::Turns;
use crate::Digest;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};

/// Threads for two simulated processes: what a process does in parallel, it does on its own.
pub(crate) struct Threads([rayon::ThreadPool; 2]);

impl Threads {
    pub(crate) fn new() -> Threads {
        Threads([0, 1].map(|_| rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap()))
    }
}

/// A store in use, with what it promised.
pub(crate) struct Schedule {
    base: PathBuf,
    disk: Option<Disk>,
    pub(crate) model: Mutex<Model>,
    clock: u64,
    random: Random,
    pub(crate) trace: Vec<String>,
    pub(crate) marks: BTreeSet<&'static str>,
}

impl Schedule {
    pub(crate) fn new(base: &Path, seed: u64) -> Schedule {
        fs::create_dir_all(base.join("private")).unwrap();
        let disk = Some(Disk::of(base));
        Schedule {
            base: base.to_path_buf(),
            disk,
            model: Mutex::default(),
            clock: 1_800_000_000_000,
            random: Random::of(seed),
            trace: vec![],
            marks: BTreeSet::new(),
        }
    }

    /// Draws and carries out a whole schedule.
    pub(crate) fn play(&mut self, threads: &Threads) {
        for _ in 0..1 + self.random.below(3) {
            let jobs: Vec<(Job, Option<Fault>)> = (0..1 + self.random.below(2)).map(|_| self.draw()).collect();
            self.round(threads, &jobs);
            if self.random.once_in(8) {
                self.rot();
            }
            let variant = self.random.below(3);
            self.recover(threads, variant);
        }
    }

    fn draw(&mut self) -> (Job, Option<Fault>) {
        let random = &mut self.random;
        let (job, within) = match random.below(10) {
            0..6 => (Job::Run { variant: random.below(3), stages: if random.once_in(3) { 1 + random.below(3) } else { 3 } }, 210),
            6..8 => (Job::Clean { runs: random.below(3) }, 40),
            8 => (Job::Verify, 12),
            _ => (Job::Read, 4),
        };
        (job, Fault::draw(random, within))
    }

    /// One or two processes at once, each with its fault, and what is found then.
    pub(crate) fn round(&mut self, threads: &Threads, jobs: &[(Job, Option<Fault>)]) {
        self.trace.push(format!("jobs: {jobs:?}"));
        if self.processes(threads, jobs, |job, base, model| {
            let done = job.perform(base, model);
            process::note(|| format!("{job:?}: {done:?}"));
        }) {
            self.trace.push("the power fails".into());
            self.model.lock().unwrap().power_fails();
            let before = check::stamps(&self.base);
            self.disk.as_mut().expect("a disk").lose_power(&mut self.random);
            check::noted(&self.base, &before);
        }
        self.processes(threads, &[(Job::Read, None)], |_, base, model| check::after_the_fault(base, model));
    }

    /// A run without faults, which has to find everything that was promised.
    pub(crate) fn recover(&mut self, threads: &Threads, variant: usize) {
        self.trace.push(format!("recovery, variant {variant}"));
        self.processes(threads, &[(Job::Run { variant, stages: 3 }, None)], |_, base, model| check::after_recovery(base, variant, model));
    }

    /// True if the power failed meanwhile.
    fn processes(&mut self, threads: &Threads, jobs: &[(Job, Option<Fault>)], work: impl Fn(Job, &Path, &Mutex<Model>) + Sync) -> bool {
        let world = Arc::new(World {
            disk: Mutex::new(self.disk.take().expect("a disk")),
            turns: Turns::of(jobs.len(), Random::of(self.random.next())),
            powerless: Default::default(),
            clock: self.clock.into(),
            trace: Mutex::new(std::mem::take(&mut self.trace)),
            marks: Mutex::default(),
        });
        let (base, model, work) = (&self.base, &self.model, &work);
        let ended = std::thread::scope(|scope| {
            let begun: Vec<_> = jobs
                .iter()
                .enumerate()
                .map(|(number, (job, fault))| {
                    let world = world.clone();
                    scope.spawn(move || threads.0[number].install(|| process::run(number, &world, *fault, || work(*job, base, model))))
                })
                .collect();
            begun.into_iter().map(|thread| thread.join().map(drop)).collect::<Vec<_>>()
        });
        let world = Arc::into_inner(world).expect("BUG: all processes have ended");
        self.clock = world.clock.into_inner() + 1000;
        self.disk = Some(world.disk.into_inner().unwrap());
        self.trace = world.trace.into_inner().unwrap();
        self.marks.append(&mut world.marks.into_inner().unwrap());
        ended.into_iter().for_each(|thread| thread.unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        world.powerless.load(Relaxed)
    }

    /// A bit of an object is flipped, as a failing disk does it: no time changes.
    pub(crate) fn rot(&mut self) {
        let mut objects: Vec<PathBuf> =
            walkdir::WalkDir::new(self.base.join("store/objects")).into_iter().filter_map(Result::ok).map(|e| e.into_path()).collect();
        objects.retain(|path| path.is_file() && path.metadata().is_ok_and(|stat| stat.len() > 0));
        objects.sort();
        if objects.is_empty() {
            return;
        }
        let path = &objects[self.random.below(objects.len())];
        let (shard, name) = (path.parent().unwrap().file_name().unwrap(), path.file_name().unwrap());
        let digest = Digest::from_hex(&format!("{}{}", shard.display(), name.display())).unwrap();
        self.trace.push(format!("a bit of {digest} is flipped"));
        self.model.lock().unwrap().rotten.insert(digest);
        let time = path.metadata().unwrap().modified().unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
        let file = fs::File::options().read(true).write(true).open(path).unwrap();
        let mut first = [0];
        file.read_exact_at(&mut first, 0).unwrap();
        file.write_all_at(&[first[0] ^ 1], 0).unwrap();
        file.set_modified(time).unwrap();
        file.set_permissions(fs::Permissions::from_mode(0o444)).unwrap();
        self.disk.as_mut().expect("a disk").settle();
    }
}

/// A directory in memory, where that is possible: only what the simulator remembers has to survive.
pub(crate) fn place() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap()
}

/// Plays a seed; if it fails, says how. Gives the marks that it reached.
pub(crate) fn play(seed: u64, threads: &Threads) -> Result<BTreeSet<&'static str>, String> {
    let base = place();
    let mut schedule = Schedule::new(base.path(), seed);
    match catch_unwind(AssertUnwindSafe(|| schedule.play(threads))) {
        Ok(()) => Ok(schedule.marks),
        Err(panic) => {
            let why = panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|why| why.to_string())).unwrap_or_default();
            Err(format!("seed {seed}: {why}\n{}\nagain: HILUM_SEED={seed} cargo test --release -p hilum-cache --lib -- schedules", schedule.trace.join("\n")))
        }
    }
}
