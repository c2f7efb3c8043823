//! `hilum power`: how large a difference a study can show, and how often its design would find it. `lines` says it in text, `json` in a
//! document.

mod json;
mod lines;

use super::{DONE, StudyArgs, open, plan, remark, say, wrong};
use crate::driver::{self, Device, Opened, Study};
use crate::pipeline::Pipeline;
use crate::pipeline::model::StageId;
use crate::plan::counts;
use crate::power::assumed::{Asked, Assumed};
use crate::power::design::{Design, comparisons, designs};
use crate::power::past::Past;
use crate::power::search::{Power, power as simulate};
use crate::power::{Effort, Unanswered};
use clap::Args;
use hilum_cache::{Ledger, StageKey, Store};
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::contract::seed::Seed;
use hilum_stages::records::Scores;
use std::collections::HashMap;

#[derive(Args)]
pub(super) struct PowerArgs {
    #[command(flatten)]
    study: StudyArgs,
    /// Only this comparison, or a cell of it; may be repeated
    #[arg(long, value_name = "STAGE")]
    only: Vec<String>,
    /// The value of the metric for the arm that others are compared with, such as 0.9 or auroc=0.9; may be repeated
    #[arg(long = "baseline", value_name = "[METRIC=]VALUE", value_parser = base)]
    base: Vec<(Option<String>, f64)>,
    /// By how much trainings of an arm differ: the standard deviation of the metric
    #[arg(long = "training-sd", value_name = "DEVIATION", value_parser = deviation)]
    between: Option<f64>,
    /// How alike two networks are: the correlation of the scores that they give one image
    #[arg(long = "network-correlation", value_name = "CORRELATION", value_parser = correlation)]
    alike: Option<f64>,
    /// How alike two images of a patient are: the correlation of their scores
    #[arg(long = "patient-correlation", value_name = "CORRELATION", value_parser = correlation)]
    within: Option<f64>,
    /// Assume the defaults, whatever earlier results in the store say
    #[arg(long)]
    no_past: bool,
    /// Simulated studies for each share; 600 have a standard error of 2 points at most
    #[arg(long, value_name = "N", default_value_t = 600, value_parser = clap::value_parser!(u32).range(50..=100_000))]
    simulations: u32,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

fn number(text: &str) -> Result<f64, String> {
    text.parse::<f64>().ok().filter(|v| v.is_finite()).ok_or_else(|| format!("`{text}` is not a number"))
}

fn base(text: &str) -> Result<(Option<String>, f64), String> {
    match text.split_once('=') {
        Some((metric, value)) => Ok((Some(metric.to_owned()), number(value)?)),
        None => Ok((None, number(text)?)),
    }
}

fn deviation(text: &str) -> Result<f64, String> {
    number(text).and_then(|v| if v >= 0.0 { Ok(v) } else { Err("a standard deviation is 0 or more".into()) })
}

fn correlation(text: &str) -> Result<f64, String> {
    number(text).and_then(|v| if (0.0..1.0).contains(&v) { Ok(v) } else { Err("a correlation is here from 0 to below 1".into()) })
}

/// What is said of a comparison.
type Answer = Result<Power, Unanswered>;

pub(super) fn power(args: &PowerArgs) -> anyhow::Result<u8> {
    let (study, record) = match open::study_and_record(&args.study, Store::open) {
        Ok(both) => both,
        Err(code) => return Ok(code),
    };
    let p = &study.pipeline;
    let wanted = wanted(&study, &args.only)?;
    let counts = match Opened::new(&study, record, false, open::devices(Device::Auto)?.engines) {
        Ok(opened) => plan::counts(&opened, &opened.plan()?)?,
        // Counting needs no data.
        Err(driver::Error::Rejected(why)) if why.diagnostics.iter().all(|d| d.code == "E0402") => counts::counts(p, &|_, _| Ok(None))?,
        Err(e) => return open::code(e),
    };
    let newest = if args.no_past { None } else { Some(Newest::of(&study)?) };
    let past = |design: &Design| newest.as_ref().and_then(|newest| newest.of_design(p, design));
    let asked = Asked { base: args.base.clone(), between: args.between, alike: args.alike, within: args.within };
    let effort = Effort { simulations: args.simulations as usize, seed: p.seed.unwrap_or(Seed(0)) };
    let mut all: Vec<Answer> = vec![];
    for design in designs(p, &counts, &wanted) {
        all.push(match design {
            Ok(design) => one(design, &asked, &past, effort)?,
            Err(why) => Err(why),
        });
    }
    let unused = |metric: &String| !all.iter().flatten().any(|a| a.design.measure.metric.name == metric.split('/').next().unwrap_or_default());
    if let Some(metric) = args.base.iter().filter_map(|b| b.0.as_ref()).find(|m| !all.is_empty() && unused(m)) {
        remark(format!("warning: no comparison that was answered has the metric `{metric}`, which `--baseline` names"));
    }
    if args.json {
        say(json::of(p, effort, &all))?;
    } else {
        lines::of(p, &all).iter().try_for_each(say)?;
    }
    Ok(DONE)
}

fn one(design: Design, asked: &Asked, past: &dyn Fn(&Design) -> Option<Past>, effort: Effort) -> anyhow::Result<Answer> {
    let found = past(&design);
    let assumed = match Assumed::of(&design, asked, found.as_ref()) {
        Ok(assumed) => assumed,
        Err(why) => return Ok(Err(why)),
    };
    Ok(simulate(design, assumed, effort, &|what| remark(format!("simulating {what}"))))
}

/// The comparisons that are asked about, all by default.
fn wanted(study: &Study, only: &[String]) -> anyhow::Result<Vec<StageId>> {
    let all = comparisons(&study.pipeline);
    if only.is_empty() {
        return Ok(all);
    }
    let mut found = vec![];
    for name in only {
        let of_name: Vec<StageId> = open::stages(study, name)?.into_iter().filter(|id| all.contains(id)).collect();
        if of_name.is_empty() {
            return Err(wrong(format!("`{name}` compares no arms: `hilum power` is about stages of the kind `compare`")).into());
        }
        found.extend(of_name.into_iter().filter(|id| !found.contains(id)).collect::<Vec<_>>());
    }
    Ok(found)
}

/// The newest results of a study that are in its store.
struct Newest {
    store: Store,
    ledger: Ledger,
    keys: HashMap<String, StageKey>,
}

impl Newest {
    fn of(study: &Study) -> anyhow::Result<Newest> {
        let (store, ledger) = driver::record(&study.workspace.store, Store::open)?;
        let keys = ledger.last_of_study(&study.pipeline.study);
        Ok(Newest { store, ledger, keys })
    }

    /// What its scores say of a comparison; none where not all are there. Scores that do not read are none.
    fn of_design(&self, p: &Pipeline, design: &Design) -> Option<Past> {
        let read = |(cell, stage): &(String, StageId)| {
            let outputs = self.ledger.outputs(self.keys.get(&p.stages[*stage].name)?)?;
            let artifact = outputs.values().find(|a| ArtifactType::Scores.is(a))?;
            Some((cell.clone(), Scores::read(&self.store.read(&artifact.digest).ok()?).ok()?))
        };
        Past::of(design, &design.cells.iter().map(read).collect::<Option<Vec<_>>>()?)
    }
}
