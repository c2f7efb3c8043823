//! The smaller subcommands.

use crate::space::{Space, root};
use serde_json::Value;

#[test]
fn init_lays_out_a_study_that_checks() {
    let space = Space::new();
    assert_eq!(space.hilum(&["init", "new"]).code, 0);
    assert_eq!(space.hilum(&["check", "new/study.yaml"]).code, 0);
    let again = space.hilum(&["init", "new"]);
    assert_eq!((again.code, again.err.lines().next().unwrap()), (2, "error: `new` is not empty"));
}

#[test]
fn power_says_what_a_study_could_show_and_writes_nothing() {
    let space = Space::tiny();
    let call = ["power", "study.yaml", "--simulations", "50"];
    let told = space.hilum(&call);
    assert_eq!(told.code, 0, "{}", told.err);
    for part in [
        "comparison: arm=",
        " in the test part and ",
        "this study finds a difference in AUROC of ",
        "  true difference  found",
        "false findings, in either direction",
        "networks that never err",
        "would be found with twice the patients in ",
        "Found is what `compare` calls better: the 95 % interval of the difference is on the better side of 0, and p by ",
        "assumed: AUROC of the arm that others are compared with is 0.",
    ] {
        assert!(told.out.contains(part), "{part}: {}", told.out);
    }
    assert!(!space.path(".hilum").exists() && !space.path("results").exists(), "it only reads");
    assert_eq!(told.out, space.hilum(&call).out, "the seed of the study draws the same studies again");
    let based = space.hilum(&[&call[..], &["--baseline", "auroc=0.9", "--network-correlation", "0.5"]].concat());
    assert!(
        based.out.contains("compared with is 0.900 (as `--baseline` says)") && based.out.contains("is 0.500 (as `--network-correlation` says)"),
        "{}",
        based.out
    );
    let none = space.hilum(&["power", "study.yaml", "--set", "stages.comparison.with.metric=ece"]);
    assert!(none.code == 0 && none.out.contains("comparison: cannot be answered by this design: the estimate of `ece` is biased"), "{}", none.out);
    let wrong = space.hilum(&["power", "study.yaml", "--only", "split"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.err.contains("`split` compares no arms"), "{}", wrong.err);
    let unreachable = space.hilum(&[&call[..], &["--baseline", "1.5"]].concat());
    assert!(unreachable.code == 0 && unreachable.out.contains("`--baseline` says 1.5"), "{}", unreachable.out);
}

#[test]
fn trace_leads_from_a_file_to_its_origin() {
    let space = Space::tiny();
    space.executed();
    let image = "results/tiny/synthetic/samples/images/00003.png";
    let told = space.hilum(&["trace", image]);
    assert_eq!(told.code, 0, "{}", told.err);
    for part in [
        "synthetic.samples images/00003.png   sha256:",
        "SYNTHETIC, not for diagnosis",
        "└─ synthetic (synthesize)",
        "└─ generator (train-gan)",
        "└─ split (split)",
        "└─ images (phantoms)",
    ] {
        assert!(told.out.contains(part), "{part}: {}", told.out);
    }
    let json: Value = serde_json::from_str(&space.hilum(&["trace", "comparison", "--json"]).out).unwrap();
    assert_eq!(json[0]["kind"], "compare");
    assert_eq!(space.hilum(&["trace", "nothing"]).code, 2);
}

#[test]
fn ls_show_report_and_gc() {
    let space = Space::tiny();
    space.executed();
    space.edit("epochs: 2", "epochs: 1");
    space.executed();
    let runs: Value = serde_json::from_str(&space.hilum(&["ls", "--json"]).out).unwrap();
    assert_eq!(runs["runs"].as_array().unwrap().len(), 2);
    let run = runs["runs"][0]["run"].as_str().unwrap();
    assert!(space.hilum(&["show", run]).out.contains("comparison finished, took"));
    let digest = &space.digests()["generator generator"];
    assert!(space.hilum(&["show", &digest[..14]]).out.contains("generator of generator (tiny)"));
    assert_eq!(space.hilum(&["report"]).code, 0);
    let html = space.read("report.html");
    assert!(
        !html.contains("http://") || html.matches("http://").count() == html.matches("http://www.w3.org/").count(),
        "the report must load nothing from the network"
    );
    assert!(html.contains("none: the study as it is written"), "a run says that it was at no scale");
    let answer = html.split("<section id=\"comparison\"").nth(1).unwrap().split("</section>").next().unwrap();
    let open = answer.split("<details").next().unwrap();
    assert!(open.contains("<table>") && open.contains("Δ "), "the comparison must be open, so that it is printed on paper, too");
    let dry = space.hilum(&["gc", "--keep-runs", "1", "--dry-run"]);
    assert!(dry.out.starts_with("would remove ") && !dry.out.starts_with("would remove 0"), "{}", dry.out);
    assert!(space.hilum(&["gc", "--keep-runs", "1"]).out.starts_with("removed "));
    assert!(space.executed().is_empty(), "what the newest run needs is kept");
    assert_eq!(space.hilum(&["verify"]).code, 0, "what was removed on purpose is not missing");
}

/// What every page must have: landmarks, headings without a gap, one style for print, and nothing that is fetched or run.
fn is_sound(html: &str) {
    for part in [
        "<html lang=\"en\">",
        "<title>",
        "<a class=\"skip\" href=\"#main\">",
        "<header>",
        "<main id=\"main\"",
        "<nav aria-labelledby=\"contents-title\">",
        "<footer>",
    ] {
        assert_eq!(html.matches(part).count(), 1, "{part}");
    }
    let at = |text: &str| html.find(text).unwrap_or_else(|| panic!("{text}"));
    let order = ["<header>", "<main", "<section id=\"answers\"", "<nav", "<div class=\"chapters\">", "<footer>"].map(at);
    assert!(order.is_sorted(), "the answer comes before the list of contents, and both before everything else: {order:?}");
    let mut level = 0;
    for heading in html.split("<h").skip(1).filter_map(|rest| rest.chars().next()?.to_digit(10)) {
        assert!(heading <= level + 1, "a heading of level {heading} stands below one of level {level}");
        level = heading;
    }
    for anchor in html.split("href=\"#").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(html.contains(&format!(" id=\"{anchor}\"")), "a link leads to `{anchor}`, which is not there");
    }
    for forbidden in ["<script", "javascript:", "<link", "<iframe", "src=\"http", "href=\"http", "url(http", "@import"] {
        assert!(!html.contains(forbidden), "{forbidden}");
    }
    let boxes = html.matches("<div class=\"scroll\"").count();
    assert_eq!(html.matches("<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"").count(), boxes, "wide tables scroll by keyboard");
    assert!(
        html.matches("<img").count() == html.matches("<img class=\"drawing\" alt=\"").count() + html.matches("<img alt=\"").count(),
        "a picture says what it shows"
    );
    let print = html.split("@media print").nth(1).unwrap();
    assert!(html.contains("prefers-color-scheme: dark"), "there is a dark scheme");
    for rule in [".screen { display: none; }", "td details:not([open]) { display: none; }", "(folded: in the HTML file)"] {
        assert!(print.contains(rule), "{rule}: what nobody reads on paper is not printed, and it is said where it is");
    }
    assert!(!print.contains("details-content"), "what is folded stays folded on paper");
    assert!(html.len() < 10 << 20, "{} bytes", html.len());
}

#[test]
fn a_report_begins_with_the_answer_and_may_be_without_images() {
    let space = Space::tiny();
    space.edit("seed: 7\n", "seed: 7\nscales: { ci: { stages: { classifier: { with: { epochs: 1 } } } } }\n");
    let cues = "  cues: { stage: shortcuts, in: { weights: classifier/arm=real/repeat=0, samples: split.test, images: pixels } }\n\n  comparison:\n";
    space.edit("  comparison:\n", cues);
    assert_eq!(space.hilum(&["run", "study.yaml", "--scale", "ci"]).code, 0);
    assert_eq!(space.hilum(&["report"]).code, 0);
    let html = space.read("report.html");
    is_sound(&html);
    let first = html.split("<nav").next().unwrap();
    for part in [
        "against real, AUROC ",
        "Tested on ",
        "ci, which is not the study in full",
        "Phantoms: the images of <code>images</code> are drawn by a program",
        "they mean nothing at all",
        "<dt>Checks</dt>",
    ] {
        assert!(first.contains(part), "{part}: {first}");
    }
    for chapter in ["comparison", "operating-points", "misjudged", "shortcuts", "population", "images", "flow", "parts", "checks", "origins", "stages", "study"]
    {
        assert!(html.contains(&format!("<section id=\"{chapter}\"")), "{chapter}");
    }
    assert!(html.contains("No test patient is in the training data: "));
    assert!(html.contains("</b>: Of an image of covid and one of normal, the classifier finds the right one in "), "in words");
    assert!(html.contains("All are of one source, which gives nothing away."));
    assert!(html.contains("data:image/png"), "by default, images are there");

    assert_eq!(space.hilum(&["report", "--without-images"]).code, 0);
    let without = space.read("report.html");
    is_sound(&without);
    assert!(!without.contains("data:image/png") && without.contains("data:image/svg+xml"), "drawings stay, pixels go");
    assert!(without.contains("samples during training are left out"));
}

#[test]
fn two_runs_stand_side_by_side() {
    let space = Space::tiny();
    space.executed();
    space.edit("epochs: 2", "epochs: 1");
    space.executed();
    let runs: Value = serde_json::from_str(&space.hilum(&["ls", "--json"]).out).unwrap();
    let [first, second] = [0, 1].map(|n| runs["runs"][n]["run"].as_str().unwrap().to_owned());
    let said = space.hilum(&["report", "--compare", &first, &second]);
    assert!(said.code == 0 && said.err.contains(" for runs "), "{}", said.err);
    let html = space.read("report.html");
    is_sound(&html);
    for part in [first.as_str(), &second, "<code>epochs</code>", "<section id=\"metrics\"", "<section id=\"parameters\""] {
        assert!(html.contains(part), "{part}");
    }
    assert_eq!(space.hilum(&["report", &first, "--compare", &first, &second]).code, 2);
    assert_eq!(space.hilum(&["report", "--compare", &first, "2020-01-01-000000-000000"]).code, 2);
}

#[test]
fn graphs_schema_stages_explain_doctor_completions() {
    let space = Space::tiny();
    for (format, part) in [("dot", "\"images\" -> \"pixels\";"), ("mermaid", "images --> pixels"), ("svg", ">classifier × 4<")] {
        assert!(space.hilum(&["graph", "study.yaml", "--format", format]).out.contains(part), "{format}");
    }
    let schema: Value = serde_json::from_str(&space.hilum(&["schema"]).out).unwrap();
    assert_eq!(schema["title"], "hilum study");
    assert!(space.hilum(&["stages"]).out.lines().count() >= 12);
    assert!(space.hilum(&["stages", "split"]).out.contains("* `train` (number, 0 to 1, optional): Share of the training part."));
    assert!(space.hilum(&["stages", "splitt"]).err.contains("`split`"));
    assert!(space.hilum(&["explain", "E0104"]).out.starts_with("E0104: an unknown parameter"));
    assert_eq!(space.hilum(&["explain", "E9999"]).code, 2);
    assert_eq!(space.hilum(&["doctor"]).code, 0);
    assert!(space.hilum(&["completions", "bash"]).out.contains("hilum"));
    let cuda = space.hilum(&["run", "study.yaml", "--device", "cuda"]);
    assert!(cuda.code == 2 && cuda.err.contains("`--device cuda`: "), "{}", cuda.err);
}

#[test]
fn the_studies_of_the_repository_check_and_read_back() {
    for entry in std::fs::read_dir(root().join("pipelines")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "yaml") {
            let space = Space::new();
            let said = space.hilum(&["check", path.to_str().unwrap()]);
            assert_eq!(said.code, 0, "{}", said.err);
            let resolved = space.hilum(&["plan", path.to_str().unwrap(), "--resolved"]).out;
            assert!(resolved.starts_with("description:") || resolved.contains("stages:"), "{resolved}");
        }
    }
}
