//! Every code with what `hilum explain` says about it. The document `docs/errors.md` is made from this table.

/// A code, its title and its explanation.
pub struct Code {
    /// Such as `E0104`.
    pub code: &'static str,
    /// A few words.
    pub title: &'static str,
    /// What it means and what to do.
    pub text: &'static str,
}

/// The entry of a code.
pub fn find(code: &str) -> Option<&'static Code> {
    CODES.iter().find(|c| c.code.eq_ignore_ascii_case(code))
}

macro_rules! codes {
    ($($code:literal $title:literal $text:literal)*) => { &[$(Code { code: $code, title: $title, text: $text },)*] };
}

/// All codes, in order.
pub static CODES: &[Code] = codes! {
    "E0001" "the file cannot be read"
        "The study's file, or a file it extends, does not exist, may not be read, or is not UTF-8."
    "E0002" "the file is not YAML"
        "The text breaks a rule of YAML. Often the indentation is off, a tab stands where spaces are due, or a colon lacks its space."
    "E0003" "a key stands twice"
        "Two equal keys in one map: one of them would silently win. Remove one."
    "E0004" "the file is too large or too deep"
        "Studies are small. A file above 16 MiB, more than 64 levels of nesting, or anchors that multiply into more than a million nodes are refused."
    "E0005" "a tag or a second document"
        "YAML tags (`!something`) and several documents in one file have no meaning in a study."
    "E0006" "not a finite number"
        "`.nan` and `.inf` are no values of any parameter."
    "E0007" "the wrong shape"
        "A map, a list or a text stands where another of them is due."
    "E0008" "a file cannot be extended"
        "`extends` names a file relative to the one it stands in; files that extend each other in a cycle are refused."
    "E0009" "`--set` does not read"
        "The form is `--set path.to.key=value`, such as `--set stages.classifier.with.epochs=5`."
    "E0010" "`--set` names no key of the study"
        "The path of `--set` must lead to a key that the study has or can have: one of the file, a stage of it, and a key of a stage. Otherwise it would add a key beside the one that is meant."
    "E0101" "an unknown key"
        "A file has the keys study, description, seed, extends, vars, stages, checks, report; a stage has stage, description, in, with, matrix, seed, expect, resources, retry."
    "E0102" "an unknown stage kind"
        "`hilum stages` lists the kinds."
    "E0103" "a key is missing"
        "A study needs `study` and `stages`; a stage needs `stage`; a study with random draws needs `seed`."
    "E0104" "an unknown parameter"
        "`hilum stages KIND` lists the parameters of a kind."
    "E0105" "a parameter is missing"
        "A parameter without a default must be given below `with`."
    "E0106" "a parameter has a wrong value"
        "The value is of the wrong type or out of range."
    "E0107" "a name is not allowed"
        "Names of studies, stages and axes are at most 100 lower-case letters, digits and hyphens and begin with a letter: `[a-z][a-z0-9-]*`."
    "E0108" "an unknown variable"
        "`$name` is an axis of the stage's matrix (or one it inherits) or an entry of `vars`. `$$` is a dollar."
    "E0109" "the seed is not usable"
        "A seed is a whole number from 0 to 2^63 - 1."
    "E0201" "an unknown stage"
        "A binding names a stage that the study does not have."
    "E0202" "an unknown output"
        "A binding names an output port that the stage's kind does not have."
    "E0203" "an unknown input"
        "`in` names an input port that the stage's kind does not have."
    "E0204" "an input is missing"
        "An input that the kind needs is not bound."
    "E0205" "the wrong type of artifact"
        "An output is bound to an input that carries another type."
    "E0206" "a list where one artifact is due"
        "This input takes exactly one artifact. Select one cell of a matrix, or gather into a port that takes several."
    "E0207" "an output that is not made"
        "The stage's parameters do not fill this output, such as the validation part of a split without `validation`."
    "E0208" "stages in a cycle"
        "Stages must not depend on each other in a cycle."
    "E0209" "an input that does not go with the parameters"
        "What is bound to an input does not go with the parameters of the stage, such as images of another size than the network takes, `source` for a generator that makes images from noise, or folds for a paired comparison."
    "E0301" "an unknown axis"
        "A binding selects or gathers an axis that the stage does not have."
    "E0302" "an unknown value of an axis"
        "The axis has no such value. Numbers may be spelt in any way: `1e-3` is `0.001`."
    "E0303" "axes that do not fit"
        "Two inputs have the same axis with different values. Restrict it by declaring it in `matrix`, or select a value."
    "E0304" "an axis is not usable"
        "An axis is a non-empty list of different numbers, words or truth values, each of at most 100 letters without `/`, `=`, `*`, `\\` and spaces. All axes together make at most 100,000 cells. The axis `repeat` takes whole numbers. `exclude` is no axis: it lists cells to leave out."
    "E0401" "a path leaves its directory"
        "Paths are `NAME:path` below a directory given by `--data NAME=DIR`, or relative to the file they stand in, and never lead out of it."
    "E0402" "an unknown data directory"
        "The study names a data directory that was not given: `--data NAME=DIR`."
    "E0403" "no such file or directory"
        "What a path names does not exist or may not be read."
    "E0404" "a path into what hilum wrote"
        "The store, the results and the private directory of a study are written by its runs and change with them: none is a source. What a study is to read of them, generated images or weights, is copied elsewhere first. Where such a directory lies below a path that a study names, the walk passes over it."
    "E0501" "a count did not come out"
        "`expect` states how many images of each label a stage must give. The run stops where it gives another number."
    "E0502" "resources or retry do not read"
        "`resources: { gpu: 1, memory: 8G, threads: 2 }`; `retry` is a whole number."
    "L0001" "trained on those it is tested on"
        "leakage.generator_trained_on_eval, or a classifier whose own training data holds patients of its test set: what is measured is memory, not skill. Train on other patients, or allow it with a reason, which the report prints."
    "L0002" "patients in several parts"
        "leakage.patient_overlap: images of one patient stand both in the training data and in the test data. Split by patient, or allow it with a reason, which the report prints."
    "L0003" "tested on synthetic images of training patients"
        "leakage.synthetic_in_eval: the test set holds synthetic images, and their generator was trained on patients that also reached the model. Test on real images. To judge synthetic images by a classifier, say `purpose: synthetic-quality` in `evaluate`, and train or test on synthetic images in place of the real ones of a class: such numbers are marked, and never compared with a test on patients."
    "L0004" "one picture on both sides of a test"
        "leakage.duplicate: images of the test set are equal to images of the training side, by their bytes or by their decoded greys, under another patient or from another import; or patients of the test set have an image of a patient of the training side, and are that patient. Remove the copies; where two imports number the same people, give both one `patients: NAME`."
    "L0005" "it is not said which pixels are meant"
        "images.ambiguous: two packs that are bound to one input hold the same image with different pixels. Name one pack for each image."
    "W0001" "a check is allowed that found nothing"
        "`checks.allow` names a finding that did not occur. Remove the entry, or look why it did not occur."
    "W0002" "test images look like training images"
        "leakage.near_duplicate: pairs of images, one on each side of a test, whose perceptual hashes are near and which correlate at 0.99 or more when laid over each other and agree in their fine structure: one picture that was compressed, resized or brightened again. `duplicates.csv` of `prepare` lists those within one pack."
    "W0003" "patients are unknown"
        "patients.unknown: an import does not say which patients its images are of, so that each image counts as a patient of its own, and a split by patient means nothing. Name a column, say `patient: { from: path, pattern: '…' }`, keep a directory per patient below each class, or state `patients: one-per-image` where that is so."
    "W0004" "two imports share patient identifiers"
        "patients.namespace: two imports of different directories have identifiers in common. They are taken for different people, as two hospitals that number from 1. Where they are the same people, such as in a `train` and a `test` directory of one registry, give both one `patients: NAME`; where they are not, give each a name of its own."
    "W0005" "a generator is unknown"
        "generator.unknown: imported images bear the mark of `hilum synthesize`, and this store does not know their generator, or no longer holds all that it was trained on. Nobody can say which patients they were made of."
    "W0006" "weights of whose training something is gone"
        "weights.unknown: a training begins with weights that this store made, and the store no longer holds all that they were trained on. What it still holds is checked; nobody can say who else reached them."
    "W0007" "an arm that adds nothing"
        "arms.equal: two cells of a training set hold the same rows, such as an arm that fills up classes of which none is short of images. What is trained on them is compared with itself."
};
