//! Finds examples by words: what `cargo find` prints.
//!
//! A small search engine. A page is the header of an example, or the headers of both halves of a
//! pair. A query finds every page that has at least one of its words. The best page has the most
//! of them, rare words rather than frequent ones, and in its name rather than in its last lines.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use frostem::{Algorithm, Stemmer};

use crate::example::{Example, Package, all, workspace};

/// How many results there are at most.
const LIMIT: usize = 5;

// What a word weighs, by the part of the header in which it stands.
const NAME: f64 = 5.0;
const FIRST_LINE: f64 = 4.0;
const SYMPTOM: f64 = 3.0;
const PYTHON: f64 = 3.0;
const OTHER_LINES: f64 = 1.0;

/// The weight of a word that only begins like the one in the query, compared with the whole word.
const BEGINNING: f64 = 0.5;

/// The weight of two words side by side, compared with a word. It comes on top of their own.
const SIDE_BY_SIDE: f64 = 0.3;

/// Words that do not say what somebody is looking for. `don` and `t` are what is left of "don't".
const FILLERS: &str = "
    a an and are as at be bug but by can do does doesn don fix fixed for from get has have help
    how i if in into is isn issue it its my no not of on or please problem question s so t that
    the their then there they this to use used using was we what when where which while who why
    will with you your
";

/// Words that mean the same and have no stem in common. Each stands for the first of its line.
const SYNONYMS: [&str; 11] = [
    "config configuration settings",
    "crawl scrape spider",
    "cpu cpus processor",
    "ctrlc keyboardinterrupt sigint",
    "folder directory",
    "hang freeze froze frozen hung stuck unresponsive",
    "interleaved garbled jumbled mangled scrambled",
    "limit throttle",
    "recursive reentrant",
    "site website",
    "slow laggy sluggish",
];

/// All examples, and the files that the compiler refuses.
pub fn searchable() -> Result<Vec<Example>> {
    let mut examples = all(&workspace())?;
    let pitfalls = Package::load(&workspace().join("pitfalls"))?;
    examples.extend(pitfalls.refused);
    Ok(examples)
}

/// An example, or both halves of a pair.
#[derive(Clone, Debug)]
pub struct Found<'a> {
    /// The name of the example, or that of the pair.
    pub name: &'a str,
    pub examples: Vec<&'a Example>,
}

/// Finds examples among those that it was made of.
pub struct Finder<'a> {
    analyzer: Analyzer,
    pages: Vec<Page<'a>>,
}

struct Page<'a> {
    found: Found<'a>,
    /// The words of the page. Each has the weight of the best part in which it stands.
    weights: BTreeMap<String, f64>,
}

impl<'a> Finder<'a> {
    pub fn new(examples: &'a [Example]) -> Self {
        let analyzer = Analyzer::new();
        let mut pages = BTreeMap::new();
        for example in examples {
            let name = title(example);
            let page = pages.entry(name).or_insert_with(|| Page::new(name));
            page.found.examples.push(example);
            for (text, weight) in parts(example) {
                page.add(analyzer.analyze(&text), weight);
            }
        }
        Self {
            analyzer,
            pages: pages.into_values().collect(),
        }
    }

    /// Returns at most five examples or pairs that have a word of the query, the best one first.
    pub fn find(&self, query: &str) -> Vec<Found<'a>> {
        let query = self.analyzer.analyze(query);
        let mut scores = vec![0.0; self.pages.len()];
        let mut words_found = vec![0; self.pages.len()];
        for word in &query.words {
            for (page, weight) in self.matches(word) {
                scores[page] += weight;
                words_found[page] += 1;
            }
        }
        for two_words in &query.side_by_side {
            for (page, weight) in self.whole_matches(two_words) {
                scores[page] += weight * SIDE_BY_SIDE;
            }
        }

        let mut ranking = Vec::new();
        for (page, score) in scores.into_iter().enumerate() {
            if words_found[page] > 0 {
                let share = words_found[page] as f64 / query.words.len() as f64;
                ranking.push((page, score * share));
            }
        }
        ranking.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        ranking.truncate(LIMIT);
        let best = ranking.into_iter().map(|(page, _)| &self.pages[page]);
        best.map(|page| page.found.clone()).collect()
    }

    /// The pages that have the word, each with what it weighs there. Where no page has the whole
    /// word, these are the pages with a word that begins with it.
    fn matches(&self, word: &str) -> Vec<(usize, f64)> {
        let whole = self.whole_matches(word);
        if !whole.is_empty() {
            return whole;
        }
        self.weigh(|page| {
            let words = page.weights.iter();
            let longer = words.filter(|(other, _)| other.starts_with(word));
            let best = longer.map(|(_, weight)| *weight).reduce(f64::max);
            best.map(|weight| weight * BEGINNING)
        })
    }

    fn whole_matches(&self, word: &str) -> Vec<(usize, f64)> {
        self.weigh(|page| page.weights.get(word).copied())
    }

    /// The pages that have a weight. The fewer they are the more it counts, by the formula that
    /// the ranking function BM25 has for this.
    fn weigh(&self, weight: impl Fn(&Page) -> Option<f64>) -> Vec<(usize, f64)> {
        let mut matches = Vec::new();
        for (number, page) in self.pages.iter().enumerate() {
            if let Some(weight) = weight(page) {
                matches.push((number, weight));
            }
        }
        let with = matches.len() as f64;
        let without = self.pages.len() as f64 - with;
        let rarity = (1.0 + (without + 0.5) / (with + 0.5)).ln();
        for (_, weight) in &mut matches {
            *weight *= rarity;
        }
        matches
    }
}

impl<'a> Page<'a> {
    fn new(name: &'a str) -> Self {
        let examples = Vec::new();
        Self {
            found: Found { name, examples },
            weights: BTreeMap::new(),
        }
    }

    fn add(&mut self, terms: Terms, weight: f64) {
        for word in terms.words.into_iter().chain(terms.side_by_side) {
            let best = self.weights.entry(word).or_insert(weight);
            *best = best.max(weight);
        }
    }
}

/// The name of the example, or that of its pair.
fn title(example: &Example) -> &str {
    example.pair().unwrap_or(&example.name)
}

/// The parts of a header, each with what its words weigh.
fn parts(example: &Example) -> Vec<(String, f64)> {
    let mut parts = vec![
        (title(example).to_owned(), NAME),
        (example.first_line().to_owned(), FIRST_LINE),
        (example.package.clone(), OTHER_LINES),
    ];
    for (key, weight) in [("You see", SYMPTOM), ("Error", SYMPTOM), ("Python", PYTHON)] {
        if let Some(value) = example.key(key) {
            parts.push((value, weight));
        }
    }
    for line in example.header() {
        let is_command = line.starts_with("$ ");
        if !is_command {
            parts.push((line.to_owned(), OTHER_LINES));
        }
    }
    parts
}

/// The words of a text without its fillers, in the form in which words are compared.
#[derive(Default)]
struct Terms {
    /// A name such as `spawn_blocking` or `ThreadPool` is here in parts, and every two neighbors
    /// of its parts as one word.
    words: BTreeSet<String>,
    /// Two neighbors with a space between them, as one word: `thread pool` is `threadpool`.
    side_by_side: BTreeSet<String>,
}

struct Analyzer {
    stemmer: Stemmer,
    fillers: BTreeSet<&'static str>,
    /// From the stem of a word to the stem of the word for which it stands.
    synonyms: BTreeMap<String, String>,
}

impl Analyzer {
    fn new() -> Self {
        let mut analyzer = Self {
            stemmer: Stemmer::new(Algorithm::English),
            fillers: FILLERS.split_whitespace().collect(),
            synonyms: BTreeMap::new(),
        };
        for line in SYNONYMS {
            let stems = line.split(' ').map(|word| analyzer.stem(word));
            let stems: Vec<_> = stems.collect();
            for stem in &stems[1..] {
                analyzer.synonyms.insert(stem.clone(), stems[0].clone());
            }
        }
        analyzer
    }

    /// The words of a header or of a query.
    fn analyze(&self, text: &str) -> Terms {
        let words = split(text);
        let mut terms = Terms::default();
        for word in &words {
            if !self.is_filler(word) {
                let stem = self.stem(&word.letters);
                terms.words.insert(self.synonym(stem));
            }
        }
        for two in words.windows(2) {
            let both = self.stem(&two[0].letters) + &self.stem(&two[1].letters);
            if !two[1].after_space || self.synonyms.contains_key(&both) {
                terms.words.insert(self.synonym(both));
            } else if !self.is_filler(&two[0]) && !self.is_filler(&two[1]) {
                terms.side_by_side.insert(both);
            }
        }
        terms
    }

    fn is_filler(&self, word: &Word) -> bool {
        self.fillers.contains(word.letters.as_str())
    }

    /// The word without its ending and in American spelling: `cancelled` becomes `cancel`.
    ///
    /// Out come words that do not exist, such as `sorc` for `source`. They are found all the same,
    /// since the pages have gone through this as well.
    fn stem(&self, word: &str) -> String {
        let word = word.replace("our", "or");
        let word = word.replace("isa", "iza");
        let word = word.replace("ise", "ize");
        let word = word.replace("isi", "izi");
        self.stemmer.stem(&word).into_owned()
    }

    fn synonym(&self, stem: String) -> String {
        self.synonyms.get(&stem).cloned().unwrap_or(stem)
    }
}

struct Word {
    /// In lowercase.
    letters: String,
    after_space: bool,
}

fn split(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    for name in text.split_whitespace() {
        let mut after_space = true;
        for letters in split_name(name) {
            words.push(Word {
                letters,
                after_space,
            });
            after_space = false;
        }
    }
    words
}

/// Splits `snake_case`, `CamelCase`, `a::path`, `Arc<Mutex>` and `100%` in two words each.
fn split_name(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for letter in name.chars() {
        let begins_hump = before.is_lowercase() && letter.is_uppercase();
        if begins_hump || !letter.is_alphanumeric() || before == '%' {
            words.push(String::new());
        }
        if letter.is_alphanumeric() || letter == '%' {
            let word = words.last_mut().expect("never empty");
            word.extend(letter.to_lowercase());
        }
        before = letter;
    }
    words.retain(|word| !word.is_empty());
    words
}
