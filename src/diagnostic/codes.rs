//! Every code with what `hilum explain` prints about it. `docs/errors.md` is generated from this table.

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
        "The text is not valid YAML. Common causes are wrong indentation, tabs instead of spaces, and a colon without a space after it."
    "E0003" "a duplicate key"
        "A mapping has the same key twice: one would silently override the other. Remove one."
    "E0004" "the file is too large or too deep"
        "Studies are small. A file above 16 MiB, more than 64 levels of nesting, or anchors that multiply into more than a million nodes are refused."
    "E0005" "a tag or a second document"
        "YAML tags (`!something`) and several documents in one file have no meaning in a study."
    "E0006" "not a finite number"
        "No parameter accepts `.nan` or `.inf`."
    "E0007" "the wrong structure"
        "A mapping, a list or a text was found where another of them was expected."
    "E0008" "a file cannot be extended"
        "The path in `extends` is relative to the file that contains it. The file does not exist, or files extend each other in a cycle."
    "E0009" "`--set` is malformed"
        "The form is `--set path.to.key=value`, such as `--set stages.classifier.with.epochs=5`."
    "E0010" "`--set` names an unknown key"
        "The path of `--set` must name a key that the study has or may have: a key of the file, one of its stages, or a key of a stage. Otherwise a misspelt path would silently add a key."
    "E0011" "a control character"
        "Texts of a study may have tabs and several lines, but no other control characters, which can only be written as escapes in quotes, such as `\\u001b`. Labels, descriptions and reasons are shown in terminals and pages, which would act upon them."
    "E0101" "an unknown key"
        "A file has the keys study, description, seed, extends, scale, scales, vars, stages, checks, report; a stage has stage, description, in, with, matrix, seed, expect, resources, retry."
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
        "Names of studies, stages and axes consist of at most 100 lower-case letters, digits and hyphens and start with a letter: `[a-z][a-z0-9-]*`."
    "E0108" "an unknown variable"
        "`$name` must be an axis of the stage's matrix, an axis that the stage inherits, or an entry of `vars`. In `vars` itself, it must be another entry, as axes differ from stage to stage. Write `$$` for a dollar sign."
    "E0109" "an invalid seed"
        "A seed is a whole number from 0 to 2^63 - 1."
    "E0110" "variables in a cycle"
        "Entries of `vars` may use each other by `$name`, in any order, but not in a cycle."
    "E0111" "an unknown scale"
        "`scale`, or `--scale`, names one of the study's `scales`: a layer that changes sizes, epochs and the like, and is merged over the study as a file is over the one that it extends."
    "E0112" "an unknown preset"
        "`preset` names parameters that a kind keeps for a data set; `hilum stages KIND` lists them. It stands in the `with` of a stage, as a plain name: presets are laid below a study before variables and axes are replaced."
    "E0201" "an unknown stage"
        "A binding names a stage that the study does not have."
    "E0202" "an unknown output"
        "A binding names an output port that the stage's kind does not have."
    "E0203" "an unknown input"
        "`in` names an input port that the stage's kind does not have."
    "E0204" "an input is missing"
        "A required input is not bound."
    "E0205" "the wrong type of artifact"
        "An output is bound to an input of another type."
    "E0206" "a list where one artifact is expected"
        "This input takes exactly one artifact. Select one cell of the matrix, or gather into a port that takes several."
    "E0207" "an output that is not produced"
        "With its parameters, the stage does not produce this output, such as the validation part of a split without `validation`."
    "E0208" "stages in a cycle"
        "Stages must not depend on each other in a cycle."
    "E0209" "an input that does not match the parameters"
        "What is bound to an input does not match the parameters of the stage: images of another size than the network expects, `source` for a generator that samples from noise, folds in a paired comparison, or a reference that is none of the compared cells."
    "E0301" "an unknown axis"
        "A binding selects or gathers an axis that the stage does not have."
    "E0302" "an unknown value of an axis"
        "The axis has no such value. Numbers may be written in any form: `1e-3` is `0.001`."
    "E0303" "axes that do not match"
        "Two inputs have the same axis with different values. Restrict the axis by declaring it in `matrix`, or select a value."
    "E0304" "an invalid axis"
        "An axis is a non-empty list of distinct numbers, words or booleans, each of at most 100 characters, without `/`, `=`, `*`, `\\` or spaces. All axes together make at most 100,000 cells. The axis `repeat` takes integers. `exclude` is not an axis: it lists the cells to leave out."
    "E0401" "a path outside its directory"
        "A path is `NAME:path`, below a directory given by `--data NAME=DIR`, or relative to the directory of the study. It must not lead out of that directory."
    "E0402" "an unknown data directory"
        "The study uses a data directory that was not given. Pass `--data NAME=DIR`."
    "E0403" "no such file or directory"
        "The path does not exist, cannot be read, or names something else than a file or directory, such as a named pipe."
    "E0404" "a path into hilum's own output"
        "Runs write to the store, the results and the private directory of a study, so none of them can be an input. Copy generated images or weights elsewhere first. If one of these directories is inside a directory that a study names, it is skipped."
    "E0405" "a file that does not fit"
        "The contents of the file are not what the parameters say of it, or cannot be read: a table of images without a column that the import names; a table of a paper, a row or a column that it does not have; weights with another SHA-256, or without a tensor that the network needs. It is read before anything runs, so that no training is waited for in vain."
    "E0501" "an unexpected count"
        "counts.expect: `expect` states how many images of each label, and of how many patients, a stage must produce, and it has produced others. Nothing is computed from them, and nothing that was made is lost. Where other data are meant, allow `counts.expect` with a reason, or correct `expect`."
    "E0502" "invalid resources or retry"
        "Write `resources: { gpu: 1, memory: 8G, threads: 2 }`; `retry` is an integer from 0 to 100."
    "I0001" "mirrored X-rays"
        "aug.hflip_cxr: images are mirrored horizontally, as is usual for photographs. Of X-rays, it puts the heart on the right side. It is reported, and no fault."
    "L0001" "trained on test patients"
        "leakage.generator_trained_on_eval: the generator behind the training data, or the initial weights, were trained on patients of the test set. The test measures memorisation, not generalisation. Train on other patients, or allow it with a reason, which the report prints."
    "L0002" "patients in both training and test data"
        "leakage.patient_overlap: images of one patient are in both the training data and the test data. Split by patient, or allow it with a reason, which the report prints."
    "L0003" "tested on synthetic images of training patients"
        "leakage.synthetic_in_eval: the test set contains synthetic images whose generator was trained on patients that also reached the model. Test on real images. To assess synthetic images with a classifier, set `purpose: synthetic-quality` in `evaluate`, and train or test on synthetic images in place of the real ones of a class: such results are marked, and never compared with a test on patients."
    "L0004" "the same image in training and test data"
        "leakage.duplicate: images of the test set are identical to images of the training data, in their bytes or their decoded grey values, under another patient or from another import; or patients of the test set share an image with a patient of the training data, and are therefore treated as the same patient. Remove the copies. If two imports number the same people, give both the same `patients: NAME`."
    "L0005" "ambiguous pixels"
        "images.ambiguous: two packs that are bound to one input contain the same image with different pixels. Bind one pack per image."
    "L0006" "a choice made on the test set"
        "selection.on_test: the threshold or the temperature of an evaluation, or when a training stops and which of its weights are kept (`early_stop`, `plateau`, `keep: best`), would be chosen on patients of the test set; or inner folds of a nested cross-validation compare settings on patients whom the outer fold tests, which makes its numbers better than they are on new patients. Choose on a validation part of the split: `validation: split.validation`. To repeat a published study that did so, list this id in `checks.allow` with a reason."
    "L0007" "copies of images before a split by image"
        "leakage.augmented_before_split: images are copied by `augment`, and a split then deals out images one by one: copies of one image are in the training and in the test data. Split first and augment the training part, or split by patient. To repeat a published study that did so, list this id in `checks.allow` with a reason."
    "L0008" "test images were translated into training images"
        "leakage.parent_in_eval: the training data contains translations of test images. A translation keeps the anatomy of its original. Translate images of the training part only."
    "L0009" "arms on different test sets"
        "eval.unequal_test_sets: a comparison has arms that are tested on different images. The difference of two arms is then also that of two test sets, and no paired test is valid: `against` is refused. Test all arms on one test set."
    "L0010" "an unknown class"
        "metric.unknown_class: a comparison asks for a metric of a class that none of its networks is trained on, a stage asks its network for such a class (`class`, `positive`), or it asks for images of a class of which it is given none (`label`, `labels`, `take`, `times`, `from` and `to` of a network), so that it would fail in a run. Upper and lower case are different classes. It is found where the study says which labels there are, and else once the training sets are known, before anything is trained."
    "L0011" "features that are missing"
        "features.missing: a stage compares images by features, but no features of some of the images are bound to it, so that it would fail after all trainings. Compute the features of every table that it compares, in one stage or in several whose features are bound as a list."
    "W0001" "an allowed finding that did not occur"
        "`checks.allow` names a finding that did not occur. Remove the entry, or find out why it did not occur."
    "W0002" "test images look like training images"
        "leakage.near_duplicate: pairs of one training and one test image with similar perceptual hashes, a correlation of at least 0.99 after alignment, and the same fine structure: one image that was compressed, resized or brightened. `duplicates.csv` of `prepare` lists the pairs within one pack."
    "W0003" "patients are unknown"
        "patients.unknown: an import does not say which patient each image belongs to, so each image counts as a separate patient and a split by patient is meaningless. Name a column, use `patient: { from: path, pattern: '…' }`, keep one directory per patient below each class, or state `patients: one-per-image` if that is true."
    "W0004" "two imports share patient identifiers"
        "patients.namespace: two imports of different directories have patient identifiers in common. They are treated as different people, as in two hospitals that both number from 1. If they are the same people, as in a `train` and a `test` directory of one registry, give both the same `patients: NAME`; if not, give each its own name."
    "W0005" "a generator is unknown"
        "generator.unknown: imported images carry the mark of `hilum synthesize`, but this store does not know their generator, or no longer has all of its training data. It cannot be determined which patients the images derive from."
    "W0006" "weights with incomplete training data"
        "weights.unknown: training starts from weights that this store produced, but the store no longer has all of their training data. What remains is checked; which other patients reached the weights cannot be determined."
    "W0007" "an arm that adds nothing"
        "arms.equal: two cells of a training set contain the same rows, such as an oversampling arm with classes that are already balanced. Both arms train on identical data, so comparing them says nothing."
    "W0008" "a published table that contradicts itself"
        "reference.inconsistent: an audit of a published table found cells that do not follow from whole numbers of images or from the other cells. The audit says for each what it should be, and what may explain it. Do not quote such cells as they are printed."
    "W0009" "a choice made on training images"
        "selection.on_training: the threshold or the temperature of an evaluation would be chosen on patients that the classifier was trained on. Of these it is too sure, so that the choice does not suit new patients. Choose on a validation part of the split: `validation: split.validation`."
    "W0010" "settings compared on the test set alone"
        "selection.no_validation: several networks or settings are evaluated on one test set, and no validation images decide between them. Whichever is best there is so partly by chance, and will be worse on new patients. Choose on a validation part of the split, or report all."
    "W0011" "a small test set"
        "eval.small_n: a class of the test set has fewer than 100 patients. Its sensitivity is known only to the interval that the message says; small differences of arms cannot be shown."
    "W0012" "a metric that sees one side of the errors"
        "eval.one_sided_metric: a comparison names sensitivity, specificity, precision or NPV and nothing else. A classifier that calls every image positive has a sensitivity of 1. Show the other side, or AUROC, too."
    "W0013" "one training of each arm"
        "eval.single_seed: arms are compared that were trained once. Trainings of one arm differ by chance as arms may. Train each several times: `matrix: { repeat: [0, 1, 2] }`."
    "W0014" "the source tells the class"
        "confound.source_label: in a training set, class and source go together (Cramér's V above 0.3; 1 where each class has a source of its own). A network can tell classes apart by the marks of hospitals and machines, and is good on such test sets only. A stage `shortcuts` measures how much of an AUROC that is."
    "W0015" "synthetic images of one class"
        "synthetic.label_confounded: in a training set, the share of synthetic images differs between two classes by more than a half. A network can learn to recognise generated images in place of the finding. Pass images of the other classes through a generator as well, as a control."
    "W0016" "arms with different budgets"
        "compute.unequal_budget: arms of one network are trained for numbers of steps that differ by more than a tenth, as by the same epochs over training sets of different sizes. Give `steps`."
    "W0017" "a class that is not tested"
        "metric.undefined: a test set has no image of a class that the network was trained on. The sensitivity of that class, its AUROC and every mean over classes are undefined and stay empty; they are not zero."
    "W0018" "a class that one number tells"
        "confound.shortcut: one number of an image that says nothing of a finding, such as its darkest pixel or the mean of its border, tells a class from the others with an AUROC above 0.8, or synthetic images of a class from real ones. Sources that were digitised in different ways differ in such numbers, and a network may learn them in place of the finding. `shortcuts.csv` of the training lists them all. A stage `shortcuts` measures what the classifier loses without its border, or with equal grey levels."
    "W0019" "a training that ends too early"
        "compute.undertrained: the training loss still falls when the training ends, or has hardly fallen at all. Arms are then compared for how fast they learn. Train for more steps; it is judged from eight epochs on."
    "W0020" "synthetic images that repeat training images"
        "synthetic.memorised: a stage `memorisation` found synthetic images with the very pixels of a training image, as they are or mirrored; that show one though the pixels differ; or that lie nearer to training images than held-out images of other patients do, at its false discovery rate. Such images add nothing to a training, and may give away a patient. Copies are found beyond those that held-out images have, which no generator has copied. The table `pairs` of the stage lists every synthetic image beside its nearest training image."
    "W0021" "synthetic images that are told from real ones"
        "synthetic.c2st: a logistic regression on features tells synthetic images of a class from real ones that it was not fitted on, with an AUROC above 0.8 that lies three standard errors above 0.5 (classifier two-sample test). If one class has more synthetic images than another, a network may learn that in place of the class. `generative-quality` has the figure `c2st` of each extractor and class."
    "W0022" "synthetic images that are much alike"
        "synthetic.collapse: the generator makes much the same image again and again (mode collapse). Either synthetic images of a class are more alike by their mean MS-SSIM than 19 of 20 further sets of as many training images would be (column `limit` of `memorisation`; of fewer than three patients, where they differ less than half as much), or fewer than half as many real images of a class lie among synthetic ones as among other real ones, while synthetic images do lie among real ones (recall and precision of `generative-quality`). It is judged from 20 images on."
    "W0023" "real images that were trained on"
        "synthetic.on_training: synthetic images are compared with real ones that their generator was trained on, or by features of a classifier that was trained on the real ones. A generator that repeats its training images then has the best FID, KID and coverage there are, and in `memorisation`, held-out images that were trained on hide that others are repeated. Bind real images of other patients, such as the test part of the split that the generator was trained on. Published figures are often those of training images: then allow it, and do not compare them with others."
    "W0024" "copies of other training images"
        "synthetic.other_training: a stage `memorisation` compares synthetic images with a table of training images that lacks some of those that their generator was trained on. Copies of these would be taken for new images. Bind the table that the generator was trained on, or one that contains it, to `training`. It is found once the tables are known, before anything is trained; `hilum check` finds it without data."
    "W0025" "images whose pixels were prepared in different ways"
        "features.other_pixels: a stage compares features or pixels of images that were made square in different ways (`fit`), of which only some have their grey values stretched (`contrast_stretch` of `prepare` or `synthesize`), or of which some are augmented copies. Distances, FID and maps then show the preparation. Generated images count as prepared like those that their generator was trained on. Images of different sizes are refused. If the difference is what is studied, allow it with a reason."
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_order_and_explained_in_sentences() {
        assert!(CODES.is_sorted_by(|a, b| a.code < b.code), "in order, each once");
        for c in CODES {
            let is_code = c.code.len() == 5 && c.code.starts_with(['E', 'I', 'L', 'W']) && c.code[1..].bytes().all(|b| b.is_ascii_digit());
            assert!(is_code, "{} is not a letter and four digits", c.code);
            assert!(!c.title.is_empty() && !c.title.ends_with('.'), "{}: a title is a few words", c.code);
            assert!(c.text.ends_with('.'), "{}: an explanation is sentences", c.code);
            assert!(find(&c.code.to_lowercase()).is_some_and(|found| found.code == c.code), "{} is found in any case", c.code);
        }
        assert!(find("E9999").is_none() && find("").is_none());
    }
}
