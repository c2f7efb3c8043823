//! Who reached the models of a run, from its receipts and tables: the patients and images that each was trained on, was chosen by, or
//! that its generators were trained on. What this run does not know is said. Independent of the page.

use super::artifacts::Known;
use super::material::Material;
use crate::lineage::{self, PatientsAndImages};
use crate::provenance::looked_up;
use hilum_cache::receipt::Artifact;
use hilum_cache::recipe::Input;
use hilum_cache::{Digest, Error, Receipt, Result};
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::contract::stage::Takes;
use hilum_stages::data::pack::Packed;
use hilum_stages::data::sample::{Origin, Sample};
use roaring::RoaringBitmap;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

/// Why something that reached a model is not known.
const FILE: &str = "training starts from the weights of a file";
const ELSEWHERE: &str = "a generator or other weights are not of this run";
const UNMARKED: &str = "synthetic images do not say which generator made them";
const UNREAD: &str = "a table of images cannot be read";

/// A table, and which of its rows count: those of these labels, or all; without the images that these lists say were left out.
type Place = (Digest, Option<Vec<String>>, Vec<Digest>);

/// Whom a table of images is of, or its rows of some labels.
#[derive(Default)]
pub(super) struct Contents {
    pub(super) all: PatientsAndImages,
    /// Real images of no known patient.
    pub(super) unknown: RoaringBitmap,
    /// Rows of synthetic images.
    pub(super) synthetic: usize,
    generators: BTreeSet<Digest>,
    /// What is not known of it.
    pub(super) open: BTreeSet<&'static str>,
}

/// Who reached a model.
#[derive(Clone, Default)]
pub(super) struct Reach {
    /// It was trained on these.
    pub(super) trained: PatientsAndImages,
    /// Its epochs or its thresholds were chosen by these.
    pub(super) chosen: PatientsAndImages,
    /// Generators of its images were trained on these.
    pub(super) generators: PatientsAndImages,
    /// Real images of no known patient among them.
    pub(super) unknown: RoaringBitmap,
    /// What else is not known.
    pub(super) open: BTreeSet<&'static str>,
}

/// By which way something reaches a model.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Way {
    Trained,
    Chosen,
    Generator,
}

impl Reach {
    /// All of it.
    pub(super) fn all(&self) -> PatientsAndImages {
        let mut all = self.trained.clone();
        all.add(&self.chosen);
        all.add(&self.generators);
        all
    }

    /// Adds all who reached another model, as where several are tested together.
    pub(super) fn join(&mut self, other: &Reach) {
        self.trained.add(&other.trained);
        self.chosen.add(&other.chosen);
        self.generators.add(&other.generators);
        self.unknown |= &other.unknown;
        self.open.extend(&other.open);
    }

    fn add(&mut self, way: Way, contents: &Contents) {
        let of_way = match way {
            Way::Trained => &mut self.trained,
            Way::Chosen => &mut self.chosen,
            Way::Generator => &mut self.generators,
        };
        of_way.add(&contents.all);
        self.unknown |= &contents.unknown;
        self.open.extend(&contents.open);
    }
}

/// The tables and networks of a run by their digests, and what is known of them by now.
pub(super) struct Run<'m> {
    m: &'m Material<'m>,
    tables: HashMap<Digest, &'m Artifact>,
    /// By the digests of their files as well: rows name a generator by its weights.
    networks: HashMap<Digest, &'m Known>,
    contents: HashMap<Place, Rc<Contents>>,
    /// Images that were left out as damaged, by the list of those that a stage looked up.
    left_out: HashMap<Digest, Rc<HashSet<Digest>>>,
    reaches: HashMap<Digest, Rc<Reach>>,
}

impl<'m> Run<'m> {
    /// All that the stages of a run made.
    ///
    /// # Errors
    /// If the list of an artifact's files cannot be read.
    pub(super) fn of(m: &'m Material<'m>) -> Result<Run<'m>> {
        let (mut tables, mut networks) = (HashMap::new(), HashMap::new());
        for known in m.facts.known(m.store)? {
            match known.kind {
                ArtifactType::Samples => drop(tables.insert(known.artifact.digest, &known.artifact)),
                kind if kind.is_network() => {
                    networks.insert(known.artifact.digest, known);
                    networks.extend(m.store.files(&known.artifact)?.into_iter().map(|file| (file.digest, known)));
                }
                _ => {}
            }
        }
        Ok(Run { m, tables, networks, contents: HashMap::new(), left_out: HashMap::new(), reaches: HashMap::new() })
    }

    /// The tables of images that came in at a port, or at all ports but one.
    pub(super) fn tables_of<'r>(&self, receipt: &'r Receipt, is_meant: impl Fn(&str) -> bool) -> Vec<(&'r str, Digest)> {
        let ports = receipt.recipe.inputs.iter().filter(|(port, _)| is_meant(port));
        ports.flat_map(|(port, input)| digests(input).into_iter().map(move |d| (port.as_str(), d))).filter(|(_, d)| self.tables.contains_key(d)).collect()
    }

    /// The networks that a stage was given.
    pub(super) fn networks_of(&self, receipt: &Receipt) -> Vec<Digest> {
        receipt.recipe.inputs.values().flat_map(digests).filter(|d| self.networks.contains_key(d)).collect()
    }

    /// Images without pixels in the packs that a stage was given: it skipped their rows. By the lists that name any.
    fn left_out(&mut self, receipt: &Receipt) -> Result<Vec<(Digest, Rc<HashSet<Digest>>)>> {
        let mut out = vec![];
        for list in receipt.recipe.inputs.values().filter_map(Input::list) {
            if !self.left_out.contains_key(list) {
                let pixels = match self.m.store.read(list) {
                    Err(Error::Missing(_)) => None,
                    bytes => looked_up(&bytes?),
                };
                let left_out = pixels.into_iter().flatten().filter(|(_, pixels)| *pixels == Packed::left_out()).map(|(image, _)| image).collect();
                self.left_out.insert(*list, Rc::new(left_out));
            }
            out.extend(self.left_out.get(list).filter(|images| !images.is_empty()).map(|images| (*list, images.clone())));
        }
        Ok(out)
    }

    /// Whom a table of this run is of: those of its rows that this stage took, which was given the table at this port.
    ///
    /// # Errors
    /// If it is damaged.
    pub(super) fn contents(&mut self, table: Digest, receipt: &Receipt, port: &str) -> Result<Rc<Contents>> {
        let labels = match lineage::taken(&receipt.recipe, port) {
            Takes::Labels(labels) => Some(labels),
            // Who took only some of the rows may have taken any.
            Takes::All | Takes::Some | Takes::Any => None,
        };
        let (lists, left_out): (Vec<Digest>, Vec<_>) = self.left_out(receipt)?.into_iter().unzip();
        let place: Place = (table, labels, lists);
        if let Some(known) = self.contents.get(&place) {
            return Ok(known.clone());
        }
        let people = self.m.facts.people(self.m.store)?;
        let mut out = Contents::default();
        let rows = match self.m.facts.tables.samples(self.m.store, self.tables[&table]) {
            Err(Error::Record { .. } | Error::Missing(_)) => {
                out.open.insert(UNREAD);
                Default::default()
            }
            rows => rows?,
        };
        let is_label = |label: &String| place.1.as_ref().is_none_or(|labels| labels.contains(label));
        let is_taken = |row: &&Sample| is_label(&row.label) && !left_out.iter().any(|images| images.contains(&row.image));
        for row in rows.iter().filter(is_taken) {
            let image = people.image(row.image);
            out.all.images.insert(image);
            // A synthetic image that was translated from that of a patient has the patient's token.
            if people.is_known(&row.patient) {
                out.all.patients.insert(people.patient(&row.patient));
            } else if row.origin == Origin::Real {
                out.unknown.insert(image);
            }
            if row.origin == Origin::Synthetic {
                out.synthetic += 1;
                out.open.extend(row.generator.is_none().then_some(UNMARKED));
            }
            out.generators.extend(row.generator);
        }
        let out = Rc::new(out);
        self.contents.insert(place, out.clone());
        Ok(out)
    }

    /// Who reached a model of this run.
    ///
    /// # Errors
    /// If a table is damaged.
    pub(super) fn of_model(&mut self, weights: Digest) -> Result<Rc<Reach>> {
        if let Some(known) = self.reaches.get(&weights) {
            return Ok(known.clone());
        }
        let (mut reach, mut queue, mut seen) = (Reach::default(), vec![(weights, Way::Trained)], BTreeSet::new());
        while let Some((network, way)) = queue.pop() {
            if !seen.insert((network, way == Way::Generator)) {
                continue;
            }
            let Some(known) = self.networks.get(&network).copied() else {
                reach.open.insert(ELSEWHERE);
                continue;
            };
            let receipt = self.m.facts.maker(known);
            reach.open.extend((!receipt.recipe.sources.is_empty()).then_some(FILE));
            for (port, table) in self.tables_of(&receipt, |_| true) {
                let contents = self.contents(table, &receipt, port)?;
                reach.add(if way == Way::Trained && port == VALIDATION { Way::Chosen } else { way }, &contents);
                queue.extend(contents.generators.iter().map(|generator| (*generator, Way::Generator)));
            }
            queue.extend(self.networks_of(&receipt).into_iter().map(|initial| (initial, way)));
        }
        let reach = Rc::new(reach);
        self.reaches.insert(weights, reach.clone());
        Ok(reach)
    }

    /// Adds those by whom an evaluation chose its thresholds or its temperature.
    ///
    /// # Errors
    /// If a table is damaged.
    pub(super) fn add_chosen(&mut self, reach: &mut Reach, receipt: &Receipt) -> Result<()> {
        for (port, table) in self.tables_of(receipt, |port| port != TESTED) {
            let contents = self.contents(table, receipt, port)?;
            reach.add(Way::Chosen, &contents);
        }
        Ok(())
    }
}

/// The port of the images that a model is tested on.
pub(super) const TESTED: &str = "samples";
/// The port of images by which a training is stopped, or its weights are chosen.
const VALIDATION: &str = "validation";

/// The artifacts that came in as they are; images that were looked up add no patient whom a table does not name.
pub(super) fn digests(input: &Input) -> Vec<Digest> {
    match input {
        Input::One(digest) => vec![*digest],
        Input::List(digests) => digests.clone(),
        Input::Gathered(cells) => cells.iter().map(|cell| cell.digest).collect(),
        Input::Lookup { .. } => vec![],
    }
}
